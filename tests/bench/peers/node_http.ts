/**
 * Node's http, on several cores with its cluster module.
 */

import { PAGE } from "../paths.ts";
import { findProgram, type Missing, versionOf } from "../tools.ts";
import { appPath, type Found, type Peer, type Place, programPath } from "./peer.ts";

/** Finds Node on PATH. */
export async function findNode(): Promise<Found | Missing> {
  const program = findProgram("node");
  if (program === undefined) return { missing: "Node", install: "apt-get install nodejs" };
  return { program, version: await versionOf(program, "--version") };
}

/** How to start one of the Node programs in programs/. */
export function nodeLaunch(found: Found, { port, workers }: Place, program: string) {
  return {
    command: found.program,
    args: [programPath(program)],
    env: {
      NODE_ENV: "production",
      BENCH_PORT: `${port}`,
      BENCH_WORKERS: `${workers}`,
      BENCH_PAGE: PAGE,
    },
  };
}

/** Node's http. */
export const nodeHttp: Peer = {
  id: "node",
  does: { small: "Node http", echo: "Node http", page: "Node http", app: "Node http" },
  find: findNode,
  launch(found, place) {
    if (place.work !== "app") return nodeLaunch(found, place, "node_http.mjs");
    return { ...nodeLaunch(found, place, "node_app.mjs"), args: [appPath("node_app.mjs")] };
  },
};
