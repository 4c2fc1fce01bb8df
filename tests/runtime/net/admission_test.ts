import { assertEquals } from "@std/assert";
import { Admission } from "../../../runtime/net/admission.ts";
import { ConnectionTask } from "../../../runtime/net/mod.ts";
import { createSharedState, openSharedState, TASK_FIELD } from "../../../runtime/ring/mod.ts";

Deno.test("admission: connections of an unknown address are not those of one address", () => {
  const sizes = { taskSlots: 2, inboxBytes: 256, descriptors: 64, addresses: 64 };
  const state = openSharedState(createSharedState({ workers: 1, ...sizes }));
  const limits = { connections: 100, connectionsPerAddress: 2 };
  const admission = new Admission(state, state.counters(0), limits);
  const refused = (family: number) => {
    let count = 0;
    for (let descriptor = 10; descriptor < 15; descriptor++) {
      const { words } = new ConnectionTask();
      words[TASK_FIELD.descriptor] = descriptor;
      words[TASK_FIELD.family] = family;
      if (admission.reasonToRefuse(words, 0) !== undefined) count++;
    }
    return count;
  };
  assertEquals([refused(0), refused(2)], [0, 3]);
});
