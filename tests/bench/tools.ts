/**
 * Programs that the benchmark needs and does not bring: where they are, or how to get them.
 *
 * In: names. Out: a path, or a {@link Missing} that the report shows with the command that installs it.
 */

import { isFile } from "../support/is_file.ts";

/** Something that is not installed here. */
export interface Missing {
  /** What, in a few words. */
  readonly missing: string;
  /** The command that installs it. */
  readonly install: string;
}

/** Whether a search ended in nothing. */
export function isMissing(found: object): found is Missing {
  return "missing" in found;
}

/**
 * The path of a program on PATH, or undefined. /usr/sbin is searched too: servers live there, and an
 * ordinary user's PATH leaves it out.
 */
export function findProgram(name: string): string | undefined {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin"];
  return folders.filter((folder) => folder !== "").map((folder) => `${folder}/${name}`).find(
    isFile,
  );
}

/** What a program says to a question about its version: the first version number in its output. */
export async function versionOf(program: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout) + decoder.decode(stderr);
  return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? "unknown";
}
