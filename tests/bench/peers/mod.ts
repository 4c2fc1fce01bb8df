/**
 * The servers that are compared.
 *
 * ```ts
 * import { PEERS } from "./mod.ts";
 * console.log(PEERS.map((peer) => peer.id).join(" "));
 * ```
 */

import { asyncDeno } from "./async_deno.ts";
import { asyncDenoExecutable } from "./async_deno_executable.ts";
import { asyncDenoPlain } from "./async_deno_plain.ts";
import { bun } from "./bun.ts";
import { bunStatic } from "./bun_static.ts";
import { cLoop } from "./c_loop.ts";
import { denoServe, denoServeTls } from "./deno_serve.ts";
import { nginx, nginxBuffered } from "./nginx.ts";
import { nchan } from "./nchan.ts";
import { nodeHttp } from "./node_http.ts";
import { nodeWs } from "./node_ws.ts";
import type { Peer } from "./peer.ts";
import { staticWebServer } from "./static_web_server.ts";
import { uws } from "./uws.ts";

export { earlierExecutable } from "./earlier_executable.ts";
export { installPeers } from "./install.ts";
export type { Found, Peer, Place } from "./peer.ts";

/** All servers, async-deno first, in the order of the tables. */
export const PEERS: readonly Peer[] = [
  asyncDeno,
  asyncDenoExecutable,
  asyncDenoPlain,
  cLoop,
  nginx,
  nginxBuffered,
  staticWebServer,
  bunStatic,
  bun,
  denoServe,
  denoServeTls,
  nodeHttp,
  nodeWs,
  uws,
  nchan,
];
