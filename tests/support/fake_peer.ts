/**
 * A simulated client of the fake kernel: sends a script in pieces, reads in pieces, pauses.
 *
 * In: a socket and a seeded Random. Out: `next()` and `act()`, which the fake server calls while the worker waits.
 * Received bytes go to `received`, which a subclass may override.
 */

import { type FakeSocket, NOTHING_YET, PEER_END, PEER_RESET } from "./fake_socket.ts";
import type { Random } from "./random.ts";

/** How fast a peer sends and reads. */
export interface PeerPace {
  /** Maximum bytes of one send. */
  readonly sends: number;
  /** Maximum bytes of one read. */
  readonly reads: number;
  /** Longest pause between two actions, in milliseconds. */
  readonly pause: number;
}

const SCRATCH = new Uint8Array(64 * 1024);

/** One client. By itself it sends its script and reads everything. */
export class FakePeer {
  readonly socket: FakeSocket;
  /** Why the connection ended, as far as the peer knows. */
  outcome: "open" | "end" | "reset" = "open";
  /** Whether it reads; otherwise its buffer fills. */
  reading = true;
  /** The server's clock when the peer last sent a byte; NaN: never. */
  lastSentAt = NaN;
  /** The server's clock when the peer last read a byte; NaN: never. */
  lastReceivedAt = NaN;
  /** The server's clock at the current action. */
  protected clock = NaN;
  protected readonly random: Random;
  readonly #pace: PeerPace;
  #script: Uint8Array[] = [];
  #sent = 0;
  #readyAt = 0;
  #closed = false;

  constructor(socket: FakeSocket, random: Random, pace: PeerPace) {
    this.socket = socket;
    this.random = random;
    this.#pace = pace;
  }

  /** Whether the whole script has been sent. */
  get allSent(): boolean {
    return this.#script.length === 0;
  }

  /** Whether it has closed its socket. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Appends bytes to the script. */
  enqueue(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#script.push(bytes);
  }

  /** When it acts next; Infinity: once the server has done something. */
  next(): number {
    return this.#mayAct() ? this.#readyAt : Infinity;
  }

  /** Sends and reads once at most, at the server's time `clock`. */
  act(now: number, clock: number): void {
    if (this.#closed || now < this.#readyAt || !this.#mayAct()) return;
    this.clock = clock;
    if (this.#send() > 0) this.lastSentAt = clock;
    if (this.#read() > 0) this.lastReceivedAt = clock;
    const { pause } = this.#pace;
    // Most actions follow at once, so that the server sees both continuous data and silence.
    this.#readyAt = now + (pause > 0 && this.random.below(4) === 0 ? this.random.below(pause) : 0);
    this.acted();
  }

  /** Closes its socket. */
  close(): void {
    this.#closed = true;
    this.socket.closePeer();
  }

  /** Resets its connection. */
  reset(): void {
    this.#closed = true;
    this.socket.resetByPeer();
  }

  /** For subclasses: bytes were received. */
  protected received(_bytes: Uint8Array): void {}

  /** For subclasses: called after each action. */
  protected acted(): void {
    if (this.outcome !== "open" && !this.#closed) this.close();
  }

  #mayAct(): boolean {
    if (this.#closed) return false;
    const speaks = this.#script.length > 0 && this.outcome !== "reset" && this.socket.peerMaySend;
    return speaks || (this.reading && this.socket.peerMayRead);
  }

  #send(): number {
    const piece = this.#script[0];
    if (piece === undefined || !this.socket.peerMaySend) return 0;
    const most = 1 + this.random.below(this.#pace.sends);
    const end = Math.min(piece.length, this.#sent + most);
    const count = this.socket.sendAsPeer(piece, this.#sent, end);
    if (count === PEER_RESET) {
      this.#script = [];
      return 0;
    }
    this.#sent += count;
    if (this.#sent === piece.length) {
      this.#script.shift();
      this.#sent = 0;
    }
    return count;
  }

  #read(): number {
    if (!this.reading || this.outcome !== "open" || !this.socket.peerMayRead) return 0;
    const most = Math.min(SCRATCH.length, 1 + this.random.below(this.#pace.reads));
    const count = this.socket.readAsPeer(SCRATCH.subarray(0, most));
    if (count === PEER_END) this.outcome = "end";
    else if (count === PEER_RESET) this.outcome = "reset";
    else if (count !== NOTHING_YET) this.received(SCRATCH.slice(0, count));
    return Math.max(count, 0);
  }
}
