/**
 * A stop while the workers accept nothing: the main thread does not block, and the server ends in time.
 */

import { assert, assertEquals } from "@std/assert";
import { type Config, DEFAULT_CONFIG, Executor } from "../../../runtime/mod.ts";
import { HttpConnection } from "../../support/http_client.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";
import { within } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

/** More connections than the ring has slots: the rest wait in the kernel's backlog. */
const CLIENTS = 1100;
const BLOCKED_MS = 5_000;
const CONFIG: Config = {
  ...DEFAULT_CONFIG,
  workers: 1,
  hostname: "127.0.0.1",
  port: 0,
  log: "off",
};

Deno.test({
  name: `stopping: a full backlog does not block the main thread${
    OVER_DENO_TRANSPORT ? " (skipped: over Deno's sockets each worker has its own)" : ""
  }`,
  ignore: OVER_DENO_TRANSPORT,
  fn: async () => {
    const workerModule = new URL("../../support/handlers_thread.ts", import.meta.url);
    const executor = await Executor.start(CONFIG, { warn: () => {}, workerModule });
    const endpoint = { hostname: "127.0.0.1", port: executor.address.port };
    using clients = new DisposableStack();
    const blocking = clients.use(await HttpConnection.open(endpoint));
    await blocking.send(`GET /blocks?${BLOCKED_MS} HTTP/1.1\r\nHost: a\r\n\r\n`);
    let isBlocked = true;
    const unblocked = blocking.answer().then(() => isBlocked = false);
    for (let i = 0; i < CLIENTS; i++) clients.use(await HttpConnection.open(endpoint));
    const began = performance.now();
    executor.stop();
    const took = performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(isBlocked, true, "a timer of the main thread fires while the worker is blocked");
    assert(took < 500, `the main thread stood still for ${took.toFixed()} ms`);
    await unblocked;
    const { failure } = await within(executor.ended, { what: "the end of the server" });
    assertEquals(failure, undefined);
  },
});
