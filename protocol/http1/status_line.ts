/**
 * Status lines, RFC 9112 section 4.
 *
 * In: a status code. Out: `HTTP/1.1 200 OK` and its CRLF, as bytes that the caller must not change. Called
 * by the response encoder. Each line is made on first use; there are at most 500. The version is always
 * 1.1, also in answers to HTTP/1.0: it states what the server supports (RFC 9110 section 6.2).
 */
import { STATUS_TEXT } from "@std/http/status";
import { latin1Bytes } from "../ascii.ts";

const LOWEST = 100;
const HIGHEST = 599;

const phrases: Readonly<Record<number, string>> = STATUS_TEXT;
const lines: (Uint8Array<ArrayBuffer> | undefined)[] = new Array(HIGHEST + 1).fill(undefined);

/** The status line of `status`. Throws RangeError unless it is an integer from 100 to 599. */
export function statusLine(status: number): Uint8Array<ArrayBuffer> {
  const known = lines[status];
  if (known !== undefined) return known;
  if (!Number.isInteger(status) || status < LOWEST || status > HIGHEST) {
    throw new RangeError(`Cannot answer with status ${status}: it must be from 100 to 599`);
  }
  // The reason phrase may be empty; the space before it is required.
  const line = latin1Bytes(`HTTP/1.1 ${status} ${phrases[status] ?? ""}\r\n`);
  lines[status] = line;
  return line;
}
