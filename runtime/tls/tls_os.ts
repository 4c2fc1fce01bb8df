/**
 * An `Os` whose sockets speak TLS: the same calls with the same results, over OpenSSL.
 *
 * In: descriptors of connections (`adopt`); all others are served as LinuxOs does. Out: plaintext. A socket
 * behaves like one of the kernel's: `recv` drives the handshake and answers -EAGAIN until it is done, `send`
 * answers how much the kernel took, `sendFile` encrypts what it reads, `shutdownWrite` and `close` send
 * close_notify first, and epoll reports what can be read and written. So everything above it is the same code
 * for HTTP and HTTPS, and plain HTTP does not pay for TLS: its workers have a LinuxOs.
 *
 * The differences from a kernel's socket are hidden so:
 * - Bytes that OpenSSL has received and the caller has not read are unknown to epoll. Such a socket is listed,
 *   and the next wait reports it without waiting, as long as the caller wants input.
 * - If the kernel takes a part of the ciphertext, its rest is kept (`left`), and the caller is told that the
 *   last bytes of its plaintext were not sent. It sends them again, as after any short send; they are skipped,
 *   since they are encrypted already (`debt`). So what waits is in one place, the outgoing queue, with its limits.
 * - A socket whose handshake is not done is not writable. Ciphertext of the handshake that waits is sent by
 *   the wait itself.
 *
 * A first byte that does not begin a TLS record is left unread: the socket becomes a plain one, on which the
 * caller can answer. `takeFailure` says why a `recv` has answered -EPROTO.
 *
 * Longer than 400 lines because each call looks at the same few fields of a socket.
 */

import {
  EAGAIN,
  EPOLL_CTL_ADD,
  EPOLL_CTL_MOD,
  type EpollEvents,
  EPOLLOUT,
  EPROTO,
  LinuxOs,
} from "../os/mod.ts";
import { Callbacks } from "./callbacks.ts";
import { type CertificateSet, TlsCertificates } from "./tls_certificates.ts";
import { DONE, RING_FULL, TlsConnection } from "./tls_connection.ts";
import { ReadableSockets } from "./readable_sockets.ts";
import { PLAINTEXT_BYTES, TlsRing } from "./tls_ring.ts";
import { TlsSocket } from "./tls_socket.ts";

/** Why a connection was refused. */
export interface TlsFailure {
  /** The first byte that is no TLS, or -1: TLS began, and the handshake failed. */
  readonly firstByte: number;
  /** For the log. */
  readonly reason: string;
}

/** Records the objects of C, so that the main thread can free them if this thread dies. */
export interface PointerKeeper {
  /** The connection on this descriptor; 0: none. */
  setConnection(descriptor: number, address: number): void;
  /** Everything that belongs to the thread: the ends of the ring, then its contexts. */
  setOwn(addresses: readonly number[]): void;
}

/** RFC 8446 section 5.1: the type of every record that a client sends first. */
const HANDSHAKE_RECORD = 0x16;
/** Records that one `recv` decrypts at most, so that other connections get their turn. */
const MOST_RECORDS = 16;
/** Bytes of a file that one `sendFile` sends at most: encrypting them takes about 200 µs. */
const FILE_SHARE = 4 * PLAINTEXT_BYTES;

type Bytes = Uint8Array<ArrayBuffer>;

