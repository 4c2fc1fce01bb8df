/**
 * The npm `ws` server on Node, with `bufferutil`, which its README recommends for speed.
 */

import { isFile } from "../../support/is_file.ts";
import { PEER_PACKAGES } from "../paths.ts";
import { isMissing } from "../tools.ts";
import { findNode, nodeLaunch } from "./node_http.ts";
import { PROGRAM_WIRE } from "../channels_wire.ts";
import { usesChannels, usesDeflate } from "../rows.ts";
import type { Peer } from "./peer.ts";

const PACKAGE = `${PEER_PACKAGES}node_modules/ws/package.json`;

/** The npm package ws. */
export const nodeWs: Peer = {
  id: "node-ws",
  does: {
    websocket: "Node ws",
    "websocket-deflate": "Node ws",
    "fan-out": "Node ws",
    "fan-out-deflate": "Node ws",
    publish: "Node ws",
    "app-echo": "Node ws",
    "app-fan-out": "Node ws",
  },
  channels: PROGRAM_WIRE,
  async find() {
    const node = await findNode();
    if (isMissing(node)) return node;
    if (!isFile(PACKAGE)) return { missing: "npm ws", install: "deno task bench --install" };
    const { version } = JSON.parse(await Deno.readTextFile(PACKAGE)) as { version: string };
    return { program: node.program, version: `${version}, Node ${node.version}` };
  },
  launch(found, place) {
    const hasSubscribers = usesChannels(place.work) || place.work === "app-fan-out";
    const launch = nodeLaunch(
      found,
      place,
      // Its channels are those of one process.
      hasSubscribers ? "node_ws_channels.mjs" : "node_ws.mjs",
    );
    const deflate = usesDeflate(place.work) ? { BENCH_DEFLATE: "1" } : {};
    return { ...launch, env: { ...launch.env, ...deflate, BENCH_PEERS: PEER_PACKAGES } };
  },
};
