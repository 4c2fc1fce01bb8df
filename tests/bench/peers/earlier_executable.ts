/**
 * An earlier async-deno, to measure the cost of a change: `--before FILE` names its executable.
 */

import { isFile } from "../../support/is_file.ts";
import { versionOf } from "../tools.ts";
import { allWork, serverArgs } from "./async_deno.ts";
import { ASYNC_DENO_WIRE } from "./async_deno_channels.ts";
import type { Peer } from "./peer.ts";

/** Its id, which targets.ts uses. */
export const EARLIER = "before";

/** The executable at `path`, as a peer. */
export function earlierExecutable(path: string): Peer {
  return {
    id: EARLIER,
    does: allWork("async-deno before"),
    channels: ASYNC_DENO_WIRE,
    async find() {
      if (!isFile(path)) return { missing: path, install: "compile the earlier commit to there" };
      return { program: path, version: await versionOf(path, "--version") };
    },
    launch(found, place) {
      return { command: found.program, args: serverArgs(place) };
    },
  };
}
