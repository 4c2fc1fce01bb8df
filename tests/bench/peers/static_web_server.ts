/**
 * static-web-server, written in Rust; it serves files only.
 *
 * Tuned as in its manual: no log, no compression on the fly, as many threads as workers. It has no package
 * in Debian or npm; it is measured if it is on PATH.
 */

import { SITE } from "../paths.ts";
import { findProgram, versionOf } from "../tools.ts";
import type { Peer } from "./peer.ts";

const NAME = "static-web-server";

/** static-web-server. */
export const staticWebServer: Peer = {
  id: "sws",
  does: { file: NAME },
  async find() {
    const program = findProgram(NAME);
    if (program === undefined) return { missing: NAME, install: `cargo install ${NAME}` };
    return { program, version: await versionOf(program, "--version") };
  },
  launch(found, { port, workers }) {
    const address = ["--host", "127.0.0.1", "--port", `${port}`];
    // Its threads are a multiple of the machine's cores.
    const multiple = Math.max(1, Math.round(workers / navigator.hardwareConcurrency));
    const speed = ["--threads-multiplier", `${multiple}`, "--compression", "false"];
    return {
      command: found.program,
      args: ["--root", SITE, ...address, ...speed, "--log-level", "error"],
    };
  },
};
