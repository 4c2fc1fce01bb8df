/**
 * Where the benchmark finds and leaves things. Everything that it makes is under dist/bench/.
 */

import { fileURLToPath } from "node:url";

function fromHere(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

/** The project's own folder, which the server is run in. */
export const ROOT = fromHere("../../");
/** What the benchmark makes: results, chart, built client, installed peers. */
export const OUTPUT = fromHere("../../dist/bench/");
/** Where `--install` lets npm install peers. */
export const PEER_PACKAGES = fromHere("../../dist/bench/peers/");
/** Logs, configurations and the page of a run; emptied by the next. */
export const SCRATCH = fromHere("../../dist/bench/scratch/");
/** The bytes that every server answers to `GET /`. */
export const PAGE = fromHere("../../dist/bench/scratch/page.html");
/** The folder that is served in the rows with files. */
export const SITE = fromHere("../../dist/bench/scratch/site/");
/** Where the certificate of the TLS rows and its key lie. */
export const CERTIFICATES = fromHere("../../dist/bench/scratch/tls/");
/** The executable that `deno task compile` makes. */
export const EXECUTABLE = fromHere("../../dist/async-deno");
/** The script of every HTTP row. */
export const WRK_SCRIPT = fromHere("./wrk.lua");
/** The WebSocket load generator, as source and as built. */
export const WSLOAD_SOURCE = fromHere("./wsload.c");
/** The WebSocket load generator, built. */
export const WSLOAD = fromHere("../../dist/bench/wsload");
