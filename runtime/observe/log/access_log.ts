/**
 * The access log of one thread: a line for every request that was answered.
 *
 * In: answered requests. Out: whole lines, appended to one file by all threads; the thread calls `flush`
 * as it does for the event log. Names connections and requests: `worker-connection-request`.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { AccessFormat } from "../../config/mod.ts";
import type { Os } from "../../os/mod.ts";
import { accessLine, requestId } from "./access_line.ts";
import { LineBuffer, type LogFailure } from "./line_buffer.ts";

/** What the access log is made with. */
export interface AccessLogOptions {
  readonly os: Pick<Os, "write" | "epochMilliseconds">;
  /** An open file. */
  readonly descriptor: number;
  readonly format: AccessFormat;
  /** Number of the worker. */
  readonly worker: number;
  readonly failure: LogFailure;
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
  readonly #lines: LineBuffer;
  #connections = 0;

  constructor(options: AccessLogOptions) {
    this.#options = options;
    this.#lines = new LineBuffer(options.os, options.descriptor, options.failure);
  }

  /** Whether lines wait to be written. */
  get pending(): boolean {
    return this.#lines.pending;
  }

  /** A number for one more connection, from 1. */
  nextConnection(): number {
    return ++this.#connections;
  }

  /** Writes the line of a request. */
  answered(of: AnsweredRequest): void {
    const { os, worker, format } = this.#options;
    const { request, address, user, status, bytes, microseconds } = of;
    const id = requestId(request, `${worker}-${of.connection}-${of.requestNumber}`);
    const time = os.epochMilliseconds();
    this.#lines.begin();
    const known = { time, id, address, user, request, status, bytes, microseconds, worker };
    this.#lines.line(accessLine(known, format));
  }

  /** Writes what waits. */
  flush(): void {
    this.#lines.flush();
  }
}
