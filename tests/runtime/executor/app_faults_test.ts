/**
 * Workers with an app that block their thread, or die again and again: the server goes on, and says so. The handlers are those of the
 * tests: what an app cannot do is needed, too.
 */

import { assertEquals } from "@std/assert";
import { APP, type Config } from "../../../runtime/config/mod.ts";
import { DEFAULT_CONFIG, Executor, type ExecutorOptions } from "../../../runtime/mod.ts";
import { Metrics } from "../../support/metrics.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";
import { waitFor, within } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const HANDLERS = new URL("../../support/handlers_thread.ts", import.meta.url);
/** What the main thread reads; the workers have handlers of the tests. */
const EMPTY_APP = new URL("../../support/apps/empty.js", import.meta.url).pathname;
/** Milliseconds: longer than the watchdog waits. */
const BLOCK = 6_000;
const DEATHS = 7;
const MEBIBYTE = 1024 ** 2;

/**
 * While there is a file `block` beside it, its start() computes in the second worker; a minute at most. It waits in each
 * step, so that it does not use a core.
 */
const COMPUTES = `
const never = new Int32Array(new SharedArrayBuffer(4));
const file = new URL("block", import.meta.url);
const isThere = () => { try { return Deno.statSync(file).isFile; } catch { return false; } };
const end = Date.now() + 60_000;
export default {
  start() { while (self.name === "worker 1" && isThere() && Date.now() < end) Atomics.wait(never, 0, 0, 20); },
  fetch(request) {
    if (request.url.endsWith("/keeps")) globalThis.kept = new Uint8Array(400 * 1024 ** 2);
    return new Response("now");
  },
};
`;

/** Computes while there is a file `block` beside it, a minute at most; `/waits` is answered afterwards. */
const COMPUTES_LATE = `
const file = new URL("block", import.meta.url);
const isThere = () => { try { return Deno.statSync(file).isFile; } catch { return false; } };
const end = Date.now() + 60_000;
async function waits() {
  while (!isThere() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  while (isThere() && Date.now() < end);
  return new Response("waited");
}
export default {
  fetch(request) {
    if (request.url.endsWith("/waits")) return waits();
    if (request.url.endsWith("/keeps")) globalThis.kept = new Uint8Array(400 * 1024 ** 2);
    return new Response(self.name);
  },
};
`;

interface Running extends AsyncDisposable {
  readonly executor: Executor;
  readonly url: string;
  readonly admin: string;
  readonly warnings: string[];
}

async function start(
  config: Partial<Config> = {},
  options: Partial<ExecutorOptions> = { workerModule: HANDLERS },
): Promise<Running> {
  const warnings: string[] = [];
  const hostname = "127.0.0.1";
  const whole: Config = {
    ...DEFAULT_CONFIG,
    ...{ hostname, port: 0, workers: 1, log: "off", app: { ...APP, file: EMPTY_APP } },
    transport: OVER_DENO_TRANSPORT ? "deno" : "auto",
    monitoring: { ...DEFAULT_CONFIG.monitoring, admin: { hostname, port: 0 } },
    ...config,
  };
  const warn = (text: string) => void warnings.push(text);
  const executor = await Executor.start(whole, { warn, ...options });
  return {
    executor,
    warnings,
    url: `http://${hostname}:${executor.address.port}`,
    admin: `http://${hostname}:${executor.adminAddress?.port}`,
    async [Symbol.asyncDispose]() {
      executor.stop();
      await executor.ended;
    },
  };
}

/** On a connection of its own. */
async function get(url: string): Promise<string> {
  using client = Deno.createHttpClient({});
  return await (await fetch(url, { client })).text();
}

async function warned({ warnings }: Running, pattern: RegExp): Promise<void> {
  const what = () => `${pattern} in ${JSON.stringify(warnings)}`;
  await waitFor(() => warnings.some((warning) => pattern.test(warning)), { what });
}

