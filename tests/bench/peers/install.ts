/**
 * Installs the peers that npm has into dist/bench/peers, for `--install`.
 */

import { PEER_PACKAGES } from "../paths.ts";
import { findProgram } from "../tools.ts";

// Exact versions, so that a comparison can be repeated.
const PACKAGES = [
  "@oven/bun-linux-x64@1.4.5",
  "ws@8.23.0",
  "bufferutil@4.1.0",
  "hono@4.13.19",
  "@trufflesuite/uws-js-unofficial@20.30.0-unofficial.0",
];

/**
 * Runs `npm install`.
 *
 * @throws Error if npm is missing or fails
 */
export async function installPeers(): Promise<void> {
  const npm = findProgram("npm");
  if (npm === undefined) throw new Error("npm is not installed: apt-get install npm");
  await Deno.mkdir(PEER_PACKAGES, { recursive: true });
  const args = ["install", "--prefix", PEER_PACKAGES, "--no-audit", "--no-fund", ...PACKAGES];
  const { success } = await new Deno.Command(npm, { args, stdin: "null" }).spawn().status;
  if (!success) throw new Error("npm could not install the peers");
}
