/**
 * uWebSockets.js: the topics of its WebSockets, in one thread. Its releases are not in the registry of npm: the package
 * installed here has the same binaries, and is the one that ganache ships with.
 */

import { isFile } from "../../support/is_file.ts";
import { PROGRAM_WIRE } from "../channels_wire.ts";
import { PEER_PACKAGES } from "../paths.ts";
import { isMissing } from "../tools.ts";
import { findNode, nodeLaunch } from "./node_http.ts";
import type { Peer } from "./peer.ts";

const PACKAGE = `${PEER_PACKAGES}node_modules/@trufflesuite/uws-js-unofficial/package.json`;
const LABEL = "uWebSockets.js";

/** uWebSockets.js. */
export const uws: Peer = {
  id: "uws",
  does: { "fan-out": LABEL, publish: LABEL },
  channels: PROGRAM_WIRE,
  async find() {
    const node = await findNode();
    if (isMissing(node)) return node;
    if (!isFile(PACKAGE)) return { missing: LABEL, install: "deno task bench --install" };
    const { version } = JSON.parse(await Deno.readTextFile(PACKAGE)) as { version: string };
    return { program: node.program, version: `${version}, Node ${node.version}` };
  },
  launch(found, place) {
    const launch = nodeLaunch(found, place, "uws_channels.mjs");
    return { ...launch, env: { ...launch.env, BENCH_PEERS: PEER_PACKAGES } };
  },
};
