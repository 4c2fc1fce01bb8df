/**
 * async-deno from source: `deno run main.ts`, with the Deno that runs the benchmark. Its event log is on,
 * which is the default; the access log only for the work "log".
 */

import { isFile } from "../../support/is_file.ts";
import { CERT_FILE, KEY_FILE } from "../certificate.ts";
import { ROOT, SCRATCH, SITE } from "../paths.ts";
import { runsApp, servesFiles, usesChannels, usesDeflate, usesTls } from "../rows.ts";
import { ASYNC_DENO_WIRE, channelArgs } from "./async_deno_channels.ts";
import { appPath, type Peer, type Place } from "./peer.ts";

/** The flags of `deno task serve` and of the executable. */
const V8_FLAGS = "--v8-flags=--max-semi-space-size=1";

/** The arguments of async-deno, from source and compiled. */
export function serverArgs(place: Place): string[] {
  const { port, workers, work } = place;
  const log = ["--log", `${SCRATCH}async-deno-${port}.log`];
  const access = work === "log" ? ["--access-log", `${SCRATCH}async-deno-${port}-access.log`] : [];
  const files = servesFiles(work) ? ["--root", SITE] : [];
  const tls = usesTls(work) ? ["--tls-cert", CERT_FILE, "--tls-key", KEY_FILE] : [];
  const channels = usesChannels(work) ? channelArgs(place) : [];
  const deflate = usesDeflate(work) ? ["--websocket-compression"] : [];
  const app = runsApp(work) ? ["--app", appPath("app.mjs")] : [];
  const options = [...log, ...access, ...files, ...tls, ...channels, ...deflate, ...app];
  return [`${workers}`, "127.0.0.1", `${port}`, ...options];
}

/** All kinds of work, under one label. */
export function allWork(label: string): Peer["does"] {
  return {
    small: label,
    log: label,
    echo: label,
    page: label,
    file: label,
    tls: label,
    "tls-file": label,
    websocket: label,
    "websocket-deflate": label,
    "fan-out": label,
    "fan-out-deflate": label,
    "fan-out-delta": label,
    publish: label,
    app: label,
    "app-echo": label,
    "app-fan-out": label,
  };
}

/** async-deno, run from source. */
export const asyncDeno: Peer = {
  id: "async-deno",
  does: allWork("async-deno"),
  channels: ASYNC_DENO_WIRE,
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
