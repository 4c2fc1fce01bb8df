/**
 * One TCP connection inside the fake kernel: two bounded buffers and the state of both ends.
 *
 * In: the server's calls, which come through fake_os.ts, and those of a simulated peer. Out: what
 * Linux returns, as far as a server can observe: data before an error, an error once, the end of the
 * stream after it, and a reset for an end that closes with unread input or sends to a closed socket;
 * a reset drops what the other end has not read yet.
 */

import {
  EAGAIN,
  ECONNRESET,
  EPIPE,
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
} from "../../runtime/os/mod.ts";

/** The result of a peer's read if there is no data yet, never any again, or a reset. */
export const NOTHING_YET = 0;
export const PEER_END = -1;
export const PEER_RESET = -2;

/** Bytes in flight in one direction, up to a limit. */
export class BytePipe {
  /** How many bytes it holds. */
  length = 0;
  readonly #bytes: Uint8Array;
  #start = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** How many bytes fit in total. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** How many more bytes fit. */
  get space(): number {
    return this.#bytes.length - this.length;
  }

  /** Takes what fits of `source[start, end)`, and returns how much that is. */
  write(source: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.space);
    const at = (this.#start + this.length) % this.capacity;
    const first = Math.min(count, this.capacity - at);
    this.#bytes.set(source.subarray(start, start + first), at);
    this.#bytes.set(source.subarray(start + first, start + count), 0);
    this.length += count;
    return count;
  }

