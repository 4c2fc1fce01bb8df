/**
 * A worker that is blocked by a handler, or still loading, gets no connections that another could serve.
 */

import { assertEquals } from "@std/assert";
import { type Config, DEFAULT_CONFIG, Executor } from "../../../runtime/mod.ts";
import { HttpConnection } from "../../support/http_client.ts";
import { isFile } from "../../support/is_file.ts";
import { LOADING_THREAD, Loads } from "../../support/loads.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";
import { waitFor, within } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const CLIENTS = 60;
/** Far longer than all requests together take. */
const BLOCKED_MS = 10_000;
const LATER_BLOCKED_MS = 2_000;
const HANDLERS = new URL("../../support/handlers_thread.ts", import.meta.url);
const SKIPPED = OVER_DENO_TRANSPORT
  ? " (skipped: over Deno's sockets the kernel gives a connection to one worker for good)"
  : "";

const CONFIG: Config = {
  ...DEFAULT_CONFIG,
  workers: 2,
  hostname: "127.0.0.1",
  port: 0,
  log: "off",
  // So few that a new worker always finds descriptors: accepting does not pause for it.
  limits: { ...DEFAULT_CONFIG.limits, connections: 500 },
};

function request(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
}

/** Clients that send one request and stay connected, each answered before the next one connects. */
async function ask(port: number, path: string, clients: DisposableStack): Promise<void> {
  for (let i = 0; i < CLIENTS; i++) {
    const client = clients.use(await HttpConnection.open({ hostname: "127.0.0.1", port }));
    await client.send(request(path));
    const what = `the answer to client ${i + 1} of ${CLIENTS}`;
    assertEquals((await within(client.answer(), { what, timeoutMs: BLOCKED_MS / 3 })).status, 200);
  }
}

Deno.test({
  name: `fairness: while a handler blocks one worker, the other serves all clients${SKIPPED}`,
  ignore: OVER_DENO_TRANSPORT,
  fn: async () => {
    const executor = await Executor.start(CONFIG, { warn: () => {}, workerModule: HANDLERS });
    const { port } = executor.address;
    using clients = new DisposableStack();
    const blocking = clients.use(await HttpConnection.open({ hostname: "127.0.0.1", port }));
    await blocking.send(request(`/blocks?${BLOCKED_MS}`));
    let isBlocked = true;
    const unblocked = blocking.answer().then(() => isBlocked = false);
    await ask(port, "/now", clients);
    assertEquals(isBlocked, true, "all were answered before the blocked worker went on");
    await unblocked;
    executor.stop();
    await executor.ended;
  },
});

Deno.test({
  name:
    `fairness: while a handler that has waited blocks one worker, the other serves all clients${SKIPPED}`,
  ignore: OVER_DENO_TRANSPORT,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const executor = await Executor.start(CONFIG, { warn: () => {}, workerModule: HANDLERS });
    const { port } = executor.address;
    for (let i = 0; i < 3; i++) {
      using clients = new DisposableStack();
      const blocking = clients.use(await HttpConnection.open({ hostname: "127.0.0.1", port }));
      const file = `${folder}/${i}`;
      await blocking.send(request(`/later-blocks?${LATER_BLOCKED_MS},${file}`));
      await waitFor(() => isFile(file), { what: "a worker that is about to be blocked" });
      const other = clients.use(await HttpConnection.open({ hostname: "127.0.0.1", port }));
      await other.send(request("/now"));
      await within(other.answer(), { what: "an answer", timeoutMs: LATER_BLOCKED_MS / 2 });
      await blocking.answer();
    }
    executor.stop();
    await executor.ended;
    await Deno.remove(folder, { recursive: true });
  },
});

/** How many of `clients` connections, one after the other, each worker serves. */
async function spread(port: number, clients: number): Promise<number[]> {
  using open = new DisposableStack();
  const counts = new Map<string, number>();
  for (let i = 0; i < clients; i++) {
    const client = open.use(await HttpConnection.open({ hostname: "127.0.0.1", port }));
    await client.send(request("/worker"));
    const { text } = await client.answer();
    counts.set(text, (counts.get(text) ?? 0) + 1);
    // It has lasted when the next one comes: the workers' clock must move.
    await client.send(request("/timer?40"));
    await client.answer();
  }
  return [...counts.values()];
}

for (const workers of [2, 4]) {
  Deno.test({
    name: `fairness: connections that stay are shared evenly by ${workers} workers${SKIPPED}`,
    ignore: OVER_DENO_TRANSPORT,
    fn: async () => {
      const config = { ...CONFIG, workers };
      const executor = await Executor.start(config, { warn: () => {}, workerModule: HANDLERS });
      const { port } = executor.address;
      // A worker that is about to sleep does not count as idle yet: so not every try is even.
      const tries: number[][] = [];
      for (let i = 0; i < 5 && !tries.at(-1)?.every((count) => count === 2); i++) {
        tries.push(await spread(port, 2 * workers));
      }
      assertEquals(tries.at(-1), new Array(workers).fill(2), JSON.stringify(tries));
      executor.stop();
      await executor.ended;
    },
  });
}

Deno.test({
  name: `fairness: while one worker loads, the other serves all clients${SKIPPED}`,
  ignore: OVER_DENO_TRANSPORT,
  fn: async () => {
    await using loads = new Loads();
    const executor = await Executor.start(CONFIG, { warn: () => {}, workerModule: LOADING_THREAD });
    const { port } = executor.address;
    loads.atOnce = false;
    await fetch(`http://127.0.0.1:${port}/dies`).then(
      (response) => response.body?.cancel(),
      () => {},
    );
    await waitFor(() => loads.begun === CONFIG.workers + 1, { what: "a new worker that loads" });
    {
      using clients = new DisposableStack();
      await ask(port, "/root", clients);
    }
    loads.continueAll();
    executor.stop();
    await executor.ended;
  },
});
