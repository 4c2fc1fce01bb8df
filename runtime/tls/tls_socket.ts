/**
 * The state of one socket that speaks TLS: its connection, its unsent ciphertext, its registration in epoll.
 *
 * In: written by TlsOs, which has the rules. Out: the events that the kernel is to report.
 */

import { EPOLLOUT } from "../os/mod.ts";
import type { TlsConnection } from "./tls_connection.ts";

/** The state of one socket. */
export class TlsSocket {
  readonly descriptor: number;
  /** Null until the first byte has arrived. */
  connection: TlsConnection | null = null;
  /** The handshake is done. */
  isOpen = false;
  /** The subject of the client's certificate; "" if it has none or is not asked. */
  clientSubject = "";
  /** Ciphertext that the socket did not take; sent before anything else. */
  left: Uint8Array<ArrayBuffer> | null = null;
  /** Bytes of plaintext that are encrypted, and whose caller was told that they were not sent. */
  debt = 0;
  /** A read would return something although the kernel does not report the socket. */
  isReadable = false;
  /** It is in the list of sockets that may be readable. */
  isListed = false;
  // Its registration in epoll, as the caller asked for it; epoll -1: none.
  epoll = -1;
  events = 0;
  generation = 0;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /** What the kernel is to report, by what the caller wants and TLS needs. */
  get realEvents(): number {
    const ours = this.left !== null && this.debt === 0 ? EPOLLOUT : 0;
    return (this.isOpen ? this.events : this.events & ~EPOLLOUT) | ours;
  }

  /** The kernel did not take these bytes, which are copied. */
  keep(bytes: Uint8Array<ArrayBuffer>): void {
    const before = this.left ?? new Uint8Array(0);
    const both = new Uint8Array(before.length + bytes.length);
    both.set(before);
    both.set(bytes, before.length);
    this.left = both;
  }
}
