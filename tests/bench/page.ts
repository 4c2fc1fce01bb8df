/**
 * The page that every server must send, as bytes in a file.
 *
 * In: the peer async-deno. Out: dist/bench/scratch/page.html, and the bytes: the response of async-deno to
 * `GET /`. If async-deno cannot be started, the peers are compared with each other, with a stand-in of
 * 4 KiB.
 */

import { PAGE } from "./paths.ts";
import type { Peer } from "./peers/mod.ts";
import { PATHS } from "./rows.ts";
import { freePort, ServerProcess } from "./server_process.ts";
import { isMissing } from "./tools.ts";

const STAND_IN = `<!doctype html>\n<title>async-deno</title>\n<pre>${
  "The stand-in page.\n".repeat(213)
}`;

/** The page, and the reason if it is a stand-in. */
export interface Page {
  readonly bytes: Uint8Array;
  readonly standInBecause: string | undefined;
}

async function dump(ours: Peer): Promise<Uint8Array> {
  const found = await ours.find();
  if (isMissing(found)) throw new Error(`${found.missing} is missing`);
  const port = freePort();
  const launch = await ours.launch(found, { port, workers: 1, work: "page" });
  const server = await ServerProcess.start(launch, port);
  try {
    const headers = { "accept-encoding": "identity", connection: "close" };
    const response = await fetch(`http://127.0.0.1:${port}${PATHS.page}`, { headers });
    const bytes = await response.bytes();
    if (response.status !== 200) throw new Error(`it answered ${response.status}`);
    return bytes;
  } finally {
    await server.stop();
  }
}

/** Writes the page's file. */
export async function writePage(ours: Peer): Promise<Page> {
  let bytes: Uint8Array = new TextEncoder().encode(STAND_IN);
  let standInBecause: string | undefined;
  try {
    bytes = await dump(ours);
  } catch (error) {
    standInBecause = error instanceof Error ? error.message : String(error);
  }
  await Deno.writeFile(PAGE, bytes);
  return { bytes, standInBecause };
}
