/**
 * The connections of a worker that go on in the new server, which takes over.
 *
 * In: all connections of the worker. Out: those that can move, some at a time, as each is silent until it goes on there; and which is the
 * last time. What a connection is busy with gets a moment to end. The others are not touched: their owner ends them.
 */

import { type Loop, TimerNode, type Unmoved } from "../net/mod.ts";
import type { MovedConnection } from "../thread/mod.ts";

/** Connections that move at once: each is silent until all of them go on in the new server. */
const MOVES_A_TURN = 64;
/** Milliseconds after which no more of them are asked: streams leave channels, apps compute, and it takes as long there as here. */
const TURN_TIME = 5;
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
  /** These were given up; `isLast`: all others stay. */
  leave(connections: readonly MovedConnection[], isLast: boolean): void;
}

/** Gives up connections. */
export class LeavingConnections extends TimerNode {
  readonly #parts: LeavingParts;
  #left: Movable[] = [];
  /** Those that were busy when they were asked. */
  #busy: Movable[] = [];
  #end = 0;

  constructor(parts: LeavingParts) {
    super();
    this.#parts = parts;
  }

  /** Whether some may still move. */
  get isWaiting(): boolean {
    return this.#left.length + this.#busy.length > 0;
  }

  /** Begins with these: first with those whose clients wait already, and publishers are among them. The others are served until they move. */
  begin(connections: Iterable<Movable>): void {
    const all = [...connections];
    // Taken from the end.
    this.#left = [
      ...all.filter(({ isFrozen }) => isFrozen !== true),
      ...all.filter(({ isFrozen }) => isFrozen === true),
    ];
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
    this.#busy = [];
    this.#parts.loop.timers.cancel(this);
  }

  /** Gives up some of those that are left. Called again when the new server goes on with these. */
  giveSome(): void {
    const { loop, takes, flush, leave } = this.#parts;
    flush();
    if (!takes()) this.stay();
    const moved: MovedConnection[] = [];
    this.#left.push(...this.#busy.splice(0));
    const end = loop.os.preciseMilliseconds() + TURN_TIME;
    while (this.#left.length > 0 && moved.length < MOVES_A_TURN) {
      if (moved.length > 0 && loop.os.preciseMilliseconds() > end) break;
      const connection = this.#left.pop()!; // there is one
      const result = connection.move();
      if (typeof result !== "string") moved.push(result);
      else if (result === "busy") this.#busy.push(connection);
    }
    const waits = this.#left.length > 0 || (this.#busy.length > 0 && loop.now < this.#end);
    if (!waits) this.stay();
    if (moved.length > 0 || !waits) leave(moved, !waits);
    else loop.timers.set(this, loop.now + LOOK_INTERVAL);
  }

  override onDeadline(): void {
    this.giveSome();
  }
}
