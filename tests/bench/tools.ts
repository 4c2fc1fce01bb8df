/**
 * Finds the external programs that the benchmark needs, or states how to install them.
 *
 * In: names. Out: a path, or a {@link Missing} that the report shows with the command that installs it.
 */

import { isFile } from "../support/is_file.ts";

/** A program that is not installed. */
export interface Missing {
  /** What is missing, in a few words. */
  readonly missing: string;
  /** The command that installs it. */
  readonly install: string;
}

/** Says on standard error what is missing. @returns the exit code */
export function missing(what: string): number {
  console.error(`missing ${what}`);
  return 1;
}

/** Whether a search found nothing. */
export function isMissing(found: object): found is Missing {
  return "missing" in found;
}

/**
 * The path of a program on PATH, or undefined. /usr/sbin is searched too: it contains servers, and is
 * usually not on the PATH of ordinary users.
 */
export function findProgram(name: string): string | undefined {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin"];
  return folders.filter((folder) => folder !== "").map((folder) => `${folder}/${name}`).find(
    isFile,
  );
}

/** The version of a program: the first version number in its output. */
export async function versionOf(program: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout) + decoder.decode(stderr);
  return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? "unknown";
}
