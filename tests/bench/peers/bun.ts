/**
 * Bun: `Bun.serve` with a fetch handler, and its WebSocket.
 *
 * On several cores as in its guide on clusters: one process per core, sharing the port by `reusePort`.
 */

import { isFile } from "../../support/is_file.ts";
import { CERT_FILE, KEY_FILE } from "../certificate.ts";
import { PAGE, PEER_PACKAGES, SITE } from "../paths.ts";
import { PROGRAM_WIRE } from "../channels_wire.ts";
import { runsApp, usesChannels, usesDeflate, usesTls } from "../rows.ts";
import { findProgram, type Missing, versionOf } from "../tools.ts";
import { appPath, type Found, type Peer, type Place, programPath } from "./peer.ts";

const INSTALLED = `${PEER_PACKAGES}node_modules/@oven/bun-linux-x64/bin/bun`;

/** Finds Bun: BUN_PATH, PATH, or the folder of `--install`. */
export async function findBun(): Promise<Found | Missing> {
  const named = Deno.env.get("BUN_PATH");
  const program = [named, findProgram("bun"), INSTALLED]
    .find((path) => path !== undefined && isFile(path));
  if (program === undefined) return { missing: "Bun", install: "deno task bench --install" };
  return { program, version: await versionOf(program, "--version") };
}

/** How to start one of the Bun programs in programs/. */
export function bunLaunch(found: Found, place: Place, program: string) {
  const tls = usesTls(place.work) ? { BENCH_CERT: CERT_FILE, BENCH_KEY: KEY_FILE } : {};
  const deflate = usesDeflate(place.work) ? { BENCH_DEFLATE: "1" } : {};
  const env = { NODE_ENV: "production", BENCH_PORT: `${place.port}`, BENCH_PAGE: PAGE };
  return {
    command: found.program,
    args: ["run", programPath(program)],
    env: { ...env, ...tls, ...deflate, BENCH_SITE: SITE },
    copies: place.workers,
  };
}

/** Bun with a fetch handler. */
export const bun: Peer = {
  id: "bun",
  does: {
    small: "Bun.serve, fetch",
    echo: "Bun.serve, fetch",
    page: "Bun.serve, fetch",
    file: "Bun.serve, Bun.file",
    tls: "Bun.serve, fetch",
    "tls-file": "Bun.serve, Bun.file",
    websocket: "Bun WebSocket",
    "websocket-deflate": "Bun WebSocket",
    "fan-out": "Bun, server.publish",
    "fan-out-deflate": "Bun, server.publish",
    publish: "Bun, server.publish",
    app: "Bun.serve",
    "app-echo": "Bun WebSocket",
    "app-fan-out": "Bun, server.publish",
  },
  channels: PROGRAM_WIRE,
  find: findBun,
  launch(found, place) {
    if (runsApp(place.work)) {
      return { ...bunLaunch(found, place, "app.mjs"), args: ["run", appPath("bun_app.mjs")] };
    }
    if (!usesChannels(place.work)) return bunLaunch(found, place, "bun_fetch.js");
    // publish does not reach other processes.
    return bunLaunch(found, { ...place, workers: 1 }, "bun_channels.js");
  },
};
