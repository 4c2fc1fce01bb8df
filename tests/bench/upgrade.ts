/**
 * `deno run -A --lock=tests/deno.lock tests/bench/upgrade.ts [WEBSOCKETS] [STREAMS] [UPGRADES]`: what clients notice when a server is replaced.
 *
 * In: how many WebSockets, by default 2,000, a third each `centrifuge` clients, of `/echo` and of an app; how many streams of events, by default
 * 200; how often SIGUSR2 is sent, by default 5 times; the executable of ASYNC_DENO_EXECUTABLE, by default the sources. Out: for each upgrade
 * how long clients waited: for each of them the longest round trip, or the longest way of a publication from the request that publishes it, as
 * quantiles over the clients; and the same without an upgrade. In the end whatever was wrong: closes, publications lost or twice, errors of wrk
 * and of the requests that publish. Exit code 1 if anything was.
 */

import { appFile } from "../support/app_server.ts";
import { Lineage } from "../support/lineage.ts";
import { findProgram, isAlive } from "../support/process_facts.ts";
import { hold, type Server, waitFor, withServer } from "../support/server.ts";
import { Reader, Subscriber, Talker, type UpgradeClient } from "./upgrade_clients.ts";

const CHANNELS = 20;
const KEY = "a key of the benchmark";
const CONFIG = `
[channels]
allow_anonymous_connect_without_token = true
[channels.api]
key_file = "KEY_FILE"
[channels.namespaces.chat]
history_size = 1000
history_ttl = "10m"
allow_recovery = true
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true
`;
/** Milliseconds between two publications: each goes to the next channel. */
const PUBLISH_PACE = 10;
/** Connections at once. */
const BATCH = 50;
const CALM_MS = 3_000;
const WRK_CONNECTIONS = 32;
/** Milliseconds between two looks at how late a timer of this process is. */
const LOOK_PACE = 5;

/** Publishes numbers, and what went wrong with it. */
class Publisher {
  readonly counts = new Array<number>(CHANNELS).fill(0);
  readonly faults: string[] = [];
  readonly #url: string;
  readonly #running: Promise<void>;
  #isEnding = false;

  constructor(url: string) {
    this.#url = `${url}/api/publish`;
    this.#running = this.#run();
    this.#running.catch(() => {}); // told by end
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let turn = 0; !this.#isEnding; turn++) {
      const at = turn % CHANNELS;
      if (await this.#publish(at)) this.counts[at]!++;
      await hold(PUBLISH_PACE);
    }
  }

  /** Whether it was taken. One that is refused is a fault, and its number comes again. */
  async #publish(at: number): Promise<boolean> {
    const data = { number: this.counts[at], sentAt: performance.now() };
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: { "x-api-key": KEY, "content-type": "application/json" },
        body: JSON.stringify({ channel: `chat:${at}`, data }),
      });
      const { error } = await response.json();
      if (response.status === 200 && error === undefined) return true;
      this.faults.push(`publish: ${response.status} ${error?.message ?? ""}`);
    } catch (error) {
      this.faults.push(`publish: ${error instanceof Error ? error.message : error}`);
    }
    return false;
  }
}

