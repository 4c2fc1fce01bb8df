/**
 * The default number of workers follows the CPU affinity, and the banner and --check say so. A CPU quota needs a control
 * group: see tests/runtime/os/usable_cores_test.ts.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { findProgram } from "../support/process_facts.ts";
import { runServer, withServer } from "../support/server.ts";

const TASKSET = findProgram("taskset");
const CORES = navigator.hardwareConcurrency;

Deno.test({
  name:
    "default workers: an affinity of one core gives one worker, and the banner and --check say why" +
    (TASKSET === undefined ? " (skipped: no taskset here, see package util-linux)" : ""),
  ignore: TASKSET === undefined,
  fn: async () => {
    const through = [TASKSET!, "-c", "0"];
    const limit = CORES > 1 ? "CPU affinity" : undefined;
    await withServer({ workers: "default", through }, ({ banner }) => {
      assertEquals(banner.split(" | ")[0], limit ? `Workers: 1 (${limit})` : "Workers: 1");
      return Promise.resolve();
    });
    const { stdout, code } = await runServer(["--check"], {}, through);
    assertEquals(code, 0);
    assertMatch(stdout, limit ? /^workers = 1 +# default, CPU affinity$/m : /^workers = 1 +# /m);
    // A number that is given is not limited by anything.
    const given = await runServer(["3", "--check"], {}, through);
    assertMatch(given.stdout, /^workers = 3 +# WORKERS$/m);
  },
});
