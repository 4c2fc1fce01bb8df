/**
 * async-deno in the rows with permessage-deflate and deltas, with subscribers that negotiate neither: what these cost and save. The
 * executable, if it is compiled.
 */

import { isMissing } from "../tools.ts";
import { asyncDeno } from "./async_deno.ts";
import { ASYNC_DENO_WIRE } from "./async_deno_channels.ts";
import { asyncDenoExecutable } from "./async_deno_executable.ts";
import type { Peer } from "./peer.ts";

/** Its id, which targets.ts uses. */
export const PLAIN = "async-deno-plain";

const LABEL = "async-deno, without";

/** async-deno without compression and deltas. */
export const asyncDenoPlain: Peer = {
  id: PLAIN,
  does: { "fan-out-deflate": LABEL, "fan-out-delta": LABEL },
  channels: ASYNC_DENO_WIRE,
  delivery: "plain",
  async find() {
    const compiled = await asyncDenoExecutable.find();
    return isMissing(compiled) ? await asyncDeno.find() : compiled;
  },
  async launch(found, place) {
    const isCompiled = !isMissing(await asyncDenoExecutable.find());
    return (isCompiled ? asyncDenoExecutable : asyncDeno).launch(found, place);
  },
};
