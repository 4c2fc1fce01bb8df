/**
 * The sockets with ciphertext that no caller waits for, and that the peer does not take: alerts, tickets, answers
 * to key updates.
 *
 * In: a socket when such bytes are left, when the peer takes some, and when none are left. Out: when the first
 * one's time is over. A caller's own bytes have a deadline of the caller; these have none but this one.
 */

import type { TlsSocket } from "./tls_socket.ts";

/** The list of one worker. */
export class StuckSockets {
  /** Milliseconds for which a peer may take nothing. */
  readonly #patience: number;
  // In the order of their deadlines.
  readonly #sockets = new Set<TlsSocket>();

  constructor(patience: number) {
    this.#patience = patience;
  }

  /** How many there are. */
  get size(): number {
    return this.#sockets.size;
  }

  /** From now on the socket has all its time. */
  restart(socket: TlsSocket, now: number): void {
    socket.isStuck = true;
    socket.stuckSince = now;
    this.#sockets.delete(socket);
    this.#sockets.add(socket);
  }

  /** Whether the socket was stuck; from now on it is not. */
  release(socket: TlsSocket): boolean {
    socket.isStuck = false;
    return this.#sockets.delete(socket);
  }

  /** Milliseconds until the first deadline; there must be one. */
  timeLeft(now: number): number {
    const [first] = this.#sockets;
    return Math.max(Math.ceil(first!.stuckSince + this.#patience - now), 0); // the caller has asked for the size
  }

  /** A socket whose time is over, or undefined. */
  expired(now: number): TlsSocket | undefined {
    const [first] = this.#sockets;
    return first !== undefined && now >= first.stuckSince + this.#patience ? first : undefined;
  }
}
