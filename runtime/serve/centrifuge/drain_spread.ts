/**
 * Ends the clients of a worker when the server stops: spread over some time, so that they do not all come back at once, and few in
 * each turn, so that the worker serves the others meanwhile.
 *
 * In: clients, as the sessions are told of the stop. Out: the end of each, with 3001. The first one ends at once, and of n clients the
 * one with the number i after i/n of the time, as far as the loop's timers, which tick 8 times a second, tell. Clients that have left by then take no place. A client goes on as before until then.
 */

import { DISCONNECTS } from "../../../protocol/centrifuge/mod.ts";
import { type Deferred, type Loop, TimerNode } from "../../net/mod.ts";

/** Clients that a turn ends: each leaves its channels, which takes some 20 µs. */
const CLOSES_A_TURN = 32;

/** A client, as far as it is needed here. */
export interface Drainable {
  readonly isClosed: boolean;
  disconnect(reason: typeof DISCONNECTS.SHUTDOWN): void;
}

/** The clients of one worker that are to end. */
export class DrainSpread extends TimerNode implements Deferred {
  readonly #loop: Pick<Loop, "defer" | "now" | "timers">;
  readonly #time: number;
  readonly #clients: Drainable[] = [];
  /** How many of them have ended. */
  #done = 0;
  #since = -1;
  #isDeferred = false;

  /** @param time milliseconds between the first and the last, nearly */
  constructor(loop: Pick<Loop, "defer" | "now" | "timers">, time: number) {
    super();
    this.#loop = loop;
    this.#time = time;
  }

  /** The server is stopping: the client is to end. */
  add(client: Drainable): void {
    if (this.#since < 0) this.#since = this.#loop.now;
    this.#clients.push(client);
    // All have come before the next turn.
    this.#defer();
  }

  onTurn(): void {
    this.#isDeferred = false;
    this.#step();
  }

  override onDeadline(): void {
    this.#step();
  }

  #step(): void {
    let closes = 0;
    while (this.#done < this.#clients.length && closes < CLOSES_A_TURN) {
      const at = this.#dueAt(this.#done);
      if (at > this.#loop.now) return this.#loop.timers.set(this, at);
      const client = this.#clients[this.#done++]!; // below the length
      if (client.isClosed) continue;
      client.disconnect(DISCONNECTS.SHUTDOWN);
      closes++;
    }
    if (this.#done < this.#clients.length) this.#defer();
  }

  #dueAt(index: number): number {
    return this.#since + this.#time * index / this.#clients.length;
  }

  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#loop.defer(this);
  }
}
