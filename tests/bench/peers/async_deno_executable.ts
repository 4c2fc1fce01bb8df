/**
 * async-deno as users run it: the executable that `deno task compile` makes.
 */

import { isFile } from "../../support/is_file.ts";
import { EXECUTABLE } from "../paths.ts";
import { versionOf } from "../tools.ts";
import { allWork, serverArgs } from "./async_deno.ts";
import { ASYNC_DENO_WIRE } from "./async_deno_channels.ts";
import type { Peer } from "./peer.ts";

const LABEL = "async-deno (executable)";

/** async-deno, compiled. */
export const asyncDenoExecutable: Peer = {
  id: "async-deno-exe",
  does: allWork(LABEL),
  channels: ASYNC_DENO_WIRE,
  async find() {
    if (!isFile(EXECUTABLE)) return { missing: "dist/async-deno", install: "deno task compile" };
    return { program: EXECUTABLE, version: await versionOf(EXECUTABLE, "--version") };
  },
  launch(found, place) {
    return { command: found.program, args: serverArgs(place) };
  },
};