/** How late this process is itself: what its clients measure cannot be less. */
class Lateness {
  #longest = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor() {
    let due = performance.now() + LOOK_PACE;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#longest = Math.max(this.#longest, now - due);
      due = now + LOOK_PACE;
    }, LOOK_PACE);
  }

  take(): number {
    const longest = this.#longest;
    this.#longest = 0;
    return longest;
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

function kinds(server: Server, webSockets: number, streams: number) {
  const third = Math.ceil(webSockets / 3);
  const many = (count: number, make: (at: number) => UpgradeClient) =>
    Array.from({ length: count }, (_, at) => make(at % CHANNELS));
  return {
    centrifuge: many(
      third,
      (at) => new Subscriber(`${server.wsUrl}/connection/websocket`, `chat:${at}`),
    ),
    echo: many(third, () => new Talker(`${server.wsUrl}/echo`)),
    app: many(webSockets - 2 * third, () => new Talker(`${server.wsUrl}/app/`)),
    streams: many(
      streams,
      (at) => new Reader(`${server.url}/channels/sse?channel=chat:${at}`),
    ),
  };
}

type Kinds = ReturnType<typeof kinds>;

function all(clients: Kinds): [kind: string, client: UpgradeClient][] {
  return Object.entries(clients).flatMap(([kind, some]) =>
    some.map((client): [string, UpgradeClient] => [kind, client])
  );
}

async function beginAll(clients: Kinds): Promise<void> {
  const left = all(clients);
  while (left.length > 0) {
    await Promise.all(left.splice(0, BATCH).map(([, client]) => client.begin()));
  }
}

function quantile(sorted: readonly number[], part: number): string {
  return `${(sorted[Math.ceil(part * sorted.length) - 1] ?? NaN).toFixed(0)} ms`;
}

/** How long the clients have waited since the last line. */
function tell(label: string, clients: Kinds, lateness: Lateness): void {
  const parts = Object.entries(clients).filter(([kind]) => kind !== "streams").map(
    ([kind, some]) => {
      const waits = some.map((client) => client.takeLongest()).sort((a, b) => a - b);
      const [half, most, longest] = [0.5, 0.99, 1].map((part) => quantile(waits, part));
      return `${kind} p50 ${half}, p99 ${most}, longest ${longest}`;
    },
  );
  console.log(
    `${label.padEnd(10)} ${parts.join("; ")}; these clients late ${lateness.take().toFixed(0)} ms`,
  );
}

/** Requests of wrk until it is ended; returns what it says of errors. */
function startWrk(url: string): { end(): Promise<string[]> } {
  const wrk = findProgram("wrk");
  if (wrk === undefined) throw new Error("missing wrk: apt-get install wrk");
  const args = ["-t1", `-c${WRK_CONNECTIONS}`, "-d3600", `${url}/healthz`];
  const child = new Deno.Command(wrk, { args, stdout: "piped", stderr: "null" }).spawn();
  return {
    end: async () => {
      // Then it reports.
      child.kill("SIGINT");
      const text = new TextDecoder().decode((await child.output()).stdout);
      console.log(`wrk        ${/\d+ requests in .*/.exec(text)?.[0] ?? text}`);
      return text.split("\n").filter((line) => /Socket errors|Non-2xx/.test(line));
    },
  };
}

async function run(server: Server, size: readonly number[]): Promise<string[]> {
  const [webSockets, streams, upgrades] = size as [number, number, number];
  using lineage = new Lineage(server);
  const clients = kinds(server, webSockets, streams);
  await beginAll(clients);
  const publisher = new Publisher(server.url);
  const wrk = startWrk(server.url);
  const lateness = new Lateness();
  await hold(CALM_MS);
  tell("warm-up", clients, lateness);
  await hold(CALM_MS);
  tell("calm", clients, lateness);
  for (let i = 1; i <= upgrades; i++) {
    const before = lineage.pid;
    await lineage.upgrade();
    await waitFor(() => !isAlive(before), { what: "the end of the old server", timeoutMs: 60_000 });
    await hold(CALM_MS);
    tell(`upgrade ${i}`, clients, lateness);
  }
  lateness.end();
  const wrkFaults = await wrk.end();
  await publisher.end();
  await arrived(clients, publisher);
  const faults = all(clients).flatMap(([kind, { faults }]) =>
    faults.map((fault) => `${kind}: ${fault}`)
  );
  console.log(server.stdout.split("\n").filter((line) => line.includes("go on in")).join("\n"));
  for (const [, client] of all(clients)) await client.end();
  await lineage.stop();
  return [...faults, ...publisher.faults, ...wrkFaults];
}

/** Waits until everybody has the last publication of its channel, and says who has not. */
async function arrived(clients: Kinds, { counts }: Publisher): Promise<void> {
  const readers = [...clients.centrifuge, ...clients.streams];
  const least = Math.min(...counts);
  await waitFor(() => readers.every(({ count }) => count >= least - 1), {
    what: () => `all publications; ${readers.filter(({ count }) => count < least - 1).length} wait`,
  });
  const total = readers.reduce((sum, { count }) => sum + count, 0);
  console.log(
    `${total} deliveries of ${counts.reduce((sum, count) => sum + count, 0)} publications`,
  );
}

/** @throws RangeError for a wrong argument */
function parse(args: readonly string[]): number[] {
  const size = [2_000, 200, 5].map((usual, at) => Number(args[at] ?? usual));
  if (args.length > size.length || !size.every((count) => Number.isInteger(count) && count >= 1)) {
    throw new RangeError("expected WEBSOCKETS, STREAMS and UPGRADES, each at least 1");
  }
  return size;
}

async function main(args: readonly string[]): Promise<void> {
  const size = parse(args);
  const folder = await Deno.makeTempDir({ prefix: "async-deno-bench-" });
  const [key, config] = [`${folder}/api.key`, `${folder}/server.toml`];
  await Deno.writeTextFile(key, KEY, { mode: 0o600 });
  await Deno.writeTextFile(config, CONFIG.replace("KEY_FILE", key));
  const app = ["--app", appFile("moving_echo.js"), "--app-path", "/app/**"];
  const serverArgs = ["--config", config, ...app, "--upgrade-spread", "60s"];
  await withServer({ workers: 2, args: serverArgs }, async (server) => {
    const faults = await run(server, size);
    for (const fault of new Set(faults)) {
      console.error(`${faults.filter((one) => one === fault).length} times: ${fault}`);
    }
    console.log(faults.length === 0 ? "nothing was wrong" : `${faults.length} things were wrong`);
    Deno.exitCode = faults.length === 0 ? 0 : 1;
  });
  await Deno.remove(folder, { recursive: true });
}

if (import.meta.main) await main(Deno.args);
