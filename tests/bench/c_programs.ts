/**
 * Builds the programs in C of this folder with gcc.
 *
 * In: a program's name. Out: the path of the built program in dist/bench/, or what is missing. A program
 * is built again if its source or one of its headers is newer.
 */

import { isFile } from "../support/is_file.ts";
import { C_SOURCES, OUTPUT } from "./paths.ts";
import { findProgram, type Missing } from "./tools.ts";

/** A program in C: the load generators, and the bare server. */
export type CProgram = "wsload" | "exchange" | "fanload" | "crowd" | "epoll_loop";

const LIBRARIES: Readonly<Record<CProgram, readonly string[]>> = {
  wsload: [],
  exchange: ["-lssl", "-lcrypto"],
  fanload: ["-lz"],
  crowd: [],
  epoll_loop: [],
};

const HEADERS: Readonly<Record<CProgram, readonly string[]>> = {
  wsload: ["load.h"],
  exchange: ["load.h"],
  fanload: ["load.h", "websocket.h", "fan_data.h", "fossil.h", "inflate.h"],
  crowd: ["load.h", "websocket.h", "json_names.h"],
  epoll_loop: [],
};

/** Headers that are in packages of their own. */
const HEADERS_OF_PACKAGES = [
  ["openssl/ssl.h", "libssl-dev"],
  ["zlib.h", "zlib1g-dev"],
] as const;

/** The command that installs everything that the programs need. */
export const INSTALL_C = "apt-get install gcc libc6-dev libssl-dev zlib1g-dev";

function timeOf(path: string): number {
  return Deno.statSync(path).mtime?.getTime() ?? 0;
}

function isCurrent(program: string, sources: readonly string[]): boolean {
  return isFile(program) && sources.every((source) => timeOf(source) <= timeOf(program));
}

/** Builds the program if needed. @throws Error if gcc fails for another reason than a missing library */
export async function buildProgram(name: CProgram): Promise<string | Missing> {
  const program = `${OUTPUT}${name}`;
  const source = `${C_SOURCES}${name}.c`;
  const headers = HEADERS[name].map((header) => C_SOURCES + header);
  if (isCurrent(program, [source, ...headers])) return program;
  const gcc = findProgram("gcc");
  if (gcc === undefined) return { missing: "gcc", install: INSTALL_C };
  Deno.mkdirSync(OUTPUT, { recursive: true });
  // Renamed when it is whole: two runs may build at the same time.
  const unfinished = `${program}.${Deno.pid}`;
  const args = ["-O2", "-Wall", "-o", unfinished, source, ...LIBRARIES[name]];
  const { success, stderr } = await new Deno.Command(gcc, { args }).output();
  const words = new TextDecoder().decode(stderr);
  for (const [header, missing] of HEADERS_OF_PACKAGES) {
    if (words.includes(`${header}: No such file`)) return { missing, install: INSTALL_C };
  }
  if (!success) throw new Error(`gcc could not build ${name}: ${words}`);
  Deno.renameSync(unfinished, program);
  return program;
}