Deno.test({
  name: "app faults: while the only worker is blocked, another one serves beside it",
  // Over Deno's sockets the kernel knows no other worker that listens.
  ignore: OVER_DENO_TRANSPORT,
  fn: async () => {
    await using server = await start();
    const file = await Deno.makeTempFile();
    const blocked = get(`${server.url}/blocks-while?${file}`);
    await warned(server, /^worker 0 is blocked: .* for \d+\.\d s/);
    await warned(server, /^worker 1 serves beside the blocked one$/);
    for (let i = 0; i < 20; i++) {
      assertEquals(await within(get(`${server.url}/now`), { what: "an answer" }), "now");
    }
    assertEquals(await get(`${server.url}/worker`), "worker 1");
    const metrics = await Metrics.of(server.admin);
    assertEquals(metrics.sum("async_deno_workers_blocked"), 1);
    assertEquals(metrics.sum("async_deno_ready"), 1);
    await Deno.remove(file);
    assertEquals(await blocked, "blocked");
    await warned(server, /^worker 0 is back after \d+\.\d s$/);
    const after = async () => (await Metrics.of(server.admin)).sum("async_deno_workers");
    await waitFor(async () => await after() === 2, { what: "both workers to serve" });
    assertEquals(server.warnings.length, 3);
  },
});

Deno.test("app faults: a blocked worker is noticed, and the server is not ready if all are", async () => {
  await using server = await start({ transport: "deno" });
  const blocked = get(`${server.url}/blocks?${BLOCK}`);
  await warned(server, /^worker 0 is blocked/);
  const metrics = await Metrics.of(server.admin);
  assertEquals(metrics.sum("async_deno_workers_blocked_total"), 1);
  assertEquals(metrics.sum("async_deno_ready"), 0);
  assertEquals(await blocked, "blocked");
  await warned(server, /^worker 0 is back/);
});

Deno.test("app faults: workers that die again and again are replaced ever later, and the server lives", async () => {
  await using server = await start();
  for (let i = 0; i < DEATHS; i++) {
    await get(`${server.url}/dies`).catch(() => {}); // its connection is closed
    const what = "an answer of the replacement";
    await waitFor(() => get(`${server.url}/now`).catch(() => undefined), { what });
  }
  await warned(server, /^4 workers have died: worker 0 is replaced in 0\.25 s$/);
  await warned(server, /^7 workers have died: worker 0 is replaced in 2 s$/);
});

Deno.test({
  name:
    "app faults: a worker whose start() computes without an end does not keep others from being replaced",
  ignore: OVER_DENO_TRANSPORT, // there is no stand-in that could compute
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "async-deno-app-" });
    await Deno.writeTextFile(`${folder}/app.js`, COMPUTES);
    const app = { ...APP, file: `${folder}/app.js`, startTimeout: 500, memory: 256 * MEBIBYTE };
    {
      await using server = await start({ app }, { longestComputing: 5_500 });
      await Deno.writeTextFile(`${folder}/block`, "");
      assertEquals(await get(`${server.url}/keeps`), "now");
      await warned(server, /^worker 0 is replaced: its app holds \d+ MiB/);
      await warned(server, /^worker 1 does not get ready: /);
      const replaced = async () =>
        (await Metrics.of(server.admin)).sum("async_deno_workers_replaced_total");
      await waitFor(async () => await replaced() === 1, { what: "the replacement" });
      assertEquals(server.warnings.length, 2);
      await Deno.rename(`${folder}/block`, `${folder}/blocked`);
      await warned(server, /^worker 1 serves beside the others$/);
      assertEquals(await get(`${server.url}/`), "now");
    }
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("app faults: a worker that is about to end and is blocked is noticed, and ends when it can", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-app-" });
  await Deno.writeTextFile(`${folder}/app.js`, COMPUTES_LATE);
  const app = { ...APP, file: `${folder}/app.js`, memory: 256 * MEBIBYTE };
  {
    await using server = await start({ app }, {});
    const waits = get(`${server.url}/waits`);
    assertEquals(await get(`${server.url}/keeps`), "worker 0");
    await warned(server, /^worker 0 is replaced: its app holds \d+ MiB/);
    const retired = async () =>
      (await Metrics.of(server.admin)).sum("async_deno_workers_over_memory_total");
    await waitFor(async () => await retired() === 1, { what: "the worker to be retired" });
    await Deno.writeTextFile(`${folder}/block`, "");
    await warned(server, /^worker 0 is blocked: .* it was about to end, and cannot: /);
    const blocked = async () => (await Metrics.of(server.admin)).sum("async_deno_workers_blocked");
    assertEquals(await blocked(), 1);
    await Deno.remove(`${folder}/block`);
    assertEquals(await waits, "waited");
    const replaced = async () =>
      (await Metrics.of(server.admin)).sum("async_deno_workers_replaced_total");
    await waitFor(async () => await replaced() === 1, { what: "the worker's end" });
    // The main thread looks now and then.
    await waitFor(async () => await blocked() === 0, { what: "no blocked worker" });
  }
  await Deno.remove(folder, { recursive: true });
});
