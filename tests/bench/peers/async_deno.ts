/**
 * async-deno from source: `deno run main.ts`, with the Deno that runs the benchmark. Its log is on, which
 * is the default.
 */

import { isFile } from "../../support/is_file.ts";
import { CERT_FILE, KEY_FILE } from "../certificate.ts";
import { ROOT, SCRATCH, SITE } from "../paths.ts";
import type { Peer, Place } from "./peer.ts";

/** The flags of `deno task serve` and of the executable. */
const V8_FLAGS = "--v8-flags=--max-semi-space-size=1";

/** The arguments of async-deno, from source and compiled. */
export function serverArgs({ port, workers, work }: Place): string[] {
  const log = ["--log", `${SCRATCH}async-deno-${port}.log`];
  const files = work === "file" ? ["--root", SITE] : [];
  const tls = work === "tls" ? ["--tls-cert", CERT_FILE, "--tls-key", KEY_FILE] : [];
  return [`${workers}`, "127.0.0.1", `${port}`, ...log, ...files, ...tls];
}

/** All kinds of work, under one label. */
export function allWork(label: string): Peer["does"] {
  return { small: label, echo: label, page: label, file: label, tls: label, websocket: label };
}

/** async-deno, run from source. */
export const asyncDeno: Peer = {
  id: "async-deno",
  does: allWork("async-deno"),
  find() {
    const found = { program: Deno.execPath(), version: `source, Deno ${Deno.version.deno}` };
    const missing = { missing: "main.ts", install: "git checkout main.ts" };
    return Promise.resolve(isFile(`${ROOT}main.ts`) ? found : missing);
  },
  launch(found, place) {
    const flags = ["run", "-A", V8_FLAGS, `${ROOT}main.ts`];
    return { command: found.program, args: [...flags, ...serverArgs(place)] };
  },
};
