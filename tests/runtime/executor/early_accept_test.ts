/**
 * When a server begins to accept: with its first worker, or with its last one if connections could take the
 * descriptors that the other threads need. From the last one on it accepts as many as at any time. A worker that
 * dies before all have started.
 */

import { assertEquals } from "@std/assert";
import { type Config, DEFAULT_CONFIG, Executor } from "../../../runtime/mod.ts";
import { freePort } from "../../support/free_port.ts";
import { LOADING_LOG_THREAD, LOADING_THREAD, Loads } from "../../support/loads.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";
import { hold, waitFor, within } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const WORKERS = 3;
/** More than any limit of descriptors allows. */
const TOO_MANY = 2 ** 31;
/** Clients at a time: more than a worker gets while others load. */
const CROWD = 40;
/** Milliseconds for an answer or a thread that must not come yet. */
const WHILE = 300;

/** A server whose first worker serves and whose second one loads. */
interface Starting {
  readonly loads: Loads;
  readonly url: string;
  readonly warnings: string[];
  isStarted(): boolean;
  /** The answer of /readyz on the address of --admin. */
  readiness(): Promise<number>;
  /** Lets the second worker and all others load, and waits until the server has started. */
  finishStart(): Promise<void>;
}

async function whileStarting(
  connections: number,
  body: (starting: Starting) => Promise<void>,
): Promise<void> {
  await using loads = new Loads();
  loads.atOnce = false;
  const [port, adminPort] = [freePort(), freePort()];
  const hostname = "127.0.0.1";
  const config: Config = {
    ...DEFAULT_CONFIG,
    ...{ workers: WORKERS, hostname, port, log: "off" },
    transport: OVER_DENO_TRANSPORT ? "deno" : "auto",
    limits: { ...DEFAULT_CONFIG.limits, connections },
    monitoring: { ...DEFAULT_CONFIG.monitoring, admin: { hostname, port: adminPort } },
  };
  const warnings: string[] = [];
  let isStarted = false;
  const options = {
    warn: (text: string) => void warnings.push(text),
    workerModule: LOADING_THREAD,
  };
  const start = Executor.start(config, options).finally(() => isStarted = true);
  const finishStart = async () => {
    loads.atOnce = true;
    loads.continueAll();
    await within(start, { what: "the start" });
  };
  await waitFor(() => loads.begun === 1, { what: "the first worker" });
  loads.continueAll();
  await waitFor(() => loads.begun === 2, { what: "the second worker" });
  try {
    const url = `http://${hostname}:${port}`;
    await body({
      loads,
      url,
      warnings,
      isStarted: () => isStarted,
      readiness: () => statusOf(`http://${hostname}:${adminPort}/readyz`),
      finishStart,
    });
  } finally {
    await finishStart();
    const executor = await start;
    executor.stop();
    await within(executor.ended, { what: "the end of the server" });
  }
}

async function statusOf(url: string): Promise<number> {
  const answer = await fetch(url, { headers: { Connection: "close" } });
  await answer.body?.cancel();
  return answer.status;
}

Deno.test("early accept: the first worker answers while the second one loads, and the server is not ready yet", () =>
  whileStarting(DEFAULT_CONFIG.limits.connections, async (starting) => {
    const { url, isStarted, readiness, finishStart } = starting;
    const answered = await within(statusOf(`${url}/root`), { what: "an answer" });
    assertEquals([answered, await readiness(), isStarted()], [200, 503, false]);
    await finishStart();
    assertEquals([await statusOf(`${url}/root`), await readiness()], [200, 200]);
  }));

Deno.test("early accept: nothing is accepted before the last worker serves if connections could take its descriptors", () =>
  whileStarting(TOO_MANY, async ({ url, isStarted, finishStart }) => {
    let isAnswered = false;
    const answer = statusOf(`${url}/root`).finally(() => isAnswered = true);
    await hold(WHILE);
    assertEquals([isAnswered, isStarted()], [false, false]);
    await finishStart();
    assertEquals(await within(answer, { what: "an answer" }), 200);
  }));

Deno.test("early accept: no client waits for the thread of a log", async () => {
  await using loads = new Loads();
  loads.atOnce = false;
  using _slow = new SlowLogThreads();
  const log = await Deno.makeTempFile();
  const [hostname, port] = ["127.0.0.1", freePort()];
  const transport = OVER_DENO_TRANSPORT ? "deno" : "auto";
  const config: Config = { ...DEFAULT_CONFIG, workers: 1, hostname, port, log, transport };
  const options = { warn: () => {}, workerModule: LOADING_THREAD };
  const start = Executor.start(config, options);
  await waitFor(() => loads.begun === 1, { what: "the worker" });
  loads.continueAll();
  await waitFor(() => loads.begun === 2, { what: "the thread of the log" });
  const clients = Array.from({ length: CROWD }, () => keptOpen(hostname, port));
  try {
    await within(Promise.all(clients), { what: `${CROWD} answers` });
    assertEquals(loads.waiting, 1);
  } finally {
    loads.continueAll();
    const executor = await start;
    executor.stop();
    await within(executor.ended, { what: "the end of the server" });
    for (const client of await Promise.allSettled(clients)) {
      if (client.status === "fulfilled") client.value.close();
    }
    await Deno.remove(log);
  }
});

/** Lets threads of logs load only if `Loads` say so. */
class SlowLogThreads implements Disposable {
  readonly #worker = globalThis.Worker;

  constructor() {
    globalThis.Worker = class extends globalThis.Worker {
      constructor(module: string | URL, options?: WorkerOptions) {
        const isLog = String(module).endsWith("/log_thread.ts");
        super(isLog ? LOADING_LOG_THREAD : module, options);
      }
    };
  }

  [Symbol.dispose](): void {
    globalThis.Worker = this.#worker;
  }
}

/** A connection on which a request was answered. */
async function keptOpen(hostname: string, port: number): Promise<Deno.Conn> {
  const connection = await Deno.connect({ hostname, port });
  await connection.write(new TextEncoder().encode("GET /root HTTP/1.1\r\nHost: test\r\n\r\n"));
  await connection.read(new Uint8Array(1024));
  return connection;
}

Deno.test("early accept: a worker that dies during the start is replaced after it, and no two load at the same time", () =>
  whileStarting(DEFAULT_CONFIG.limits.connections, async (starting) => {
    const { url, loads, warnings, finishStart } = starting;
    await within(statusOf(`${url}/dies`).catch(() => {}), { what: "a closed connection" });
    await waitFor(() => warnings.some((text) => text.startsWith("worker 0 died")), {
      what: "the death of the first worker",
    });
    await hold(WHILE);
    assertEquals([loads.begun, loads.waiting], [2, 1]);
    await finishStart();
    await waitFor(() => loads.begun === WORKERS + 1, { what: "the replacement" });
    assertEquals(await statusOf(`${url}/root`), 200);
  }));
