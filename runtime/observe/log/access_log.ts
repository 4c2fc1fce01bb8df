/**
 * The access log of one thread: one line for each answered request.
 *
 * In: answered requests. Out: whole lines for the log's writer; the thread calls `flush` and `close` as it
 * does for the event log. What a line has of a head that its client repeats is prepared once, and kept with the head.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { AccessFormat } from "../../config/mod.ts";
import type { LogBuffer } from "../../ring/mod.ts";
import { type AccessLine, type AnsweredRequest, LineHead } from "./access_line.ts";
import { CombinedLine } from "./combined_line.ts";
import { JsonLine } from "./json_line.ts";
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

/** The access log of one thread. */
export class AccessLog {
  readonly #lines: LogBuffer;
  readonly #clock: LineStamp;
  readonly #format: AccessLine;
  // For input that is no request.
  readonly #noHead: LineHead;
  // For a head that its client has not repeated.
  readonly #newHead: LineHead;
  #connections = 0;

  constructor({ lines, clock, format, worker }: AccessLogOptions) {
    this.#lines = lines;
    this.#clock = clock;
    this.#format = format === "json" ? new JsonLine(worker) : new CombinedLine(worker);
    this.#noHead = new LineHead(this.#format, null);
    this.#newHead = new LineHead(this.#format, null);
  }

  /** Whether lines wait to be written. */
  get pending(): boolean {
    return this.#lines.pending;
  }

  /** The number of a new connection, from 1. */
  nextConnection(): number {
    return ++this.#connections;
  }

  /** Writes the line of a request. */
  answered(of: AnsweredRequest): void {
    const lines = this.#lines;
    if (!lines.begin()) return;
    const { request } = of;
    const head = request === null ? this.#noHead : this.#headOf(request);
    this.#format.write(lines, of, head, this.#clock.epochMilliseconds());
  }

  /** Hands the waiting lines over to the writer. */
  flush(): void {
    this.#lines.flush();
  }

  /** Hands over the last lines, when the thread ends. */
  close(): void {
    this.#lines.close();
  }

  /** The prepared parts of a head. */
  #headOf(request: RequestHead): LineHead {
    const { memo } = request;
    if (memo instanceof LineHead && memo.format === this.#format) return memo;
    if (request.isRepeated) {
      const kept = new LineHead(this.#format, request);
      request.memo = kept;
      return kept;
    }
    this.#newHead.prepare(request);
    return this.#newHead;
  }
}
