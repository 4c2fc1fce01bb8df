/**
 * A thread that sets a link to one target after the other, again and again, until it is told to stop.
 *
 * In, by message: the link's path, its targets, and a word of shared memory that is 1 when it shall stop.
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

/** What a swapping thread is told. */
export interface Swapping {
  readonly path: string;
  readonly targets: readonly string[];
  readonly stop: Int32Array<SharedArrayBuffer>;
}
