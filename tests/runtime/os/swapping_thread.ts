/**
 * A thread that keeps changing the target of a link, until it is stopped.
 *
 * In, by message: the link's path, its targets, and a word of shared memory that is 1 when it must stop.
 * Out: "swapping", once each target has been there; "stopped".
 */

/// <reference lib="deno.worker" />

self.onmessage = ({ data: { path, targets, stop } }: MessageEvent<Swapping>) => {
  for (let i = 0; Atomics.load(stop, 0) === 0; i++) {
    Deno.symlinkSync(targets[i % targets.length]!, `${path}.next`);
    Deno.renameSync(`${path}.next`, path);
    if (i === targets.length) self.postMessage("swapping");
  }
  self.postMessage("stopped");
};

/** The message to a swapping thread. */
export interface Swapping {
  readonly path: string;
  readonly targets: readonly string[];
  readonly stop: Int32Array<SharedArrayBuffer>;
}
