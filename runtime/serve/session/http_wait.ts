/**
 * What an HTTP connection waits for, and until when.
 *
 * In: the beginning of a request, bytes of its body, and at the end of each batch what is waited for
 * next. Out: the deadline, and under which name its passing counts. A body's deadline moves with what
 * has come of it; all others count from when the wait began.
 */

import type { ConnectionLimits } from "../../config/mod.ts";
import { NEVER } from "../../net/mod.ts";
import { COLUMN, type Column } from "../../ring/mod.ts";

/** The next request. */
export const IDLE = 0;
/** The rest of a request's head. */
export const HEAD = 1;
/** The rest of its body. */
export const BODY = 2;
/** A handler's promise: as long as it takes. */
export const HANDLER = 3;

/** While stopping: how long a connection's first request may still be on its way, in ms. */
export const LAST_REQUEST = 500;

/** One connection's. Times are the loop's milliseconds. */
export class HttpWait {
  /** IDLE, HEAD, BODY or HANDLER. */
  phase = IDLE;
  /** When the wait for what is under way began. */
  since: number;
  /** Requests that have begun. */
  requests = 0;
  #bodyReceived = 0;

  /** @param now when the connection was taken */
  constructor(now: number) {
    this.since = now;
  }

  /** A request's head is there. */
  beginRequest(now: number): void {
    this.requests++;
    this.since = now;
    this.#bodyReceived = 0;
  }

  /** `count` bytes of its body have come. */
  receivedBody(count: number): void {
    this.#bodyReceived += count;
  }

  /** A batch is done, and this is waited for. */
  settle(phase: number, now: number): void {
    if (phase !== this.phase || phase === IDLE) this.since = now;
    this.phase = phase;
  }

  /** When the peer's time is over. */
  deadline(limits: ConnectionLimits, draining: boolean): number {
    switch (this.phase) {
      case IDLE:
        if (draining) return this.since + LAST_REQUEST;
        return this.since + (this.requests === 0 ? limits.headTime : limits.idleTime);
      case HEAD:
        return this.since + limits.headTime;
      case BODY:
        return this.since + limits.headTime + this.#bodyReceived / limits.bodyRate * 1000;
      default:
        return NEVER;
    }
  }

  /** What a deadline that has passed counts as. */
  timeoutColumn(): Column {
    if (this.phase === BODY) return COLUMN.timeoutsBody;
    return this.phase === IDLE && this.requests > 0 ? COLUMN.timeoutsIdle : COLUMN.timeoutsHead;
  }
}
