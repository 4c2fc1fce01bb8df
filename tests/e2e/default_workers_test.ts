/**
 * The default number of workers follows the CPU affinity and the CPU quota, and the banner and --check say so. The files
 * of control groups: see tests/runtime/os/usable_cores_test.ts.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { CpuGroup } from "../support/cpu_group.ts";
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
    assertMatch(given.stdout, /^workers = 3 +# WORKERS, more than 1 core(?: \(CPU affinity\))?$/m);
    const one = await runServer(["1", "--check"], {}, through);
    assertMatch(one.stdout, /^workers = 1 +# WORKERS$/m);
  },
});

const CAN_LIMIT = CpuGroup.make(1)?.remove() !== undefined;

Deno.test({
  name: "default workers: a CPU quota is rounded up, and the banner and --check say why" +
    (CAN_LIMIT ? "" : " (no control group can be made here: only without a quota)"),
  fn: async () => {
    for (const quota of [0.5, CORES - 0.5]) {
      using group = CpuGroup.make(quota);
      const through = group?.command ?? [];
      const limit = group === undefined ? "" : `CPU quota of ${quota}`;
      await withServer({ workers: "default", through }, ({ banner }) => {
        const [workers] = banner.split(" | ");
        if (limit) assertEquals(workers, `Workers: ${Math.ceil(quota)} (${limit})`);
        else assertMatch(workers!, /^Workers: \d+/);
        return Promise.resolve();
      });
      const { stdout } = await runServer(["--check"], {}, through);
      assertMatch(stdout, /^workers = \d+ +# default/m);
      if (limit) assertMatch(stdout, new RegExp(`^workers = \\d+ +# default, ${limit}$`, "m"));
    }
  },
});
