/**
 * What an HTTP connection waits for, and until when.
 *
 * In: the beginning of a request, bytes of its body, and at the end of each batch the next phase. Out: the
 * deadline, and the counter for a timeout. A body's deadline moves with the bytes received; all others
 * count from the start of the wait.
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
/** A handler's promise, or the end of a stream: without a deadline, unless the handler has one. */
export const HANDLER = 3;

/**
 * While the server stops: milliseconds that a connection's first request may still be on its way. If a new server takes over: any
 * request, so that an active client is told by its last answer that the connection ends.
 */
export const LAST_REQUEST = 500;

/** The wait of one connection. Times are the loop's milliseconds. */
export class HttpWait {
  /** IDLE, HEAD, BODY or HANDLER. */
  phase = IDLE;
  /** When the current wait began. */
  since = 0;
  /** Requests that have begun. */
  requests = 0;
  /** Milliseconds that the current request's handler may take; 0: no limit. */
  handlerTime = 0;
  /** The server stops, and the connection is told: it is not idle for long. */
  isEnding = false;
  #bodyReceived = 0;

  /** A connection was accepted at `now`. */
  begin(now: number): void {
    this.phase = IDLE;
    this.since = now;
    this.requests = 0;
    this.handlerTime = 0;
    this.isEnding = false;
    this.#bodyReceived = 0;
  }

  /** A request's head is complete. */
  beginRequest(now: number): void {
    this.requests++;
    this.since = now;
    this.#bodyReceived = 0;
  }

  /** `count` bytes of its body were received. */
  receivedBody(count: number): void {
    this.#bodyReceived += count;
  }

  /** A batch is done; `phase` is what the connection waits for now. */
  settle(phase: number, now: number): void {
    if (phase !== this.phase || phase === IDLE) this.since = now;
    this.phase = phase;
  }

  /** The deadline of the current wait. */
  deadline(limits: ConnectionLimits): number {
    switch (this.phase) {
      case IDLE:
        if (this.isEnding) return this.since + LAST_REQUEST;
        return this.since + (this.requests === 0 ? limits.headTime : limits.idleTime);
      case HEAD:
        return this.since + limits.headTime;
      case BODY:
        return this.since + limits.headTime + this.#bodyReceived / limits.bodyRate * 1000;
      default:
        return this.handlerTime === 0 ? NEVER : this.since + this.handlerTime;
    }
  }

  /** The counter of a deadline that has passed. */
  timeoutColumn(): Column {
    if (this.phase === BODY) return COLUMN.timeoutsBody;
    if (this.phase === HANDLER) return COLUMN.timeoutsApp;
    return this.phase === IDLE && this.requests > 0 ? COLUMN.timeoutsIdle : COLUMN.timeoutsHead;
  }
}
