/** npm `centrifuge` under Node, over each of its transports. */

import { assertEquals } from "@std/assert";
import {
  CENTRIFUGE_MODULE,
  SCENARIO,
  SCENARIO_RESULT,
  scenarioOptions,
  TRANSPORTS,
} from "../../support/centrifuge_scenario.ts";
import { Backend } from "../../support/channel_backend.ts";
import { findProgram } from "../../support/process_facts.ts";
import "../../support/load_libc.ts";

/** Until version 22 these are behind flags. */
const FLAGS = ["--no-warnings", "--experimental-websocket", "--experimental-eventsource"];
const NODE = [findProgram("node")].find(hasWebSocket);
const MISSING = NODE === undefined ? " (skipped, to install it: Node 20.18 or later)" : "";

function hasWebSocket(program: string | undefined): program is string {
  if (program === undefined) return false;
  const isThere = "typeof WebSocket === typeof EventSource && typeof WebSocket === 'function'";
  const args = [...FLAGS, "-e", `process.exit(${isThere} ? 0 : 1)`];
  return new Deno.Command(program, { args, stderr: "null" }).outputSync().success;
}

for (const transport of TRANSPORTS) {
  Deno.test({
    name:
      `channels: centrifuge under Node, over ${transport}, subscribes, publishes and recovers${MISSING}`,
    ignore: NODE === undefined,
    fn: async () => {
      await using backend = await Backend.start({ allowAnonymousConnect: false });
      const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
      try {
        await Deno.writeTextFile(`${folder}/centrifuge.mjs`, CENTRIFUGE_MODULE);
        const options = await scenarioOptions(backend, transport);
        await Deno.writeTextFile(
          `${folder}/main.mjs`,
          `import { Centrifuge } from "./centrifuge.mjs";
          const result = await (${SCENARIO})(Centrifuge, ${JSON.stringify(options)});
          console.log(JSON.stringify(result));
          process.exit();`,
        );
        const args = [...FLAGS, `${folder}/main.mjs`];
        const { stdout, stderr } = await new Deno.Command(NODE!, { args }).output();
        const decoder = new TextDecoder();
        assertEquals(decoder.decode(stderr), "");
        assertEquals(JSON.parse(decoder.decode(stdout)), SCENARIO_RESULT);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
