/**
 * 503, for a connection that is one too many.
 *
 * For whoever accepts connections: it is said before a session is there. Never changes, so it is encoded once.
 */

import { shortAnswer } from "./short_answer.ts";

/** At the limit of connections, or stopping. */
export const UNAVAILABLE = shortAnswer(503, "No connection to spare, try again later", [
  ["Retry-After", "1"],
]);
