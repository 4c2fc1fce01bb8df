/**
 * The event log, in the lines that the seed wrote, and the access log: buffered per thread, whole, and
 * safe to read.
 *
 * ```ts
 * import { LinuxOs } from "../../os/mod.ts";
 * import { Log } from "./mod.ts";
 * const log = new Log(new LinuxOs(), -1, { failed() {}, dropped() {} }); // -1: switched off
 * log.accepted(5); // `[ACCEPT] fd=5`
 * log.flush();
 * ```
 *
 * @module
 */

export { AccessLog } from "./access_log.ts";
export { escapeText } from "./escape.ts";
export { LogLabel } from "./label.ts";
export type { LogFailure } from "./line_buffer.ts";
export { Log } from "./log.ts";
export { openPlainLogs, type ThreadLogs } from "./plain_logs.ts";
