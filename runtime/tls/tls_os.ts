/**
 * An `Os` whose sockets speak TLS: the same calls with the same results, over OpenSSL.
 *
 * In: descriptors of connections (`adopt`); all others are served as LinuxOs does. Out: plaintext. A socket
 * behaves like one of the kernel's: `recv` drives the handshake and answers -EAGAIN until it is done, `send`
 * answers how much the kernel took, `sendFile` encrypts what it reads, `shutdownWrite` and `end` send
 * close_notify first, and epoll reports what can be read and written. So everything above it is the same code
 * for HTTP and HTTPS, and plain HTTP does not pay for TLS: its workers have a LinuxOs. `close` sends no
 * close_notify: a body that was cut off must not look whole.
 *
 * The differences from a kernel's socket are hidden so:
 * - Bytes that are received and that the caller has not read are unknown to epoll. Such a socket is listed,
 *   and the next wait reports it without waiting, as long as the caller wants input.
 * - If the kernel takes a part of the ciphertext, its rest is kept (`left`), and the caller is told that the
 *   last bytes of its plaintext were not sent. It sends them again, as after any short send; they are skipped,
 *   since they are encrypted already (`debt`). So what waits is in one place, the outgoing queue, with its limits.
 * - A socket whose handshake is not done is not writable.
 * - Ciphertext that no caller waits for is sent by the waits themselves, for example the answer to a key update.
 *   While it waits the socket is stuck: nothing is read from it, so it asks for no further answer. If the peer
 *   takes nothing for `writeStall` milliseconds, the socket fails with ETIMEDOUT.
 *
 * A call decrypts a bounded number of records, with or without data. More than MOST_IDLE_RECORDS in a row without
 * data are an error of the peer, as for BoringSSL and Go, and so are more bytes without data than MOST_IDLE_BYTES, a
 * handshake that is longer than any real one, and a message of a handshake in parts after it. So what one connection
 * can make OpenSSL hold has a bound, and `heldBytes` contains it.
 *
 * After a first byte that does not begin a TLS record the socket is a plain one, on which the caller can answer.
 * `takeFailure` says why a `recv` has answered -EPROTO.
 *
 * Longer than 400 lines because each call looks at the same few fields of a socket.
 */

import {
  EAGAIN,
  ENOMEM,
  EPIPE,
  EPOLL_CTL_ADD,
  EPOLL_CTL_MOD,
  type EpollEvents,
  EPOLLOUT,
  EPROTO,
  ETIMEDOUT,
  LinuxOs,
} from "../os/mod.ts";
import type { TicketKeys } from "../ring/mod.ts";
import { Callbacks, type CertificateChooser } from "./callbacks.ts";
import { type CertificateSet, TlsCertificates } from "./tls_certificates.ts";
import { HelloGuard, MOST_HELLO_BYTES } from "./hello_guard.ts";
import { MOST_CERTIFICATE_BYTES } from "./tls_context.ts";
import { DONE, RING_FULL, TlsConnection } from "./tls_connection.ts";
import { libcrypto } from "./openssl.ts";
import { ReadableSockets } from "./readable_sockets.ts";
import { StuckSockets } from "./stuck_sockets.ts";
import { PLAINTEXT_BYTES, TlsRing } from "./tls_ring.ts";
import { OPEN, TlsSocket } from "./tls_socket.ts";

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
/** What one `recv` does at most, so that other connections get their turn: records with data, of 1 µs at least. */
const MOST_WORK = 128;
/** A key update costs as much as so many of them. */
const IDLE_WORK = 8;
/** Records without data that may follow each other. BoringSSL accepts 32 key updates, Go 16 records. */
const MOST_IDLE_RECORDS = 32;
/** Bytes without data that may follow each other: a record, whose beginning is not data yet, and a thousand key updates. */
const MOST_IDLE_BYTES = 48 * 1024;
/** Bytes of a handshake that asks for a certificate: its messages beside hello and certificate, and the records' headers. */
const CERTIFICATE_ROOM = MOST_CERTIFICATE_BYTES + 8 * 1024;
/** OpenSSL gets a third more than a message needs. */
const CERTIFICATE_MEMORY = MOST_CERTIFICATE_BYTES / 3 * 4;
/** Bytes of a file that one `sendFile` sends at most: encrypting them takes about 200 µs. */
const FILE_SHARE = 4 * PLAINTEXT_BYTES;

