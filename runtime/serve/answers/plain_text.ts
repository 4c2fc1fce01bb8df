/**
 * The 400 answer to plain HTTP on the https port.
 *
 * In: nothing. Out: the answer, in plain text: the client has not begun TLS.
 */

import { shortAnswer } from "./short_answer.ts";

/** As nginx's 497, and Go's server. */
export const PLAIN_TEXT = shortAnswer(
  400,
  "This port speaks https: use https:// instead of http://",
);
