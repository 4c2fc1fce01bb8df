/**
 * A thread that publishes while channels_bench.ts lets it run; see ring_control.ts.
 */

import { openChannelStore } from "../../runtime/channels/mod.ts";
import { CONTROL } from "./ring_control.ts";

/** The message to a contender. */
export interface ChannelContenderSetting {
  /** The memory of the channels. */
  readonly memory: SharedArrayBuffer;
  readonly control: Int32Array;
  readonly writer: number;
  /** The channel it publishes to. */
  readonly channel: number;
}

/** What every row publishes. */
export const PUBLICATION = {
  data: new TextEncoder().encode("x".repeat(64)),
  historySize: 1000,
  historyTtlMs: 600_000,
};

/** Operations between two checks of the control block. */
const BATCH = 250;

/** The name of a channel of the benchmarks. */
export function channelName(channel: number): Uint8Array {
  return new TextEncoder().encode(`chat:room-${channel}`);
}

function contend({ memory, control, writer, channel }: ChannelContenderSetting): never {
  const store = openChannelStore(memory, { writer, now: () => 1000, ring: () => {} });
  const name = channelName(channel);
  for (let generation = 0;; generation++) {
    Atomics.wait(control, CONTROL.generation, generation);
    while (Atomics.sub(control, CONTROL.remaining, BATCH) > 0) {
      for (let i = 0; i < BATCH;) {
        if (store.publish(name, PUBLICATION).status === "stored") i++;
      }
    }
    if (Atomics.sub(control, CONTROL.busy, 1) === 1) Atomics.notify(control, CONTROL.busy);
  }
}

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<ChannelContenderSetting>) => void) | undefined;
  postMessage?: (message: unknown) => void;
};
// The benchmark itself imports this module for its names.
if (scope.postMessage !== undefined) {
  scope.onmessage = (event) => contend(event.data);
  scope.postMessage("ready");
}
