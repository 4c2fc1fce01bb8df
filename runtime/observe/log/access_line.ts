/**
 * What the formats of the access log share: an answered request, and the parts of its line that depend on its head alone.
 *
 * In: a request's head. Out: those parts as prepared bytes, for combined_line.ts or json_line.ts, which write the line
 * around them.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { LogBuffer } from "../../ring/mod.ts";
import { LinePiece } from "./line_piece.ts";

/** An answered request, from its session. */
export interface AnsweredRequest {
  /** The head; null if it could not be parsed: 400, 408, 431 … */
  readonly request: RequestHead | null;
  /** The client's address, as text. */
  readonly address: string;
  /** The authenticated user, or null. */
  readonly user: string | null;
  readonly status: number;
  /** Bytes of the response body. */
  readonly bytes: number;
  /** From the complete head of the request to the complete response. */
  readonly microseconds: number;
  /** Number of the connection, by `AccessLog.nextConnection`, and of the request on it. */
  readonly connection: number;
  readonly requestNumber: number;
}

/** A format of the access log, for one thread. */
export interface AccessLine {
  /** Number of the worker. */
  readonly worker: number;
  /** Sets the parts of a line that depend on the head. */
  prepare(head: LineHead, request: RequestHead | null): void;
  /**
   * Writes a line of ASCII, with its line end.
   *
   * @param of its head is the one that `head` was prepared for; @param time milliseconds since 1970
   */
  write(lines: LogBuffer, of: AnsweredRequest, head: LineHead, time: number): void;
}

/** The parts of a line that depend on the request's head. */
export class LineHead {
  /** For which format they are. */
  readonly format: AccessLine;
  /** The method, the target and the version. */
  readonly asked = new LinePiece();
  /** Referer and User-Agent. */
  readonly client = new LinePiece();
  /** The id that the client or a proxy chose; null: the server does. */
  id: string | null = null;

  constructor(format: AccessLine, request: RequestHead | null) {
    this.format = format;
    this.prepare(request);
  }

  /** Replaces all parts by those of this head. */
  prepare(request: RequestHead | null): void {
    this.asked.clear();
    this.client.clear();
    this.id = validId(request?.field("x-request-id"));
    this.format.prepare(this, request);
  }
}

/** The ids of clients and proxies that are used. */
const VALID_ID = /^[\w.:+/=@-]{1,64}$/;

/** Writes the request's own id, or `worker-connection-request`: unique within one run of the server. */
export function writeId(lines: LogBuffer, of: AnsweredRequest, { id, format }: LineHead): void {
  if (id !== null) return lines.text(id);
  lines.number(format.worker);
  lines.text("-");
  lines.number(of.connection);
  lines.text("-");
  lines.number(of.requestNumber);
}

/** The id that a request has brought, if that is valid. */
function validId(given: string | undefined): string | null {
  return given !== undefined && VALID_ID.test(given) ? given : null;
}
