/**
 * The parts of this folder that the thread of a log needs, which opens a file and writes to it. For modules that such a
 * thread loads, because every module costs time and memory in each thread that loads it; all other modules import
 * mod.ts.
 *
 * ```ts
 * import { countLines } from "./logs.ts";
 * console.log(countLines(new TextEncoder().encode("one\ntwo\n"))); // 2
 * ```
 *
 * @module
 */

export { EAGAIN, errnoName, errnoText } from "./errno.ts";
export { countLines, type LogFile } from "./log_file.ts";
export { openLogFile } from "./open_log_file.ts";
export { SystemError } from "./system_error.ts";
