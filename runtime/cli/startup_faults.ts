/**
 * What must be there before a thread is started: the folder to serve, the files with passwords, certificate and key.
 *
 * In: the config. Out: what is wrong, a line for the operator each. The threads open all of it again by
 * themselves; asked here, a mistake is said once and by its option.
 */

import type { Config } from "../config/mod.ts";
import { readTlsMaterial } from "../executor/mod.ts";

/** What is looked at. */
type Wanted = Pick<Config, "users"> & Partial<Pick<Config, "files">>;

/** Everything that is not as it should be. */
export async function unreadiness({ files, users }: Wanted): Promise<string[]> {
  const root = files?.root;
  const faults = users.length === 0 ? [] : await faultsOfUsers(users);
  if (root !== undefined) faults.unshift(faultOf(() => expectFolder(root)));
  return faults.filter((fault) => fault !== undefined);
}

async function faultsOfUsers(users: Config["users"]): Promise<(string | undefined)[]> {
  // Loaded where there are users, as in the threads: what reckons hashes is long in loading.
  const { readUsers } = await import("../serve/auth/mod.ts");
  return users.map((source) => faultOf(() => readUsers([source], readPasswords)));
}

/** Why certificate and key cannot be used; a start finds it out by itself. */
export function tlsUnreadiness({ tls }: Pick<Config, "tls">): string[] {
  return [faultOf(() => readTlsMaterial(tls))].filter((fault) => fault !== undefined);
}

function faultOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function expectFolder(root: string): void {
  let isFolder: boolean;
  try {
    isFolder = Deno.statSync(root).isDirectory;
  } catch (error) {
    const missing = error instanceof Deno.errors.NotFound;
    const reason = missing ? "there is no such folder" : "it cannot be read";
    throw new Error(`cannot serve --root ${root}: ${reason}`);
  }
  if (!isFolder) throw new Error(`cannot serve --root ${root}: it is no folder`);
}

function readPasswords(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new Error(`--basic-auth: there is no file ${file}`);
    }
    throw new Error(`--basic-auth: cannot read the passwords in ${file}`);
  }
}
