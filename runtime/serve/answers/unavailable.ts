/**
 * 503, for a connection that is one too many.
 *
 * In: nothing. Out: the answer, for whoever accepts connections: it is said before there is a session.
 */

import { shortAnswer } from "./short_answer.ts";

/** At the limit of connections, or stopping. */
export const UNAVAILABLE = shortAnswer(503, "No connection to spare, try again later", [
  ["Retry-After", "1"],
]);
