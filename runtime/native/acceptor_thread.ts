/**
 * The module of the Web Worker that accepts connections.
 *
 * In: its start, by message. Out: connections on the task ring, until the listening socket is shut down.
 * Started by the executor; no file imports it.
 */

import { LinuxOs } from "../os/mod.ts";
import { type AcceptorStart, onStart, postToMain } from "../thread/mod.ts";
import { Acceptor } from "./acceptor.ts";

const never = new Int32Array(new SharedArrayBuffer(4));

onStart<AcceptorStart>(async (start) => {
  const acceptor = new Acceptor({
    start,
    os: new LinuxOs(),
    // No thread notifies this word: the time-out is the sleep.
    sleep: (milliseconds) => void Atomics.wait(never, 0, 0, milliseconds),
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    now: Date.now,
    post: postToMain,
  });
  postToMain({ type: "ready" });
  await acceptor.acceptWhileLoading();
  acceptor.run();
});
