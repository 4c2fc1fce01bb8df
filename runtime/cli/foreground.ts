/**
 * Whether this process is in the foreground of its terminal: only then it may write there what the next text replaces. A process that a
 * shell runs in the background would overwrite what the user types.
 *
 * In: /proc/self/stat. Out: true, if there is none to read. Called once a second at most.
 */

import { hasLibc, readText } from "../os/mod.ts";

/** Places behind the name, see proc(5): its process group, and that in the foreground of its terminal. */
const [GROUP, FOREGROUND_GROUP] = [2, 5];

/** Whether it is now. @param stat the contents of /proc/self/stat; default: as they are */
export function isInForeground(stat = ownStat()): boolean {
  // A name may have anything in it, also parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[GROUP] === fields[FOREGROUND_GROUP];
}

function ownStat(): string {
  return hasLibc() ? readText("/proc/self/stat") : "";
}
