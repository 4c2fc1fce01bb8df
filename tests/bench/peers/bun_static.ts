/**
 * Bun with static routes: prepared responses that never enter JavaScript.
 */

import { bunLaunch, findBun } from "./bun.ts";
import type { Peer } from "./peer.ts";

/** Bun with static routes. */
export const bunStatic: Peer = {
  id: "bun-static",
  does: { small: "Bun.serve, static", page: "Bun.serve, static", file: "Bun.serve, file routes" },
  find: findBun,
  launch: (found, place) => bunLaunch(found, place, "bun_static.js"),
};
