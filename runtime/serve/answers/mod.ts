/**
 * Short answers, for threads that have no sessions too: the acceptor loads these and nothing else of serve/.
 *
 * ```ts
 * import { shortAnswer } from "./mod.ts";
 * console.log(shortAnswer(418, "I am a teapot").status); // 418
 * ```
 *
 * @module
 */

export { lastAnswer, type ShortAnswer, shortAnswer, TEXT_PLAIN } from "./short_answer.ts";
export { UNAVAILABLE } from "./unavailable.ts";
