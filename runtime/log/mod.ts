/**
 * The event log: the lines that the seed wrote, buffered per thread, whole, and safe to read.
 *
 * ```ts
 * import { LinuxOs } from "../os/mod.ts";
 * import { Log } from "./mod.ts";
 * const log = new Log(new LinuxOs(), -1, { failed() {}, dropped() {} }); // -1: switched off
 * log.accepted(5); // `[ACCEPT] fd=5`
 * log.flush();
 * ```
 *
 * @module
 */

export { escapeText } from "./escape.ts";
export { LogLabel } from "./label.ts";
export { Log, type LogFailure } from "./log.ts";