type Bytes = Uint8Array<ArrayBuffer>;

/** What a TlsOs is made with. */
export interface TlsOsParts {
  readonly set: CertificateSet;
  /** There is one at least. */
  readonly tickets: TicketKeys;
  readonly keeper: PointerKeeper;
  /** Milliseconds for which a peer may take none of the bytes that wait for it. */
  readonly writeStall: number;
}

/** System calls of one worker whose connections speak TLS. */
export class TlsOs extends LinuxOs {
  readonly #ring = new TlsRing();
  readonly #keeper: PointerKeeper;
  // C code calls them with the certificates that are in use at that time.
  readonly #callbacks: Callbacks;
  #certificates: TlsCertificates;
  // By descriptor.
  readonly #sockets: (TlsSocket | null)[] = [];
  readonly #readable = new ReadableSockets();
  readonly #stuck: StuckSockets;
  #file: Bytes | null = null;
  #failure: TlsFailure | null = null;
  #asksClients: boolean;
  // A wait runs on another thread: it does not see what becomes readable here.
  #waitsElsewhere = false;
  /** Bytes that all sockets hold: see TlsSocket.heldBytes. */
  heldBytes = 0;
  /** Called to end the asynchronous wait that is running: there is something to report. */
  endWait: () => void = () => {};
  /** Called after a handshake in which the client has shown a certificate. */
  onClient: (descriptor: number, subject: string) => void = () => {};

  /** @throws {OpenSslError} if a certificate cannot be used */
  constructor({ set, tickets, keeper, writeStall }: TlsOsParts) {
    super();
    const chooser: CertificateChooser = {
      contextFor: (name) => this.#certificates.contextFor(name),
      ocspOf: (address) => this.#certificates.ocspOf(address),
    };
    this.#callbacks = new Callbacks(chooser, tickets);
    this.#stuck = new StuckSockets(writeStall);
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
    libcrypto().ERR_clear_error();
  }

  /** The subject of the client's certificate; "": it has shown none, or the connection is closed. */
  clientSubject(descriptor: number): string {
    return this.#sockets[descriptor]?.clientSubject ?? "";
  }

