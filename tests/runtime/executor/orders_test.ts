/**
 * Orders that arrive while a thread loads or ends: none is lost, at any moment.
 */

import { assert, assertEquals } from "@std/assert";
import { type Config, DEFAULT_CONFIG, Executor } from "../../../runtime/mod.ts";
import { LOADING_THREAD, Loads } from "../../support/loads.ts";
import { Metrics } from "../../support/metrics.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";
import { waitFor, within } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const WORKERS = 2;

/** A running server whose threads load slowly, and its parts. */
interface Running {
  readonly loads: Loads;
  readonly config: Config;
  readonly executor: Executor;
  readonly url: string;
}

async function withThreads(body: (running: Running) => Promise<void>): Promise<void> {
  await using loads = new Loads();
  const config: Config = {
    ...DEFAULT_CONFIG,
    transport: OVER_DENO_TRANSPORT ? "deno" : "auto",
    workers: WORKERS,
    hostname: "127.0.0.1",
    port: 0,
    log: "off",
    monitoring: { ...DEFAULT_CONFIG.monitoring, admin: { hostname: "127.0.0.1", port: 0 } },
  };
  const options = { warn: () => {}, workerModule: LOADING_THREAD };
  const executor = await within(Executor.start(config, options), { what: "the start" });
  const url = `http://127.0.0.1:${executor.address.port}`;
  try {
    await body({ loads, config, executor, url });
  } finally {
    executor.stop();
    const { failure } = await within(executor.ended, { what: "the end of the server" });
    assertEquals(failure, undefined);
  }
}

/** The configs that the workers answer by, on separate connections, so that they reach all workers. */
async function rootsOf({ url }: Running): Promise<Set<string>> {
  const headers = { Connection: "close" };
  const ask = async () => await (await fetch(`${url}/root`, { headers })).text();
  return new Set(await Promise.all(Array.from({ length: 24 }, ask)));
}

/** Ends one worker; fulfilled when its replacement has begun to load. */
async function kill({ url, loads }: Running): Promise<void> {
  const before = loads.begun;
  loads.atOnce = false;
  await fetch(`${url}/dies`).then((response) => response.body?.cancel(), () => {});
  await waitFor(() => loads.begun > before, { what: "a new worker that loads" });
}

/** No worker turns its event loop without work: one that may not block would, ten times a second. */
async function expectSilence({ executor }: Running): Promise<void> {
  if (OVER_DENO_TRANSPORT) return;
  const { hostname, port } = executor.adminAddress!; // the config has one
  const turns = async () => {
    const metrics = await Metrics.of(`http://${hostname}:${port}`);
    return metrics.values("async_deno_event_loop_turns_total");
  };
  let before = await turns();
  await waitFor(async () => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const after = await turns();
    const quiet = after.every((count, worker) => count - before[worker]! <= 1);
    before = after;
    return quiet;
  }, { what: "workers that sleep", timeoutMs: 10_000 });
}

function withRoot(config: Config, root: string): Config {
  return { ...config, files: { ...config.files, root } };
}

Deno.test("orders: a reload while a new worker loads reaches all workers, and none stays in the slow loop", () =>
  withThreads(async (running) => {
    const { executor, config, loads } = running;
    await kill(running);
    const reloaded = executor.reload(withRoot(config, "/second"));
    loads.atOnce = true;
    loads.continueAll();
    await within(reloaded, { what: "a reload while a worker loads", timeoutMs: 10_000 });
    assertEquals(await rootsOf(running), new Set(["/second"]));
    await expectSilence(running);
  }));

Deno.test("orders: after several reloads while a new worker loads, the last one applies", () =>
  withThreads(async (running) => {
    const { executor, config, loads } = running;
    await kill(running);
    const roots = ["/second", "/third", "/fourth"];
    const reloads = roots.map((root) => executor.reload(withRoot(config, root)));
    loads.atOnce = true;
    loads.continueAll();
    await within(Promise.all(reloads), { what: "three reloads", timeoutMs: 10_000 });
    assertEquals(await rootsOf(running), new Set(["/fourth"]));
    await expectSilence(running);
  }));

Deno.test("orders: a reload during which a worker dies ends, and the replacement uses its config", () =>
  withThreads(async (running) => {
    const { executor, config, loads } = running;
    loads.atOnce = false;
    const before = loads.begun;
    const reloaded = executor.reload(withRoot(config, "/second"));
    await waitFor(() => loads.begun === before + WORKERS, { what: "workers that load" });
    await kill(running);
    loads.atOnce = true;
    loads.continueAll();
    await within(reloaded, { what: "a reload whose worker dies", timeoutMs: 10_000 });
    await waitFor(async () => (await rootsOf(running)).has("/second"), { what: "/second" });
    assertEquals(await rootsOf(running), new Set(["/second"]));
  }));

Deno.test("orders: a stop while a new worker loads ends it as well", async () => {
  const began = performance.now();
  await withThreads(async (running) => {
    await kill(running);
    running.executor.stop();
    running.loads.continueAll();
    await within(running.executor.ended, { what: "the end of the server" });
  });
  assert(performance.now() - began < DEFAULT_CONFIG.limits.drainTime, "it waited for a thread");
});
