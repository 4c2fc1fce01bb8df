/**
 * The event log, in the words of async_nostd, and the access log of one thread: whole, escaped lines. Nothing
 * here opens or writes a file:
 *
 * ```text
 * EventLog, AccessLog ──► LogBuffer (ring/: memory shared with the main thread)
 *                            ──► LogWriter (executor/: the only writer of a log) ──► LogFile (os/)
 * ```
 *
 * ```ts
 * import { EventLog, LineStamp } from "./mod.ts";
 * const clock = new LineStamp({ now: () => 0, epochMilliseconds: Date.now, writer: "w0" });
 * const log = new EventLog(null, clock); // null: disabled
 * log.accepted(5); // `2026-11-27T22:51:30.123Z w0 [ACCEPT] fd=5`
 * ```
 *
 * @module
 */

export type { AnsweredRequest } from "./access_line.ts";
export { AccessLog } from "./access_log.ts";
export { appPlace, errorLines, errorText, noteAppFile, withOwnAdvice } from "./error_lines.ts";
export { escapeControls, escapeText } from "./escape.ts";
export { EventLog } from "./event_log.ts";
export { LogLabel } from "./label.ts";
export { LineStamp } from "./line_stamp.ts";
