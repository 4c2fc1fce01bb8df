/**
 * The access log of one thread: one line for each answered request.
 *
 * In: answered requests. Out: whole lines for the log's writer; the thread calls `flush` and `close` as it
 * does for the event log. Creates the ids of requests: `worker-connection-request`.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { AccessFormat } from "../../config/mod.ts";
import type { LogBuffer } from "../../ring/mod.ts";
import { accessLine, requestId } from "./access_line.ts";
import type { LineStamp } from "./line_stamp.ts";

/** The options of an access log. */
export interface AccessLogOptions {
  /** Receives the lines. */
  readonly lines: LogBuffer;
  readonly clock: LineStamp;
  readonly format: AccessFormat;
  /** Number of the worker. */
  readonly worker: number;
}

/** An answered request, from its session. */
export interface AnsweredRequest {
  /** The head; null if it could not be parsed. */
  readonly request: RequestHead | null;
  /** The client's address, as text. */
  readonly address: string;
  /** The authenticated user, or null. */
  readonly user: string | null;
  readonly status: number;
  /** Bytes of the response body. */
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

  /** The number of a new connection, from 1. */
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

  /** Hands the waiting lines over to the writer. */
  flush(): void {
    this.#options.lines.flush();
  }

  /** Hands over the last lines, when the thread ends. */
  close(): void {
    this.#options.lines.close();
  }
}
