/**
 * The permissions of a worker that runs an app.
 *
 * In: the config. Out: Deno's permissions for the worker's thread. The thread begins with what the server's own code needs to load, and gives
 * that back before the app is loaded: see {@link SERVERS_OWN} and `restrictThread` in serve/app. What is left holds on both versions of Deno:
 * files, network, variables, FFI, system facts; for threads that the app starts, too. With TLS by OpenSSL the thread keeps FFI, whose calls
 * the server makes for each connection.
 */

import { dirname } from "@std/path/posix/dirname";
import { resolve } from "@std/path/posix/resolve";
import { urlHost } from "../../protocol/basics.ts";
import { type AppConfig, type AppRight, type Config, isUnrestricted } from "../config/mod.ts";

/** The entry of `read` that the thread gives back. */
const SERVERS_OWN = "/";
/** Variables that packages and apps look at when they are loaded, and that tell nothing. */
const HARMLESS = [
  "NODE_ENV",
  "NODE_DEBUG",
  "DEBUG",
  "NO_COLOR",
  "FORCE_COLOR",
  "TERM",
  "TZ",
  "LANG",
  "CI",
  "HOST",
  "PORT",
];

/** The permissions; undefined: all that the server has, as there is no app, or `--app-allow all`. */
export function workerPermissions(
  config: Config,
  address: Deno.NetAddr,
): Deno.PermissionOptionsObject | undefined {
  const { app, files: { root }, tls: { redirectPort }, users } = config;
  if (app === undefined || isUnrestricted(app)) return undefined;
  const own = foldersOf(resolve(Deno.cwd(), app.file));
  const served = [...root === undefined ? [] : [root], ...users.map(({ file }) => file)];
  return {
    read: listed(app, "read", [SERVERS_OWN, ...own, ...served, ...sourceFolder()]),
    write: listed(app, "write", []),
    // A worker rings itself by a connection on 127.0.0.1; on Deno's sockets it listens by itself.
    net: listed(app, "net", ["127.0.0.1:0", ...listening(address, redirectPort)]),
    env: listed(app, "env", HARMLESS),
    sys: app.allow.some(({ right }) => right === "sys"),
    ffi: "inherit",
    run: false,
    import: false,
  };
}

/** The folder of a file, also without links: its modules know their folder so. */
function foldersOf(file: string): string[] {
  try {
    return [dirname(file), Deno.realPathSync(dirname(file))];
  } catch {
    return [dirname(file)]; // it has gone; workers have a copy
  }
}

/** From source, modules that a reload needs are loaded from there. */
function sourceFolder(): string[] {
  const { dirname: folder } = import.meta;
  return Deno.build.standalone || folder === undefined ? [] : [resolve(folder, "../..")];
}

/** What the app is given of one kind, and what every app has; true: everything. */
function listed(
  { allow }: AppConfig,
  right: AppRight,
  always: readonly string[],
): string[] | boolean {
  const given = allow.filter((each) => each.right === right);
  if (given.some(({ value }) => value === undefined)) return true;
  const values = given.map(({ value }) => value!); // none is undefined
  const isPath = right === "read" || right === "write";
  const all = [...always, ...values].map((value) => isPath ? resolve(Deno.cwd(), value) : value);
  return all.length === 0 ? false : all;
}

/** Where a worker listens; with a Unix socket there is no host. */
function listening({ hostname, port }: Deno.NetAddr, redirectPort: number | undefined): string[] {
  if (hostname === "") return [];
  return [port, ...redirectPort === undefined ? [] : [redirectPort]].map((each) =>
    `${urlHost(hostname)}:${each}`
  );
}