  /** Bytes that one socket holds. */
  heldBy(descriptor: number): number {
    return this.#sockets[descriptor]?.heldBytes ?? 0;
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
    if (socket.outcome !== OPEN) return socket.outcome;
    if (socket.isStuck) return -EAGAIN;
    const received = this.#receive(socket, bytes as Bytes, length);
    this.#keepInput(socket);
    if (socket.isReadable) this.#list(socket);
    return received;
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
      if (socket.debt === 0) this.#dropLeft(socket);
    }
    return super.shutdownWrite(descriptor);
  }

  override end(descriptor: number): number {
    const socket = this.#sockets[descriptor];
    if (socket != null) this.#sayGoodbye(socket);
    return this.close(descriptor);
  }

  override close(descriptor: number): number {
    const socket = this.#sockets[descriptor];
    if (socket != null) this.#forget(socket);
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
    this.#list(socket);
    socket.toldEvents = socket.realEvents;
    return super.epollControl(epoll, operation, descriptor, socket.toldEvents, generation);
  }

  override epollWait(epoll: number, events: EpollEvents, timeout: number): number {
    const wait = this.#timeout(timeout);
    const count = super.epollWait(epoll, events, wait, this.#readable.roomForKernel(events));
    return this.#complete(events, count);
  }

  override async epollWaitAsync(
    epoll: number,
    events: EpollEvents,
    timeout: number,
  ): Promise<number> {
    const wait = this.#timeout(timeout);
    const room = this.#readable.roomForKernel(events);
    this.#waitsElsewhere = true;
    const count = await super.epollWaitAsync(epoll, events, wait, room);
    this.#waitsElsewhere = false;
    return this.#complete(events, count);
  }

  // The handshake.

  /** DONE, 0 for the peer's end, or a negated errno. */
  #shakeHands(socket: TlsSocket): number {
    const isNew = socket.received === null;
    const filled = this.#fill(socket);
    if (filled <= 0) return filled;
    const connection = socket.connection ?? this.#begin(socket);
    if (typeof connection === "number") return connection;
    const length = isNew ? this.#judge(socket, connection, filled) : 0;
    if (length > 0) return this.#refuse(socket, `a ClientHello of ${length} bytes`);
    let shaken: number;
    do {
      shaken = connection.shakeHands();
      const sent = this.#flushUnasked(socket, shaken === DONE && this.#awaitsAnswer(connection));
      if (sent < 0) return sent;
    } while (shaken === RING_FULL);
    if (shaken === -EPROTO) return this.#refuse(socket, connection.reason);
    if (shaken !== DONE) return this.#noteHandshake(socket, filled - this.#ring.unread, shaken);
    socket.isOpen = true;
    socket.guard = null;
    socket.idleBytes = 0;
    this.#account(socket);
    this.#updateEpoll(socket);
    if (this.#asksClients) this.#noteClient(socket, connection);
    return DONE;
  }

  /**
   * Whether the session tickets may leave with the answer, in one packet: the client's request has arrived, or its
   * beginning, and nothing else is unsent. Without an answer the kernel sends them after 200 ms.
   */
  #awaitsAnswer(connection: TlsConnection): boolean {
    return this.#ring.unread > 0 && connection.mayBeTls13();
  }

  /** The length of a ClientHello that is too long, or 0. */
  #judge({ guard }: TlsSocket, connection: TlsConnection, filled: number): number {
    return guard!.judge(this.#ring.input.subarray(0, filled), connection.mayBeTls13()); // it is not open
  }

  /** Counts bytes of a handshake that goes on; the result is `outcome`, or that of a handshake that is too long. */
  #noteHandshake(socket: TlsSocket, count: number, outcome: number): number {
    socket.idleBytes += count;
    this.#account(socket);
    const most = MOST_HELLO_BYTES + (socket.certificateBytes > 0 ? CERTIFICATE_ROOM : 0);
    if (socket.idleBytes <= most) return outcome;
    return this.#refuse(socket, `a handshake of more than ${most} bytes`);
  }

  #refuse(socket: TlsSocket, reason: string): number {
    this.#failure = { firstByte: -1, reason };
    this.#fail(socket, -EPROTO);
    return -EPROTO;
  }

  #noteClient(socket: TlsSocket, connection: TlsConnection): void {
    const subject = socket.clientSubject = connection.clientSubject();
    if (subject !== "") this.onClient(socket.descriptor, subject);
  }

  /** Makes the connection, or returns a negated errno: the first byte is no TLS, or there is no memory. */
  #begin(socket: TlsSocket): TlsConnection | number {
    const firstByte = this.#ring.input[0]!; // one byte at least was received
    if (firstByte !== HANDSHAKE_RECORD) {
      this.#forget(socket);
      this.#failure = { firstByte, reason: `not TLS, but the byte 0x${hex(firstByte)}` };
      return -EPROTO;
    }
    const made = TlsConnection.make(this.#certificates.context, this.#ring);
    if (made === null) return -ENOMEM;
    this.#keeper.setConnection(socket.descriptor, made.address);
    socket.connection = made;
    socket.guard = new HelloGuard();
    socket.certificateBytes = this.#asksClients ? CERTIFICATE_MEMORY : 0;
    this.#account(socket);
    return made;
  }

  // Reading.

  #receive(socket: TlsSocket, bytes: Bytes, length: number): number {
    if (socket.isOpen) return this.#read(socket, bytes, length);
    const shaken = this.#shakeHands(socket);
    if (shaken !== DONE) return shaken;
    // The first request often comes with the end of the handshake.
    return this.#ring.unread === 0 ? -EAGAIN : this.#read(socket, bytes, length);
  }

  /** Decrypts records until the input or the room for it is used up, or this turn's share of work. */
  #read(socket: TlsSocket, bytes: Bytes, length: number): number {
    const connection = socket.connection!; // it is open
    const ring = this.#ring;
    const hasPlaintext = socket.isReadable && socket.received === null;
    let { unread } = ring;
    if (!hasPlaintext && unread === 0) {
      unread = this.#fill(socket);
      if (unread <= 0) return unread;
    }
    const wasIdle = socket.idleBytes > 0;
    let total = 0;
    for (let work = 0; total < length && work < MOST_WORK;) {
      const room = total === 0 ? bytes : bytes.subarray(total);
      const count = connection.read(room, length - total);
      const sent = this.#flushUnasked(socket);
      const before = unread;
      unread = ring.unread;
      total += Math.max(count, 0);
      socket.isReadable = count === RING_FULL || (total === length && connection.hasPending());
      if (count > 0) {
        work++;
        socket.idleRecords = 0;
        socket.idleBytes = 0;
      } else if (count === RING_FULL || count === -EAGAIN) {
        work += IDLE_WORK;
        this.#noteIdle(socket, before - unread, unread > 0 || count === RING_FULL);
        // Only a renegotiation has messages of more than a record; OpenSSL would collect it before it refuses it.
        if (count === -EAGAIN && connection.isShakingHands()) this.#fail(socket, -EPROTO);
      } else this.#fail(socket, count);
      if (unread === 0 || socket.outcome !== OPEN || socket.isStuck || sent < 0) break;
    }
    if (wasIdle !== socket.idleBytes > 0) this.#account(socket);
    if (total > 0) return total;
    return socket.outcome === OPEN ? -EAGAIN : socket.outcome;
  }

  /** OpenSSL has read bytes, if `isWhole` all of a record, and there was no data. */
  #noteIdle(socket: TlsSocket, count: number, isWhole: boolean): void {
    if (count === 0) return;
    socket.idleBytes += count;
    if (isWhole) socket.idleRecords++;
    const { idleBytes, idleRecords } = socket;
    const isTooMuch = idleBytes > MOST_IDLE_BYTES || idleRecords > MOST_IDLE_RECORDS;
    if (isTooMuch) this.#fail(socket, -EPROTO);
  }

  /** Makes input available to OpenSSL; a count, 0 for the peer's end, or a negated errno. */
  #fill(socket: TlsSocket): number {
    const { received } = socket;
    const { input } = this.#ring;
    let count: number;
    if (received === null) count = super.recv(socket.descriptor, input, input.length);
    else {
      input.set(received);
      count = received.length;
      socket.received = null;
      this.#account(socket);
    }
    if (count > 0) this.#ring.commit(count);
    return count;
  }

  /** Takes what OpenSSL has not read out of the ring, which the next connection uses. */
  #keepInput(socket: TlsSocket): void {
    const ring = this.#ring;
    if (ring.unread === 0) return;
    if (socket.outcome === OPEN && socket.connection !== null) {
      socket.received = ring.unreadInput().slice();
      socket.isReadable = true;
      this.#account(socket);
    }
    ring.dropInput();
  }

  /** From now on, this is the result of every read. */
  #fail(socket: TlsSocket, outcome: number): void {
    socket.outcome = outcome;
    socket.isReadable = true;
    this.#list(socket);
  }

  /** The next wait reports the socket, if it can be read and its caller wants that. */
  #list(socket: TlsSocket): void {
    this.#readable.add(socket);
    if (this.#waitsElsewhere && socket.ownEvents !== 0) this.endWait();
  }

  // Writing.

  /**
   * Sends the ciphertext that is left; the result is how many of the next `length` bytes of plaintext the kernel
   * has now, or a negated errno: -EAGAIN if nothing can be sent now.
   */
  #settleDebt(socket: TlsSocket, length: number): number {
    if (socket.outcome < 0) return socket.outcome;
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
    if (sent < 0 && sent !== -EAGAIN) return this.#noteLoss(socket, sent);
    socket.keep(bytes.subarray(Math.max(sent, 0), count));
    this.#account(socket);
    return 0;
  }

  /** As {@link #flushRing}, for ciphertext that no caller waits for: if it is left, the next waits send it. */
  #flushUnasked(socket: TlsSocket, more = false): number {
    const before = socket.left;
    const sent = this.#flushRing(socket, more);
    if (socket.left === before || socket.isStuck) return sent;
    this.#stuck.restart(socket, this.monotonicMilliseconds());
    this.#updateEpoll(socket);
    return sent;
  }

  /** Sends the rest of the ciphertext; 0 or a negated errno, but never -EAGAIN. */
  #sendLeft(socket: TlsSocket): number {
    const left = socket.left!; // the caller has checked
    const sent = super.send(socket.descriptor, left, left.length, false);
    if (sent === -EAGAIN) return 0;
    if (sent < 0) {
      this.#noteLoss(socket, sent);
      this.#dropLeft(socket);
      return sent;
    }
    if (sent === left.length) this.#dropLeft(socket);
    else {
      socket.left = left.subarray(sent);
      if (socket.isStuck) this.#stuck.restart(socket, this.monotonicMilliseconds());
    }
    return 0;
  }

  /**
   * Ciphertext was not sent and is lost, so nothing may follow it: the connection fails. After EPIPE nothing can
   * follow; then only a caller is told whose bytes are lost, since what the peer has sent can still be read.
   */
  #noteLoss(socket: TlsSocket, error: number): number {
    if (error !== -EPIPE || socket.debt > 0) this.#fail(socket, error);
    return error;
  }

  /** No ciphertext is left: it is sent, or cannot be sent any more. */
  #dropLeft(socket: TlsSocket): void {
    socket.left = null;
    this.#account(socket);
    if (!this.#stuck.release(socket)) return;
    this.#updateEpoll(socket);
    this.#list(socket);
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
    this.#stuck.release(socket);
    this.#readable.remove(socket);
    this.heldBytes -= socket.countedBytes;
    if (socket.connection === null) return;
    this.#keeper.setConnection(socket.descriptor, 0);
    socket.connection.free();
  }

  // epoll.

  #updateEpoll(socket: TlsSocket): void {
    const { epoll, descriptor, generation, realEvents } = socket;
    if (epoll < 0 || realEvents === socket.toldEvents) return;
    socket.toldEvents = realEvents;
    super.epollControl(epoll, EPOLL_CTL_MOD, descriptor, realEvents, generation);
  }

  /** How long a wait may take at most. */
  #timeout(timeout: number): number {
    if (this.#readable.hasAny()) return 0;
    if (this.#stuck.size === 0) return timeout;
    const timeLeft = this.#stuck.timeLeft(this.monotonicMilliseconds());
    return timeout < 0 ? timeLeft : Math.min(timeout, timeLeft);
  }

  /** Adds the readable sockets to the `count` events of a wait, and sends what stuck ones have left. */
  #complete(events: EpollEvents, count: number): number {
    if (this.#stuck.size > 0) this.#unstick(events, count);
    return this.#readable.appendTo(events, count);
  }

  #unstick(events: EpollEvents, count: number): void {
    for (let i = 0; i < count; i++) {
      const socket = this.#sockets[events.descriptor(i)];
      if (socket == null || !socket.isStuck || socket.left === null) continue;
      if ((events.events(i) & EPOLLOUT) === 0) continue;
      // An error is reported by the next read.
      this.#sendLeft(socket);
    }
    const now = this.monotonicMilliseconds();
    for (let late = this.#stuck.expired(now); late !== undefined; late = this.#stuck.expired(now)) {
      this.#fail(late, -ETIMEDOUT);
      this.#dropLeft(late);
    }
  }

  /** Updates the sum of what the sockets hold. */
  #account(socket: TlsSocket): void {
    const { heldBytes } = socket;
    this.heldBytes += heldBytes - socket.countedBytes;
    socket.countedBytes = heldBytes;
  }

  #keepOwn(): void {
    this.#keeper.setOwn([...this.#ring.addresses, ...this.#certificates.addresses]);
  }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
