/**
 * Counts the bytes that the connections of one worker send and receive, over either transport.
 *
 * In: the reports of a transport. Out: the worker's columns of bytes received, sent and waiting.
 */

import type { Traffic } from "../../net/mod.ts";
import { COLUMN, type Counters } from "../../ring/mod.ts";

/** The traffic of one worker, in its block of counters. */
export class TrafficCounter implements Traffic {
  readonly #counters: Counters;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  received(count: number): void {
    this.#counters.add(COLUMN.bytesReceived, count);
  }

  sent(count: number): void {
    this.#counters.add(COLUMN.bytesSent, count);
  }

  queued(count: number): void {
    this.#counters.add(COLUMN.bytesQueued, count);
  }

  unqueued(count: number): void {
    this.#counters.add(COLUMN.bytesUnqueued, count);
  }

  stalled(): void {
    this.#counters.add(COLUMN.timeoutsWrite, 1);
  }
}
