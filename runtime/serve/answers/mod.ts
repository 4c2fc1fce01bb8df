/**
 * One-line answers. They need no session: the acceptor thread loads this folder and nothing else of serve/.
 *
 * ```ts
 * import { shortAnswer } from "./mod.ts";
 * console.log(shortAnswer(418, "I am a teapot").status); // 418
 * ```
 *
 * @module
 */

export { lastAnswer, type ShortAnswer, shortAnswer, TEXT_PLAIN } from "./short_answer.ts";
export { PLAIN_TEXT } from "./plain_text.ts";
export { UNAVAILABLE } from "./unavailable.ts";
