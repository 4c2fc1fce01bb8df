/**
 * The level of a line in the journal of systemd, by which `journalctl -p warning` finds it.
 *
 * In: JOURNAL_STREAM, see systemd.exec(5), and what standard error is. Out: what stands before a line there, see sd-daemon(3); nothing, if
 * standard error is not the journal.
 */

import { descriptorTarget, hasLibc } from "../os/mod.ts";

const STDERR = 2;
/** syslog(3) */
const PREFIX = { error: "<3>", warning: "<4>" } as const;

/** How important a line is. */
export type LineLevel = keyof typeof PREFIX;

/**
 * What stands before a line on standard error.
 *
 * @param journal the value of JOURNAL_STREAM
 * @param stderr what standard error is, as /proc/self/fd has it
 */
export function linePrefix(
  level: LineLevel,
  journal = Deno.env.get("JOURNAL_STREAM"),
  stderr = journal === undefined ? undefined : ownStderr(),
): string {
  const [, inode] = /^\d+:(\d+)$/.exec(journal ?? "") ?? [];
  // A process that inherits the variable may write elsewhere.
  return inode !== undefined && stderr === `socket:[${inode}]` ? PREFIX[level] : "";
}

function ownStderr(): string | undefined {
  return hasLibc() ? descriptorTarget(Deno.pid, STDERR) : undefined;
}
