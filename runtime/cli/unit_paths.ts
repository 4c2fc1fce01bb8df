/**
 * Makes the paths of a server's options absolute for a systemd unit, and checks them.
 *
 * In: options, their values, and the folder that they are relative to. Out: the same values with absolute
 * paths, what is wrong with a path, and whether the unit's sandbox hides it. Reads the status of files and
 * folders; opens and changes nothing.
 */

import { resolve } from "@std/path/posix/resolve";
import { type Named, type Option, PROGRAM_FLAGS, type ProgramFlag } from "./options/mod.ts";

/** Values of file options that name no file. */
const NO_FILES: readonly string[] = ["-", "off"];
/** The option whose value is `USER:FILE`. */
const USER_AND_FILE = "basic-auth";
/** The option whose values are rights of the app: `read=DIR` and `write=DIR` among them. */
const RIGHTS = "app-allow";
const PATH_RIGHT = /^(read|write)=(.+)$/s;

/** Paths that the sandbox hides, each with the setting that hides it. */
const HIDDEN: readonly (readonly [pattern: RegExp, setting: string])[] = [
  [/^\/(?:home|root|run\/user)(?:\/|$)/, "ProtectHome="],
  [/^\/(?:tmp|var\/tmp)(?:\/|$)/, "PrivateTmp="],
];

/** Folders that a unit can create for its service, each with its setting. */
const MADE_BY_UNIT: readonly (readonly [pattern: RegExp, setting: string])[] = [
  [/^\/run\/([^/]+)\/./, "RuntimeDirectory"],
  [/^\/var\/lib\/([^/]+)\/./, "StateDirectory"],
  [/^\/var\/cache\/([^/]+)\/./, "CacheDirectory"],
  [/^\/var\/log\/([^/]+)\/./, "LogsDirectory"],
];

/** `--config`, which is not an option of the server. */
export const CONFIG_FLAG: ProgramFlag = PROGRAM_FLAGS.find(({ flag }) => flag === "config")!;

/** An option that may name a path, or `--config`. */
export type PathOption = Pick<Option, "flag" | "names">;

/** What a path is for: as {@link Named}, or what the app may read or write. */
export type PathUse = Named | "app reads" | "app writes" | undefined;

/** The path in a value, or undefined if there is none. */
export function pathIn({ flag, names }: PathOption, value: string): string | undefined {
  if (flag === USER_AND_FILE) return value.slice(value.indexOf(":") + 1);
  if (flag === RIGHTS) return PATH_RIGHT.exec(value)?.[2];
  return names === undefined || NO_FILES.includes(value) ? undefined : value;
}

/** What the path in a value is for. */
export function useOfPath({ flag, names }: PathOption, value: string): PathUse {
  if (flag !== RIGHTS) return names;
  return value.startsWith("write=") ? "app writes" : "app reads";
}

/** The value with its path made absolute; of several rights, each. */
export function absoluteValue(option: PathOption, value: string, folder: string): string {
  if (option.flag !== RIGHTS) return absolutePart(option, value, folder);
  return value.split(",").map((right) => absolutePart(option, right, folder)).join(",");
}

function absolutePart(option: PathOption, value: string, folder: string): string {
  const path = pathIn(option, value);
  if (path === undefined) return value;
  return value.slice(0, value.length - path.length) + resolve(folder, path);
}

/** What is wrong with a path that the server reads; undefined: nothing, or this user cannot know. */
export function faultOfPath(use: PathUse, path: string): string | undefined {
  // What the app may read and write may come into being later.
  if (use === "new file" || use === "app reads" || use === "app writes") return undefined;
  const status = statusOf(path);
  if (status === null) return "does not exist";
  if (status === undefined) return undefined;
  if (use === "folder") return status.isDirectory ? undefined : "is not a folder";
  return status.isDirectory ? "is a folder, not a file" : undefined;
}

/** What the server cannot do with a path in the unit; undefined: nothing. */
export function sandboxNote(use: PathUse, path: string): string | undefined {
  const hidden = hidingSetting(path);
  if (hidden !== undefined) {
    return `the unit's sandbox hides it (${hidden}): move it, for example to /srv`;
  }
  if (use === "app writes") {
    return madeByUnit(`${path}/.`) === undefined
      ? "the unit may not write there (ProtectSystem=strict): name a folder in /var/lib/async-deno/, which the unit " +
        "creates, or add ReadWritePaths="
      : undefined;
  }
  if (use === "new file") {
    return madeByUnit(path) === undefined
      ? "the unit may not write there (ProtectSystem=strict): name a file in /var/log/async-deno/ or " +
        "/run/async-deno/, which the unit creates"
      : undefined;
  }
  const { mode = null } = statusOf(path) ?? {};
  if (mode === null || (mode & 0o004) !== 0) return undefined;
  return "not all users may read it, and the unit runs as its own user: add the file's group with " +
    "SupplementaryGroups=";
}

/** The setting of the unit that hides the path, or the target of its symbolic links. */
export function hidingSetting(path: string): string | undefined {
  const paths = [path, realPath(path)];
  return HIDDEN.find(([pattern]) => paths.some((each) => pattern.test(each)))?.[1];
}

/** The setting with which the unit creates the folder of a new file, as `LogsDirectory=async-deno`. */
export function madeByUnit(path: string): string | undefined {
  for (const [pattern, setting] of MADE_BY_UNIT) {
    const name = pattern.exec(path)?.[1];
    if (name !== undefined) return `${setting}=${name}`;
  }
  return undefined;
}

/** Null: it does not exist; undefined: this user may not know. */
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
