/**
 * A bare epoll loop in C with one fixed answer (epoll_loop.c): no server can do less. It is a bound to compare
 * with, so it is never the "best peer".
 */

import { buildProgram } from "../c_programs.ts";
import type { Peer } from "./peer.ts";

/** Its id. */
export const C_LOOP = "c-loop";

/** The bare loop. */
export const cLoop: Peer = {
  id: C_LOOP,
  does: { small: "C loop" },
  async find() {
    const program = await buildProgram("epoll_loop");
    return typeof program === "string" ? { program, version: "epoll_loop.c" } : program;
  },
  launch(found, { port, workers }) {
    return { command: found.program, args: [`${port}`, `${workers}`] };
  },
};
