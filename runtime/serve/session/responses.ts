/**
 * Answers that sessions give for any route: path not found, method not allowed, handler failed
 * or too slow.
 *
 * In: for 405 the methods of the route. Out: answers, most of them made once. Each text is one short line,
 * which tells a person what to do next.
 */

import { STATUS_TEXT } from "@std/http/status";
import { type ShortAnswer, shortAnswer } from "../answers/mod.ts";

const NOTHING = new Uint8Array(0);

/** A status with its reason phrase: `404 Not Found`. */
export function statusLine(status: number): string {
  const texts: Record<number, string | undefined> = STATUS_TEXT;
  return `${status} ${texts[status] ?? "Unknown"}`;
}

/** 404: nothing is at that path. */
export const NOT_FOUND: ShortAnswer = shortAnswer(404, "Not found");

/** 403: a page of a foreign origin asks for a WebSocket. */
export const FOREIGN_ORIGIN: ShortAnswer = shortAnswer(
  403,
  "This origin may not open a WebSocket here: see --origin",
);

/** 500: a handler failed; the log has the reason. */
export const FAILED: ShortAnswer = shortAnswer(500, "The server failed to answer");

/** 504: the app has not answered in time. */
export const TIMED_OUT: ShortAnswer = shortAnswer(504, "The app did not answer in time");

/** What a client is told while connections hold as much memory as they may. */
export const MEMORY_TEXT = "The server is short of memory, try again later";
/** When to try again: the memory of a body that comes at a usual speed is free by then. */
export const RETRY_AFTER = ["Retry-After", "1"] as const;

/** 503: a body that would need memory. */
export const SHORT_OF_MEMORY: ShortAnswer = shortAnswer(503, MEMORY_TEXT, [RETRY_AFTER]);

/**
 * The answer to a method that the path's handler does not answer: 204 to OPTIONS, otherwise 405. Both list the
 * allowed methods (RFC 9110 sections 9.3.7 and 15.5.6); OPTIONS is allowed for every path.
 */
export function otherMethod(method: string, methods: readonly string[]): ShortAnswer {
  const allow = (methods.includes("OPTIONS") ? methods : [...methods, "OPTIONS"]).join(", ");
  if (method === "OPTIONS") return { status: 204, fields: [["Allow", allow]], body: NOTHING };
  return shortAnswer(405, `Method not allowed; allowed here: ${allow}`, [["Allow", allow]]);
}
