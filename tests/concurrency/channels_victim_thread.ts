/**
 * A worker of channels_death_test.ts that stops in the middle of a publication, holding the lock, and never goes on.
 *
 * It stops before its nth access to the shared memory. When the test has terminated it and lets it go, for versions of Deno in
 * which `terminate()` does not end a waiting thread, every further access throws.
 */
import { ChannelStore } from "../../runtime/channels/channel_store.ts";
import { MemoryRecorder } from "../runtime/ring/memory_recorder.ts";

/** The task of a victim. */
export interface VictimSetting {
  readonly memory: SharedArrayBuffer;
  /** Word 0: 1 once the victim has stopped, 2 once it may end; notified. */
  readonly stop: Int32Array;
  readonly writer: number;
  /** The access before which it stops. */
  readonly step: number;
}

const scope = self as unknown as {
  onmessage: (event: MessageEvent<VictimSetting>) => void;
};

scope.onmessage = ({ data: { memory, stop, writer, step } }) => {
  const recorder = new MemoryRecorder();
  const words = recorder.watch(new Int32Array(memory), () => "word");
  const bytes = recorder.watch(new Uint8Array(memory), () => "byte");
  const now = () => performance.timeOrigin + performance.now();
  const options = { writer, now, ring: () => {} };
  const store = recorder.record(() => new ChannelStore({ words, bytes }, options));
  recorder.steps = 0;
  recorder.before = (at) => {
    if (at < step) return;
    if (Atomics.compareExchange(stop, 0, 0, 1) === 0) {
      while (Atomics.load(stop, 0) === 1) Atomics.wait(stop, 0, 1, 1000);
    }
    throw new Error("this thread is dead");
  };
  const name = new TextEncoder().encode("channel-0");
  const data = new Uint8Array(100);
  const publication = { data, historySize: 20, historyTtlMs: 600_000 };
  try {
    for (;;) {
      // A publication that finds the store busy has too few steps to stop in.
      recorder.record(() => store.publish(name, publication));
    }
  } catch (error) {
    if (Atomics.load(stop, 0) !== 2) throw error;
  }
};
