/**
 * The entry of the acceptor's thread.
 */

import { Acceptor } from "./acceptor.ts";
import { LinuxOs } from "./os/mod.ts";
import { onStart, postToMain } from "./thread.ts";
import type { AcceptorStart } from "./thread_start.ts";

const never = new Int32Array(new SharedArrayBuffer(4));

onStart<AcceptorStart>((start) => {
  const acceptor = new Acceptor({
    start,
    os: new LinuxOs(),
    // Nobody notifies: the time-out is the sleep.
    sleep: (milliseconds) => void Atomics.wait(never, 0, 0, milliseconds),
    post: postToMain,
  });
  acceptor.run();
});
