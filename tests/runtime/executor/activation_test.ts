/** A socket from systemd, for a server whose workers listen by themselves. */

import { assertStringIncludes, assertThrows } from "@std/assert";
import { DEFAULT_CONFIG } from "../../../runtime/config/mod.ts";
import { ActivationError } from "../../../runtime/executor/mod.ts";
import { DenoEntrance } from "../../../runtime/executor/deno_entrance.ts";
import { hasLibc } from "../../../runtime/os/mod.ts";

const HAND_OVER = { LISTEN_FDS: "1", LISTEN_PID: String(Deno.pid) };

Deno.test({
  name: "activation: the Deno transport refuses a socket from systemd with its own error",
  ignore: !hasLibc(),
  fn() {
    for (const [name, value] of Object.entries(HAND_OVER)) Deno.env.set(name, value);
    try {
      const config = { ...DEFAULT_CONFIG, workers: 1, transport: "deno", port: 0 } as const;
      const { message } = assertThrows(() => new DenoEntrance(config), ActivationError);
      assertStringIncludes(message, "--transport");
    } finally {
      for (const name of Object.keys(HAND_OVER)) Deno.env.delete(name);
    }
  },
});
