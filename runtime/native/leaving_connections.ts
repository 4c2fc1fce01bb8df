/**
 * The connections of a worker that go on in the new server, which takes over.
 *
 * In: all connections of the worker. Out: those that can move, some at a time, as each is silent until it goes on there; and which is the
 * last time. What a connection is busy with gets a moment to end. The others are not touched: their owner ends them.
 */

import { type Loop, TimerNode, type Unmoved } from "../net/mod.ts";
import type { MovedConnection, OthersFollow } from "../thread/mod.ts";

/** Connections that move at once: each is silent until all of them go on in the new server. */
const MOVES_A_TURN = 64;
/** Milliseconds after which no more of them are asked: streams leave channels, apps compute, and it takes as long there as here. */
const TURN_TIME = 5;
/** Connections whose clients wait already that move at once: nobody is served meanwhile, so that their new server gets the processors. */
const FROZEN_A_TURN = 1_024;
/**
 * Milliseconds for which nobody is served after those were given up, if the new server does not go on with all of them before. Measured on two cores
 * with 2,000 WebSockets, all of them busy: the last of 870 that wait goes on after 260 to 420 ms; without this pause after 510 to 690.
 */
const LONGEST_PAUSE = 120;
/** Milliseconds until busy connections are looked at again, and for which they are waited for in all. */
const LOOK_INTERVAL = 100;
const PATIENCE = 1_000;

/** A connection that may move. */
export interface Movable {
  /** Whether its client waits since the channels were handed over. */
  readonly isFrozen?: boolean;
  /** Gives the connection up; or says why not, and nothing has happened. */
  move(): MovedConnection | Unmoved;
}

/** What it needs of the worker. */
export interface LeavingParts {
  readonly loop: Pick<Loop, "now" | "os" | "timers">;
  /** Whether the new server takes connections; false if it is gone. */
  takes(): boolean;
  /** Sends what was gathered, before connections move. */
  flush(): void;
  /** These were given up, and others follow: never, if they stay. */
  leave(connections: readonly MovedConnection[], others: OthersFollow): void;
  /** Waits until the new server goes on with all that were given up, but not longer than so many milliseconds. */
  awaitTaken(longest: number): void;
}

/** Gives up connections. */
export class LeavingConnections extends TimerNode {
  readonly #parts: LeavingParts;
  #left: Movable[] = [];
  /** Of those, the ones whose clients wait already. */
  #frozen: Movable[] = [];
  /** Those that were busy when they were asked. */
  #busy: Movable[] = [];
  #end = 0;

  constructor(parts: LeavingParts) {
    super();
    this.#parts = parts;
  }

  /** Whether some may still move. */
  get isWaiting(): boolean {
    return this.#left.length + this.#frozen.length + this.#busy.length > 0;
  }

  /** Begins with these: first with those whose clients wait already, and publishers are among them. The others are served until they move. */
  begin(connections: Iterable<Movable>): void {
    const all = [...connections];
    this.#frozen = all.filter(({ isFrozen }) => isFrozen === true);
    this.#left = all.filter(({ isFrozen }) => isFrozen !== true);
    this.#busy = [];
    this.#end = this.#parts.loop.now + PATIENCE;
    this.giveSome();
  }

  /** One more, which has come from the server before, unless all that are left stay. */
  add(connection: Movable): void {
    if (this.isWaiting) this.#left.push(connection);
  }

  /** All that are left stay: the server stops. */
  stay(): void {
    this.#left = [];
    this.#frozen = [];
    this.#busy = [];
    this.#parts.loop.timers.cancel(this);
  }

  /** Gives up some of those that are left. Called again when the new server goes on with these. */
  giveSome(): void {
    const { loop, takes, flush, leave, awaitTaken } = this.#parts;
    flush();
    if (!takes()) this.stay();
    const hasFrozen = this.#frozen.length > 0;
    for (let given = 0; given < FROZEN_A_TURN && this.#frozen.length > MOVES_A_TURN;) {
      const moved = this.#take(this.#frozen, Infinity);
      given += moved.length;
      if (moved.length > 0) leave(moved, "at once");
    }
    this.#left.push(...this.#busy.splice(0));
    const moved = hasFrozen
      ? this.#take(this.#frozen, Infinity)
      : this.#take(this.#left, loop.os.preciseMilliseconds() + TURN_TIME);
    const waits = this.#left.length + this.#frozen.length > 0 ||
      (this.#busy.length > 0 && loop.now < this.#end);
    if (!waits) this.stay();
    if (moved.length === 0 && waits) return loop.timers.set(this, loop.now + LOOK_INTERVAL);
    leave(moved, !waits ? "never" : hasFrozen ? "after all" : "after most");
    if (hasFrozen && waits) awaitTaken(LONGEST_PAUSE);
  }

  /** Gives up some of these, until that moment: one at least, if one can move. */
  #take(connections: Movable[], end: number): MovedConnection[] {
    const { os } = this.#parts.loop;
    const moved: MovedConnection[] = [];
    while (connections.length > 0 && moved.length < MOVES_A_TURN) {
      if (moved.length > 0 && os.preciseMilliseconds() > end) break;
      const connection = connections.pop()!; // there is one
      const result = connection.move();
      if (typeof result !== "string") moved.push(result);
      else if (result === "busy") this.#busy.push(connection);
    }
    // Most have little under way: they go on before the others have arrived.
    return moved.sort((a, b) => bytesOf(a) - bytesOf(b));
  }

  override onDeadline(): void {
    this.giveSome();
  }
}

function bytesOf({ unread, unsent }: MovedConnection): number {
  return unread.length + unsent.length;
}
