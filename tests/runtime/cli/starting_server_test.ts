/** A stop while a server starts: whether it waits for the start depends on whether another server would serve on. */

import { assertEquals, assertRejects } from "@std/assert";
import { StartingServer, StoppedError } from "../../../runtime/cli/starting_server.ts";

const never = new Promise<void>(() => {});

Deno.test("starting server: one that is to replace another server stops at once, and takes nothing over", async () => {
  for (const isEarly of [true, false]) {
    using starting = new StartingServer(60_000, { isTakenOver: false });
    if (isEarly) starting.stop();
    const running = starting.run(never);
    if (!isEarly) starting.stop();
    await assertRejects(() => running, StoppedError, "the new server was stopped");
  }
});

Deno.test("starting server: otherwise it gets the time for a stop to become ready", async () => {
  for (const predecessor of [null, { isTakenOver: true }]) {
    using ready = new StartingServer(60_000, predecessor);
    ready.stop();
    assertEquals(await ready.run(Promise.resolve(1)), 1);
    using late = new StartingServer(0, predecessor);
    const running = late.run(never);
    late.stop();
    await assertRejects(() => running, StoppedError, "not all workers got ready");
  }
});