  /** Copies up to `most` bytes to the beginning of `into`, and returns how many. */
  read(into: Uint8Array, most: number): number {
    const count = Math.min(most, this.length);
    const first = Math.min(count, this.capacity - this.#start);
    into.set(this.#bytes.subarray(this.#start, this.#start + first));
    into.set(this.#bytes.subarray(0, count - first), first);
    this.#start = (this.#start + count) % this.capacity;
    this.length -= count;
    return count;
  }

  /** Drops everything. */
  clear(): void {
    this.length = 0;
  }
}

/** Sizes of the two buffers, and whether the kernel may break the connection. */
export interface FakeSocketOptions {
  /** Bytes from the peer that the kernel holds for the server. */
  readonly receiveBuffer?: number;
  /** Bytes from the server that the kernels hold for the peer. */
  readonly sendBuffer?: number;
  /** Whether the fault plan may end it with an error. */
  readonly doomed?: boolean;
}

/** A connection: first the server's calls, then the peer's. */
export class FakeSocket {
  /** The server's descriptor; -1 before it is accepted. */
  descriptor = -1;
  /** When it was accepted and closed, by the server's clock; NaN before. */
  acceptedAt = NaN;
  /** When the server closed it. */
  closedAt = NaN;
  /** Whether the fault plan may end it with an error. */
  readonly doomed: boolean;
  /** Whether the server has read the end of the stream. */
  endWasTold = false;
  /** Bytes that the server received and sent so far. */
  received = 0;
  /** Bytes that the server sent so far. */
  sent = 0;
  readonly #inbound: BytePipe;
  readonly #outbound: BytePipe;
  #serverEnded = false;
  #serverClosed = false;
  #peerEnded = false;
  #peerClosed = false;
  // The connection is over on the server's side: a reset arrived, or the kernel gave up.
  #broken = false;
  #error = 0;
  // A reset has reached the peer.
  #peerReset = false;
  #peerKnows = false;

  constructor(options: FakeSocketOptions = {}) {
    this.#inbound = new BytePipe(options.receiveBuffer ?? 64 * 1024);
    this.#outbound = new BytePipe(options.sendBuffer ?? 64 * 1024);
    this.doomed = options.doomed ?? false;
  }

  // The server's side.

  /** recv(2): a count, 0 at the end, or a negated errno. */
  receive(into: Uint8Array, length: number): number {
    const count = this.#inbound.read(into, length);
    this.received += count;
    if (count > 0) return count;
    if (this.#error !== 0) return -this.#takeError();
    return this.#peerEnded || this.#broken ? 0 : -EAGAIN;
  }

  /** send(2). */
  send(bytes: Uint8Array, length: number): number {
    if (this.#error !== 0) return -this.#takeError();
    if (this.#serverEnded || this.#broken) return -EPIPE;
    if (this.#peerClosed) {
      // Accepted here; the other kernel answers with a reset.
      this.breakBy(ECONNRESET);
      return length;
    }
    if (this.#outbound.space === 0) return -EAGAIN;
    const count = this.#outbound.write(bytes, 0, length);
    this.sent += count;
    return count;
  }

  /** shutdown(2) of the sending side. */
  endServer(): void {
    this.#serverEnded = true;
  }

  /** close(2). With unread input it is a reset, which drops what the peer has not read. */
  closeServer(now: number): void {
    this.#serverClosed = true;
    this.closedAt = now;
    if (this.#inbound.length > 0) this.#resetPeer();
  }

  /** The EPOLL… bits that are set now, regardless of the interest. */
  readiness(): number {
    let bits = 0;
    if (this.#inbound.length > 0 || this.#peerEnded || this.#broken) bits |= EPOLLIN;
    if (this.#peerEnded || this.#broken) bits |= EPOLLRDHUP;
    // Like tcp_poll: writable while a third of the buffer is free.
    const writable = this.#outbound.space * 3 >= this.#outbound.capacity;
    if (writable || this.#broken || this.#serverEnded) bits |= EPOLLOUT;
    if (this.#error !== 0) bits |= EPOLLERR;
    if (this.#broken || (this.#peerEnded && this.#serverEnded)) bits |= EPOLLHUP;
    return bits;
  }

  /** The kernel ends the connection with `errno`: a reset arrived, or a time-out expired. */
  breakBy(errno: number): void {
    if (this.#serverClosed || this.#broken) return;
    this.#broken = true;
    this.#error = errno;
    this.#resetPeer();
  }

  // The peer's side.

  /** Whether bytes that the peer sends would be accepted now, or answered by a reset. */
  get peerMaySend(): boolean {
    return !this.#peerReset && (this.#serverClosed || this.#inbound.space > 0);
  }

  /** Whether the peer has something to read, including an end that it has not seen. */
  get peerMayRead(): boolean {
    if (this.#outbound.length > 0) return true;
    return !this.#peerKnows && (this.#peerReset || this.#serverEnded || this.#serverClosed);
  }

  /** How many bytes the server has not read yet. */
  get unread(): number {
    return this.#inbound.length;
  }

  /** Sends what fits of `bytes[start, end)`: a count, or PEER_RESET. */
  sendAsPeer(bytes: Uint8Array, start: number, end: number): number {
    if (this.#peerReset) return PEER_RESET;
    if (this.#peerEnded) throw new TypeError("a peer sends after it has ended its side");
    if (!this.#serverClosed) return this.#inbound.write(bytes, start, end);
    this.#resetPeer();
    return PEER_RESET;
  }

  /** Reads to the beginning of `into`: a count, NOTHING_YET, PEER_END or PEER_RESET. */
  readAsPeer(into: Uint8Array): number {
    const count = this.#outbound.read(into, into.length);
    if (count > 0) return count;
    if (this.#peerReset || this.#serverEnded || this.#serverClosed) this.#peerKnows = true;
    if (this.#peerReset) return PEER_RESET;
    return this.#serverEnded || this.#serverClosed ? PEER_END : NOTHING_YET;
  }

  /** Ends the peer's sending. */
  endPeer(): void {
    this.#peerEnded = true;
  }

  /** Closes the peer's socket; with unread input it is a reset. */
  closePeer(): void {
    if (this.#outbound.length > 0) return this.resetByPeer();
    this.#peerEnded = true;
    this.#peerClosed = true;
  }

  /** The peer resets the connection. */
  resetByPeer(): void {
    this.#peerClosed = true;
    this.breakBy(ECONNRESET);
    this.#resetPeer();
  }

  #resetPeer(): void {
    this.#peerReset = true;
    this.#outbound.clear();
  }

  #takeError(): number {
    const error = this.#error;
    this.#error = 0;
    return error;
  }
}