/** System calls of one worker whose connections speak TLS. */
export class TlsOs extends LinuxOs {
  readonly #ring = new TlsRing();
  readonly #keeper: PointerKeeper;
  // C code calls them with the certificates that are in use at that time.
  readonly #callbacks = new Callbacks({
    contextFor: (name) => this.#certificates.contextFor(name),
    ocspOf: (address) => this.#certificates.ocspOf(address),
  });
  #certificates: TlsCertificates;
  // By descriptor.
  readonly #sockets: (TlsSocket | null)[] = [];
  readonly #readable = new ReadableSockets();
  // Those with ciphertext that no caller waits for.
  readonly #struggling = new Set<TlsSocket>();
  readonly #first = new Uint8Array(1);
  #file: Bytes | null = null;
  #failure: TlsFailure | null = null;
  #asksClients: boolean;
  /** Called after a handshake in which the client has shown a certificate. */
  onClient: (descriptor: number, subject: string) => void = () => {};

  /** @throws {OpenSslError} if a certificate cannot be used */
  constructor(set: CertificateSet, keeper: PointerKeeper) {
    super();
    this.#certificates = new TlsCertificates(set, this.#callbacks);
    this.#asksClients = set.client !== null;
    this.#keeper = keeper;
    this.#keepOwn();
  }

  /** The connection on this descriptor speaks TLS. */
  adopt(descriptor: number): void {
    while (this.#sockets.length <= descriptor) this.#sockets.push(null);
    this.#sockets[descriptor] = new TlsSocket(descriptor);
  }

  /** New connections get these certificates; open ones keep theirs alive. @throws {OpenSslError} as the constructor */
  renew(set: CertificateSet): void {
    const old = this.#certificates;
    this.#certificates = new TlsCertificates(set, this.#callbacks);
    this.#asksClients = set.client !== null;
    this.#keepOwn();
    old.free();
  }

  /** The subject of the client's certificate; "": it has shown none, or the connection is closed. */
  clientSubject(descriptor: number): string {
    return this.#sockets[descriptor]?.clientSubject ?? "";
  }

  /** Why the last `recv` answered -EPROTO; null: it did not, or the peer broke TLS after the handshake. */
  takeFailure(): TlsFailure | null {
    const failure = this.#failure;
    this.#failure = null;
    return failure;
  }

  /** Frees what belongs to the thread; all connections are closed. */
  dispose(): void {
    this.#keeper.setOwn([]);
    this.#certificates.free();
    this.#callbacks.close();
    this.#ring.free();
  }

  override recv(descriptor: number, bytes: Uint8Array, length: number): number {
    const socket = this.#sockets[descriptor];
    if (socket == null) return super.recv(descriptor, bytes, length);
    this.#failure = null; // nobody may have asked for that of another connection
    if (!socket.isOpen) {
      const shaken = this.#shakeHands(socket);
      if (shaken !== DONE) return shaken;
    }
    return this.#read(socket, bytes as Bytes, length);
  }

  override send(descriptor: number, bytes: Uint8Array, length: number, more: boolean): number {
    const socket = this.#sockets[descriptor];
    if (socket == null) return super.send(descriptor, bytes, length, more);
    let sent = this.#settleDebt(socket, length);
    while (sent >= 0 && sent < length && socket.left === null) {
      const count = Math.min(length - sent, PLAINTEXT_BYTES);
      const source = sent === 0 ? bytes : bytes.subarray(sent);
      const taken = this.#encrypt(socket, source as Bytes, count, more || sent + count < length);
      if (taken < 0) return sent > 0 ? sent : taken;
      sent += taken;
    }
    return sent === 0 ? -EAGAIN : sent;
  }

  override sendFile(descriptor: number, file: number, offset: number, length: number): number {
    const socket = this.#sockets[descriptor];
    if (socket == null) return super.sendFile(descriptor, file, offset, length);
    const most = Math.min(length, FILE_SHARE);
    const buffer = this.#file ??= new Uint8Array(PLAINTEXT_BYTES);
    let sent = this.#settleDebt(socket, most);
    while (sent >= 0 && sent < most && socket.left === null) {
      const count = this.readAt(file, buffer, Math.min(most - sent, buffer.length), offset + sent);
      if (count <= 0) return sent > 0 ? sent : count;
      const taken = this.#encrypt(socket, buffer, count, sent + count < length);
      if (taken < 0) return sent > 0 ? sent : taken;
      sent += taken;
    }
    return sent === 0 ? -EAGAIN : sent;
  }

  override shutdownWrite(descriptor: number): number {
    const socket = this.#sockets[descriptor];
    if (socket != null) {
      this.#sayGoodbye(socket);
      this.#giveUp(socket);
    }
    return super.shutdownWrite(descriptor);
  }

  override close(descriptor: number): number {
    const socket = this.#sockets[descriptor];
    if (socket != null) {
      this.#sayGoodbye(socket);
      this.#forget(socket);
    }
    return super.close(descriptor);
  }

  override epollControl(
    epoll: number,
    operation: number,
    descriptor: number,
    events: number,
    generation: number,
  ): number {
    const socket = this.#sockets[descriptor];
    if (socket == null) {
      return super.epollControl(epoll, operation, descriptor, events, generation);
    }
    if (operation === EPOLL_CTL_ADD || operation === EPOLL_CTL_MOD) {
      socket.epoll = epoll;
      socket.events = events;
      socket.generation = generation;
    }
    if (socket.isReadable) this.#readable.add(socket);
    return super.epollControl(epoll, operation, descriptor, socket.realEvents, generation);
  }

  override epollWait(epoll: number, events: EpollEvents, timeout: number): number {
    const count = super.epollWait(epoll, events, this.#readable.hasAny() ? 0 : timeout);
    return this.#complete(events, count);
  }

  override async epollWaitAsync(
    epoll: number,
    events: EpollEvents,
    timeout: number,
  ): Promise<number> {
    const wait = this.#readable.hasAny() ? 0 : timeout;
    return this.#complete(events, await super.epollWaitAsync(epoll, events, wait));
  }

  // The handshake.

  /** DONE, 0 for the peer's end, or a negated errno. */
  #shakeHands(socket: TlsSocket): number {
    const connection = socket.connection ?? this.#begin(socket);
    if (typeof connection === "number") return connection;
    let shaken: number;
    do {
      shaken = connection.shakeHands();
      const sent = this.#flushUnasked(socket);
      if (sent < 0) return sent;
    } while (shaken === RING_FULL);
    if (shaken === -EPROTO) this.#failure = { firstByte: -1, reason: connection.reason };
    if (shaken !== DONE) return shaken;
    socket.isOpen = true;
    this.#updateEpoll(socket);
    if (this.#asksClients) this.#noteClient(socket, connection);
    return DONE;
  }

  #noteClient(socket: TlsSocket, connection: TlsConnection): void {
    const subject = socket.clientSubject = connection.clientSubject();
    if (subject !== "") this.onClient(socket.descriptor, subject);
  }

  /** Looks at the first byte, and makes the connection; 0 or a negated errno if there is none. */
  #begin(socket: TlsSocket): TlsConnection | number {
    const { descriptor } = socket;
    const peeked = this.peek(descriptor, this.#first, 1);
    if (peeked <= 0) return peeked;
    const firstByte = this.#first[0]!; // one byte was received
    if (firstByte !== HANDSHAKE_RECORD) {
      this.#forget(socket);
      this.#failure = { firstByte, reason: `not TLS, but the byte 0x${hex(firstByte)}` };
      return -EPROTO;
    }
    const made = new TlsConnection(this.#certificates.context, descriptor, this.#ring);
    this.#keeper.setConnection(descriptor, made.address);
    return socket.connection = made;
  }

  // Reading.

  #read(socket: TlsSocket, bytes: Bytes, length: number): number {
    const connection = socket.connection!; // it is open
    let total = 0;
    socket.isReadable = false;
    for (let records = 0; total < length && records < MOST_RECORDS; records++) {
      const room = total === 0 ? bytes : bytes.subarray(total);
      const count = connection.read(room, length - total);
      const sent = this.#flushUnasked(socket);
      if (count <= 0) {
        // The end, and any error, is read again.
        if (total === 0 || count === -EAGAIN) return total === 0 ? count : total;
        socket.isReadable = true;
        break;
      }
      total += count;
      socket.isReadable = connection.hasPending();
      if (!socket.isReadable || sent < 0) break;
    }
    if (socket.isReadable) this.#readable.add(socket);
    return total;
  }

  // Writing.

  /**
   * Sends the ciphertext that is left; the result is how many of the next `length` bytes of plaintext the kernel
   * has now, or a negated errno: -EAGAIN if nothing can be sent now.
   */
  #settleDebt(socket: TlsSocket, length: number): number {
    if (!socket.isOpen) return -EAGAIN;
    if (socket.left !== null) {
      const sent = this.#sendLeft(socket);
      if (sent < 0) return sent;
    }
    if (socket.debt === 0) return socket.left === null ? 0 : -EAGAIN;
    const unsent = socket.left === null ? 0 : Math.min(socket.debt, socket.left.length);
    const settled = Math.min(socket.debt - unsent, length);
    socket.debt -= settled;
    return settled === 0 ? -EAGAIN : settled;
  }

  /** Encrypts and sends `bytes[0, count)`; the result is how many of them the kernel has. */
  #encrypt(socket: TlsSocket, bytes: Bytes, count: number, more: boolean): number {
    const written = socket.connection!.write(bytes, count); // it is open
    const sent = this.#flushRing(socket, more);
    if (written < 0 || sent < 0) return Math.min(written, sent);
    // Ciphertext is longer than plaintext: at most so many bytes of plaintext were not sent.
    if (socket.left !== null) socket.debt = Math.min(count, socket.left.length);
    return count - socket.debt;
  }

  /** Sends what is in the ring, and keeps what the kernel does not take; 0 or a negated errno. */
  #flushRing(socket: TlsSocket, more: boolean): number {
    const count = this.#ring.take();
    if (count === 0) return 0;
    const { bytes } = this.#ring;
    const sent = socket.left === null ? super.send(socket.descriptor, bytes, count, more) : 0;
    if (sent === count) return 0;
    if (sent < 0 && sent !== -EAGAIN) return sent;
    socket.keep(bytes.subarray(Math.max(sent, 0), count));
    return 0;
  }

  /** As {@link #flushRing}, for ciphertext that no caller waits for: if it is left, the next waits send it. */
  #flushUnasked(socket: TlsSocket): number {
    const sent = this.#flushRing(socket, false);
    if (socket.left === null || socket.debt > 0 || this.#struggling.has(socket)) return sent;
    this.#struggling.add(socket);
    this.#updateEpoll(socket);
    return sent;
  }

  /** Sends the rest of the ciphertext; 0 or a negated errno, but never -EAGAIN. */
  #sendLeft(socket: TlsSocket): number {
    const left = socket.left!; // the caller has checked
    const sent = super.send(socket.descriptor, left, left.length, false);
    if (sent === -EAGAIN) return 0;
    if (sent < 0) {
      this.#giveUp(socket);
      return sent;
    }
    socket.left = sent === left.length ? null : left.subarray(sent);
    if (socket.left === null && this.#struggling.delete(socket)) this.#updateEpoll(socket);
    return 0;
  }

  /** What no caller waits for cannot be sent any more: else epoll would report the socket for ever. */
  #giveUp(socket: TlsSocket): void {
    if (socket.debt > 0) return;
    socket.left = null;
    if (this.#struggling.delete(socket)) this.#updateEpoll(socket);
  }

  /** Sends close_notify if that is possible at once. */
  #sayGoodbye(socket: TlsSocket): void {
    if (socket.connection === null || socket.left !== null) return;
    socket.connection.end();
    this.#flushUnasked(socket);
  }

  /** From now on the descriptor is a plain socket. */
  #forget(socket: TlsSocket): void {
    this.#sockets[socket.descriptor] = null;
    this.#struggling.delete(socket);
    socket.isReadable = false;
    if (socket.connection === null) return;
    this.#keeper.setConnection(socket.descriptor, 0);
    socket.connection.free();
  }

  // epoll.

  #updateEpoll(socket: TlsSocket): void {
    const { epoll, descriptor, generation } = socket;
    if (epoll < 0) return;
    super.epollControl(epoll, EPOLL_CTL_MOD, descriptor, socket.realEvents, generation);
  }

  /** Adds the readable sockets to the `count` events of a wait, and sends what struggling ones have left. */
  #complete(events: EpollEvents, count: number): number {
    if (this.#struggling.size > 0) this.#help(events, count);
    return this.#readable.appendTo(events, count);
  }

  #help(events: EpollEvents, count: number): void {
    for (let i = 0; i < count; i++) {
      const socket = this.#sockets[events.descriptor(i)];
      if (socket == null || socket.left === null || !this.#struggling.has(socket)) continue;
      // An error is reported to the caller by the next call.
      if ((events.events(i) & EPOLLOUT) !== 0) this.#sendLeft(socket);
    }
  }

  #keepOwn(): void {
    this.#keeper.setOwn([...this.#ring.addresses, ...this.#certificates.addresses]);
  }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
