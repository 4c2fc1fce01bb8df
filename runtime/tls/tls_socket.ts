/**
 * The state of one socket that speaks TLS: its connection, what waits in both directions, its place in epoll.
 *
 * In: written by TlsOs, which has the rules. Out: the events that the kernel is to report, and the memory that it
 * holds.
 */

import { EPOLLERR, EPOLLIN, EPOLLOUT } from "../os/mod.ts";
import type { HelloGuard } from "./hello_guard.ts";
import type { TlsConnection } from "./tls_connection.ts";

/**
 * Memory of a handshake that has begun, measured by mallinfo2: 55 KiB; after the server's answer 45, and 15 at the end,
 * with what OpenSSL keeps of the ClientHello.
 */
const HANDSHAKE_BYTES = 56 * 1024;
/** For each byte that was read OpenSSL needs up to so many, measured with messages of up to 100 KB. */
const BYTES_PER_BYTE = 3;
/** OpenSSL's memory for a record that has not arrived to its end. */
const RECORD_BYTES = 17 * 1024;
/** The outcome of a socket that is not at its end. */
export const OPEN = 1;

type Bytes = Uint8Array<ArrayBuffer>;

/** The state of one socket. */
export class TlsSocket {
  readonly descriptor: number;
  /** Null until the first byte has arrived. */
  connection: TlsConnection | null = null;
  /** The handshake is done. */
  isOpen = false;
  /** What each further read returns, 0 or a negated errno; {@link OPEN}: it may return bytes. */
  outcome = OPEN;
  /** The subject of the client's certificate; "" if it has none or is not asked. */
  clientSubject = "";
  /** Received, and not decrypted yet: comes before what the kernel has. */
  received: Bytes | null = null;
  /** Bytes of memory that a client's certificate may take, beyond those of any handshake. */
  certificateBytes = 0;
  /** Judges what the client sends before the handshake is done. */
  guard: HelloGuard | null = null;
  /** Records without data since the last one that had some. */
  idleRecords = 0;
  /** Bytes that OpenSSL has read and that have yielded no data, since the last data or the end of the handshake. */
  idleBytes = 0;
  /** Ciphertext that the socket did not take; sent before anything else. */
  left: Bytes | null = null;
  /** Bytes of plaintext that are encrypted, and whose caller was told that they were not sent. */
  debt = 0;
  /** Some of the ciphertext that is left has no caller who would send the rest. */
  isStuck = false;
  /** When the socket began to be stuck, or has taken something of what is left. */
  stuckSince = 0;
  /** A read would return something although the kernel does not report the socket. */
  isReadable = false;
  /** Of {@link heldBytes}, what the worker's sum contains. */
  countedBytes = 0;
  // Its registration in epoll, as the caller asked for it; epoll -1: none.
  epoll = -1;
  events = 0;
  generation = 0;
  /** What the kernel was told to report. */
  toldEvents = 0;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /** What the kernel is to report, by what the caller wants and TLS needs. */
  get realEvents(): number {
    // While the peer does not take our replies, nothing is read that might need another one.
    if (this.isStuck) return EPOLLOUT;
    return this.isOpen ? this.events : this.events & ~EPOLLOUT;
  }

  /** What is to be reported although the kernel does not; 0: nothing. */
  get ownEvents(): number {
    if (!this.isReadable || this.isStuck || this.epoll < 0) return 0;
    // As the kernel does, errors are reported whatever the interest is.
    return this.outcome < 0 ? EPOLLIN | EPOLLERR : this.events & EPOLLIN;
  }

  /** Bytes of memory beyond those that every open connection has. */
  get heldBytes(): number {
    return this.#connectionBytes + sizeOf(this.left) + sizeOf(this.received);
  }

  get #connectionBytes(): number {
    if (this.connection === null) return 0;
    if (this.isOpen) return this.idleBytes > 0 ? RECORD_BYTES : 0;
    return HANDSHAKE_BYTES + BYTES_PER_BYTE * this.idleBytes + this.certificateBytes;
  }

  /** The kernel did not take these bytes, which are copied. */
  keep(bytes: Bytes): void {
    const before = this.left ?? new Uint8Array(0);
    const both = new Uint8Array(before.length + bytes.length);
    both.set(before);
    both.set(bytes, before.length);
    this.left = both;
  }
}

/** A view holds all of its buffer. */
function sizeOf(view: Bytes | null): number {
  return view === null ? 0 : view.buffer.byteLength;
}
