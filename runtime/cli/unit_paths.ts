/**
 * The paths of a server that is to run as a unit: made absolute, and looked at.
 *
 * In: options, their values, and the folder that they are relative to. Out: the same values with absolute
 * paths, what is wrong with a path, and what the unit's sandbox would not let the server see of it.
 * Looks at files and folders; opens and changes nothing.
 */

import { resolve } from "@std/path/posix/resolve";
import { type Option, PROGRAM_FLAGS, type ProgramFlag } from "./options/mod.ts";

/** Values of options that take a file, but are none. */
const NO_FILES: readonly string[] = ["-", "off"];
/** What stands before the path: `USER:FILE`. */
const USER_AND_FILE = "basic-auth";

/** What the sandbox hides, by the setting that does. */
const HIDDEN: readonly (readonly [pattern: RegExp, setting: string])[] = [
  [/^\/(?:home|root|run\/user)(?:\/|$)/, "ProtectHome="],
  [/^\/(?:tmp|var\/tmp)(?:\/|$)/, "PrivateTmp="],
];

/** Folders that a unit makes for its service, by the setting that does. */
const MADE_BY_UNIT: readonly (readonly [pattern: RegExp, setting: string])[] = [
  [/^\/run\/([^/]+)\/./, "RuntimeDirectory"],
  [/^\/var\/lib\/([^/]+)\/./, "StateDirectory"],
  [/^\/var\/cache\/([^/]+)\/./, "CacheDirectory"],
  [/^\/var\/log\/([^/]+)\/./, "LogsDirectory"],
];

/** `--config`, which is no option of the server. */
export const CONFIG_FLAG: ProgramFlag = PROGRAM_FLAGS.find(({ flag }) => flag === "config")!;

/** An option that may name a path, or `--config`. */
export type PathOption = Pick<Option, "flag" | "names">;

/** The path in a value, or undefined if there is none. */
export function pathIn({ flag, names }: PathOption, value: string): string | undefined {
  if (flag === USER_AND_FILE) return value.slice(value.indexOf(":") + 1);
  return names === undefined || NO_FILES.includes(value) ? undefined : value;
}

/** The value with its path made absolute. */
export function absoluteValue(option: PathOption, value: string, folder: string): string {
  const path = pathIn(option, value);
  if (path === undefined) return value;
  return value.slice(0, value.length - path.length) + resolve(folder, path);
}

/** What is wrong with a path that is to be read; undefined: nothing, or it cannot be told. */
export function faultOfPath({ names }: PathOption, path: string): string | undefined {
  if (names === "new file") return undefined;
  const status = statusOf(path);
  if (status === null) return "is not there";
  if (status === undefined) return undefined;
  if (names === "folder") return status.isDirectory ? undefined : "is not a folder";
  return status.isDirectory ? "is a folder, not a file" : undefined;
}

/** What the server could not do with a path in the unit; undefined: nothing. */
export function sandboxNote({ names }: PathOption, path: string): string | undefined {
  const hidden = hidingSetting(path);
  if (hidden !== undefined) {
    return `the unit does not see it there (${hidden}): move it, to /srv say`;
  }
  if (names === "new file") {
    return madeByUnit(path) === undefined
      ? "the unit may not write there (ProtectSystem=strict): name a file in /var/log/async-deno/ or " +
        "/run/async-deno/, which the unit makes"
      : undefined;
  }
  const { mode = null } = statusOf(path) ?? {};
  if (mode === null || (mode & 0o004) !== 0) return undefined;
  return "not everybody may read it, and the unit has a user of its own: name its group with " +
    "SupplementaryGroups=";
}

/** The setting of the unit that hides the path, or what it leads to. */
export function hidingSetting(path: string): string | undefined {
  const paths = [path, realPath(path)];
  return HIDDEN.find(([pattern]) => paths.some((each) => pattern.test(each)))?.[1];
}

/** The setting that has the unit make the folder of a new file, as `LogsDirectory=async-deno`. */
export function madeByUnit(path: string): string | undefined {
  for (const [pattern, setting] of MADE_BY_UNIT) {
    const name = pattern.exec(path)?.[1];
    if (name !== undefined) return `${setting}=${name}`;
  }
  return undefined;
}

/** Null: it is not there; undefined: this user may not know. */
function statusOf(path: string): Deno.FileInfo | null | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isMissing = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    return isMissing ? null : undefined;
  }
}

function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return path;
  }
}
