/**
 * Tells of an error of the app: the log gets its calls in the app's code, the operator the first of them.
 *
 * In: what has failed, and what was thrown. Out: lines of the log, and a warning, limited in rate. The caller counts it.
 */

import { errorLines, escapeControls, type EventLog } from "../../observe/log/mod.ts";
import type { Warnings } from "../../thread/mod.ts";

/** Tells of an error. */
export function noteAppFault(
  { log, warnings }: { readonly log: EventLog; readonly warnings: Warnings },
  what: string,
  error: unknown,
): void {
  const [first = "", ...frames] = errorLines(error);
  log.note("APP", `${what}: ${first}`);
  for (const frame of frames) log.note("APP", frame.trim());
  const where = frames[0] === undefined ? "" : ` ${frames[0].trim()}`;
  warnings.say(what, escapeControls(`the app: ${what}: ${first}${where}`));
}
