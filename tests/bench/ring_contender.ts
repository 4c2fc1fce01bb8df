/**
 * A thread that pushes to the task ring and pops from it while ring_bench.ts lets it run; see
 * ring_control.ts.
 */

import { openSharedState, TASK_WORDS } from "../../runtime/ring/mod.ts";
import { type ContenderSetting, CONTROL } from "./ring_control.ts";

/** Operations between two checks of the control block. */
const BATCH = 250;

function contend({ memory, control }: ContenderSetting): never {
  const { taskRing } = openSharedState(memory);
  const task = new Int32Array(TASK_WORDS).fill(7);
  for (let generation = 0;; generation++) {
    Atomics.wait(control, CONTROL.generation, generation);
    while (Atomics.sub(control, CONTROL.remaining, BATCH) > 0) {
      for (let i = 0; i < BATCH; i++) {
        taskRing.push(task);
        taskRing.pop(task);
      }
    }
    if (Atomics.sub(control, CONTROL.busy, 1) === 1) Atomics.notify(control, CONTROL.busy);
  }
}

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<ContenderSetting>) => void;
  postMessage(message: unknown): void;
};
scope.onmessage = (event) => contend(event.data);
scope.postMessage("ready");
