/**
 * The access log of one thread: a line for every request that was answered.
 *
 * In: answered requests. Out: whole lines for the log's writer; the thread calls `flush` and `close` as it
 * does for the event log. Names connections and requests: `worker-connection-request`.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { AccessFormat } from "../../config/mod.ts";
import type { LogBuffer } from "../../ring/mod.ts";
import { accessLine, requestId } from "./access_line.ts";
import type { LineClock } from "./line_clock.ts";

/** What the access log is made with. */
export interface AccessLogOptions {
  /** Where lines go. */
  readonly lines: LogBuffer;
  readonly clock: LineClock;
  readonly format: AccessFormat;
  /** Number of the worker. */
  readonly worker: number;
}

/** A request as its session knows it. */
export interface AnsweredRequest {
  /** The head; null where none could be read. */
  readonly request: RequestHead | null;
  /** The client's address, as text. */
  readonly address: string;
  /** Who asked, if that was proven. */
  readonly user: string | null;
  readonly status: number;
  /** Bytes of the answer's body. */
  readonly bytes: number;
  readonly microseconds: number;
  /** Number of the connection, by {@link AccessLog.nextConnection}, and of the request on it. */
  readonly connection: number;
  readonly requestNumber: number;
}

/** The access log of one thread. */
export class AccessLog {
  readonly #options: AccessLogOptions;
  #connections = 0;

  constructor(options: AccessLogOptions) {
    this.#options = options;
  }

  /** Whether lines wait to be written. */
  get pending(): boolean {
    return this.#options.lines.pending;
  }

  /** A number for one more connection, from 1. */
  nextConnection(): number {
    return ++this.#connections;
  }

  /** Writes the line of a request. */
  answered(of: AnsweredRequest): void {
    const { lines, clock, worker, format } = this.#options;
    if (!lines.begin()) return;
    const { request, address, user, status, bytes, microseconds } = of;
    const id = requestId(request, `${worker}-${of.connection}-${of.requestNumber}`);
    const time = clock.epochMilliseconds();
    const known = { time, id, address, user, request, status, bytes, microseconds, worker };
    lines.line(accessLine(known, format));
  }

  /** Hands over what waits. */
  flush(): void {
    this.#options.lines.flush();
  }

  /** The same at the thread's end: nothing follows. */
  close(): void {
    this.#options.lines.close();
  }
}
