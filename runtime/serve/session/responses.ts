/**
 * Answers that any route may give: no such path, wrong method, our own failure.
 *
 * Out: heads and texts made once. Texts are one short line; they tell a person what to do next.
 */

import { STATUS_TEXT } from "@std/http/status";
import { type ShortAnswer, shortAnswer } from "../answers/mod.ts";

const NOTHING = new Uint8Array(0);

/** The words of a status, `404 Not Found`. */
export function statusLine(status: number): string {
  const texts: Record<number, string | undefined> = STATUS_TEXT;
  return `${status} ${texts[status] ?? "Unknown"}`;
}

/** 404: nothing is at that path. */
export const NOT_FOUND: ShortAnswer = shortAnswer(404, "Not found");

/** 403: a page from elsewhere asks for a WebSocket. */
export const FOREIGN_ORIGIN: ShortAnswer = shortAnswer(
  403,
  "This origin may not open a WebSocket here: see --origin",
);

/** 500: a handler failed; the log has the reason. */
export const FAILED: ShortAnswer = shortAnswer(500, "The server failed to answer");

/**
 * The answer to a method that the path's handler does not: 204 to OPTIONS, else 405, both with the methods
 * that are (RFC 9110 sections 9.3.7 and 15.5.6). OPTIONS is one of them for every path.
 */
export function otherMethod(method: string, methods: readonly string[]): ShortAnswer {
  const allow = (methods.includes("OPTIONS") ? methods : [...methods, "OPTIONS"]).join(", ");
  if (method === "OPTIONS") return { status: 204, fields: [["Allow", allow]], body: NOTHING };
  return shortAnswer(405, `Method not allowed; allowed here: ${allow}`, [["Allow", allow]]);
}
