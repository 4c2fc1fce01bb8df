/**
 * The 503 answer to a connection above the connection limit.
 *
 * In: nothing. Out: the answer. The code that accepts connections sends it before there is a session.
 */

import { shortAnswer } from "./short_answer.ts";

/** Sent at the connection limit, and while the server stops. */
export const UNAVAILABLE = shortAnswer(503, "No more connections at the moment, try again later", [
  ["Retry-After", "1"],
]);
