/**
 * One worker's part in the bound on the memory that all connections of all workers hold (`--max-memory`).
 *
 * In: what the connections of this worker hold: buffers of the message pool (bodies, messages, copies in
 * outgoing queues), input that is kept, segments of queues, messages for several peers (once), TLS
 * handshakes in progress and ciphertext that waits. Out: the
 * number in this worker's counters, which all workers read; refusals; and connections that are ended, those
 * first that hold most and have held it longest. Not counted: the fixed cost of a connection, request
 * heads, files in the cache, the buffers that lie ready for reuse, and what a handler keeps.
 *
 * Each worker ends connections of its own only. A worker that holds no more than its share of the bound leaves
 * that to the others, up to {@link TOLERANCE} above the bound. One that holds more looks again every
 * {@link RECHECK} milliseconds, since the others may grow while it does not.
 *
 * The cost for small requests: one comparison for each batch. All workers' numbers are added up only after
 * this worker's number has grown.
 */

import type { MessageBufferPool } from "../../../protocol/mod.ts";
import type { Loop, OutgoingBatch, Timer } from "../../net/mod.ts";
import { COLUMN, type Counters, type SharedState } from "../../ring/mod.ts";
import type { Warnings } from "../../thread/mod.ts";
import type { MemoryBudget } from "../session/mod.ts";

/** Above the bound by this part of it, also a worker within its share ends connections. */
const TOLERANCE = 1 / 8;
/** What is ended brings the sum below the bound by this part of it, so that the next byte ends nobody. */
const RESERVE = 1 / 16;
/** Within a batch of events, the sum is looked at again after this part of the bound. */
const STEP = 1 / 64;
/** Milliseconds between two looks of a worker that holds more than its share; the timers add up to 128. */
const RECHECK = 50;
/** A search that found too little to end is not repeated within this many milliseconds. */
const FRUITLESS = 20;
/** Milliseconds for which a connection may hold memory before it is ended for the sake of a new request. */
const MATURE = 5_000;
/** Among connections that began together, in milliseconds, the size alone decides. */
const SAME_AGE = 100;
/** Connections that hold less are not worth ending. */
const LEAST = 2 * 1024;

/** A connection, as it is looked at when memory is short. */
export interface MemoryHolder {
  /** Bytes that are free again if it ends. */
  readonly heldBytes: number;
  /** Since when it has held them, in the loop's milliseconds. */
  readonly heldSince: number;
  /** Ends it, and tells the peer why if it still can be told. */
  shed(): void;
}

/** What the sockets hold beneath the connections: TLS. */
export interface SocketMemory {
  /** Bytes of all of them. */
  heldBytes(): number;
  /** Connections that are not among those of the worker: they are being refused. */
  refused(): Iterable<MemoryHolder>;
}

/** What it is made with. */
export interface WorkerMemoryParts {
  /** Bytes that all workers together may hold. */
  readonly bound: number;
  /** The part of them that is this worker's. */
  readonly share: number;
  readonly loop: Pick<Loop, "now" | "timers">;
  readonly state: SharedState;
  /** This worker's own. */
  readonly counters: Counters;
  readonly messages: MessageBufferPool;
  readonly outgoing: OutgoingBatch;
  readonly connections: Iterable<MemoryHolder>;
  /** Undefined: sockets hold nothing, as without TLS. */
  readonly sockets: SocketMemory | undefined;
  readonly warnings: Warnings;
}

/** Keeps the bound in one worker. */
export class WorkerMemory implements MemoryBudget {
  nextJudgement = 0;
  readonly #parts: WorkerMemoryParts;
  readonly #share: number;
  readonly #timer: Timer;
  #published = 0;
  #searchAgainAt = -Infinity;

  constructor(parts: WorkerMemoryParts) {
    this.#parts = parts;
    this.#share = parts.share;
    this.#timer = parts.loop.timers.timer({ onDeadline: () => this.#recheck() });
    this.#publish();
  }

  judge(): void {
    const before = this.#published;
    const held = this.#held;
    if (held === before) return;
    this.#publish();
    if (held > before) this.#keepBound();
  }

  admits(count: number): boolean {
    this.#publish();
    const { bound, counters } = this.#parts;
    if (this.#total() + count <= bound) return true;
    if (count <= bound) this.#endSome(this.#total() + count - bound, MATURE);
    if (this.#total() + count <= bound) return true;
    counters.add(COLUMN.refusedByMemory, 1);
    this.#warn();
    return false;
  }

  /** Bytes that the connections of this worker hold. */
  get #held(): number {
    const { messages, outgoing, sockets } = this.#parts;
    const beneath = sockets === undefined ? 0 : sockets.heldBytes();
    return messages.heldBytes + outgoing.lentBytes + beneath;
  }

  #publish(): void {
    const { bound, counters, messages } = this.#parts;
    this.#published = this.#held;
    this.nextJudgement = messages.lentBytes + bound * STEP;
    counters.set(COLUMN.heldBytes, this.#published);
  }

  /** Bytes that the connections of all workers hold. */
  #total(): number {
    const { state } = this.#parts;
    let total = 0;
    for (let worker = 0; worker < state.workers; worker++) {
      total += state.counters(worker).get(COLUMN.heldBytes);
    }
    return total;
  }

  #keepBound(): void {
    const { bound, loop } = this.#parts;
    const isOverShare = this.#published > this.#share;
    if (isOverShare) this.#timer.set(loop.now + RECHECK);
    const total = this.#total();
    if (total > (isOverShare ? bound : bound * (1 + TOLERANCE))) {
      this.#endSome(total - bound * (1 - RESERVE), 0);
    }
  }

  #recheck(): void {
    this.#publish();
    this.#keepBound();
  }

  /** Ends connections that have held memory for `leastAge` milliseconds, until `count` bytes are free. */
  #endSome(count: number, leastAge: number): void {
    const { loop: { now }, counters } = this.#parts;
    if (now < this.#searchAgainAt) return;
    const enough = this.#held - count;
    for (const holder of this.#candidates(leastAge)) {
      if (this.#held <= enough) break;
      holder.shed();
      counters.add(COLUMN.endedByMemory, 1);
      this.#warn();
    }
    if (this.#held > enough) this.#searchAgainAt = now + FRUITLESS;
    this.#publish();
  }

  /** The largest and slowest first, by bytes times age: what they have cost so far. */
  #candidates(leastAge: number): MemoryHolder[] {
    const { connections, sockets, loop: { now } } = this.#parts;
    const candidates: { readonly holder: MemoryHolder; readonly cost: number }[] = [];
    for (const holder of [...connections, ...sockets?.refused() ?? []]) {
      const bytes = holder.heldBytes;
      const age = now - holder.heldSince;
      if (bytes < LEAST || age < leastAge) continue;
      candidates.push({ holder, cost: bytes * (Math.max(age, 0) + SAME_AGE) });
    }
    return candidates.sort((a, b) => b.cost - a.cost).map(({ holder }) => holder);
  }

  #warn(): void {
    this.#parts.warnings.say(
      "memory",
      `connections hold as much memory as --max-memory allows (${this.#parts.bound} bytes): the largest and ` +
        "slowest are ended, new bodies get 503, new WebSocket messages close 1013",
    );
  }
}
