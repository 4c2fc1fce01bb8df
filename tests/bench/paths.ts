/**
 * The paths that the benchmark reads and writes. It writes only under dist/bench/.
 */

import { fileURLToPath } from "node:url";

function fromHere(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

/** The project's folder, which is the server's working directory. */
export const ROOT = fromHere("../../");
/** The benchmark's output: results, chart, built client, installed peers. */
export const OUTPUT = fromHere("../../dist/bench/");
/** The folder in which `--install` installs npm peers. */
export const PEER_PACKAGES = fromHere("../../dist/bench/peers/");
/** Logs, configurations and the page of a run; the next run empties it. */
export const SCRATCH = fromHere("../../dist/bench/scratch/");
/** The bytes that every server sends for `GET /`. */
export const PAGE = fromHere("../../dist/bench/scratch/page.html");
/** The folder that the servers serve in the rows with files. */
export const SITE = fromHere("../../dist/bench/scratch/site/");
/** The folder with the certificate and key of the TLS rows. */
export const CERTIFICATES = fromHere("../../dist/bench/scratch/tls/");
/** The executable that `deno task compile` makes. */
export const EXECUTABLE = fromHere("../../dist/async-deno");
/** The script of every HTTP row. */
export const WRK_SCRIPT = fromHere("./wrk.lua");
/** The folder with the sources of the programs in C. */
export const C_SOURCES = fromHere("./");
