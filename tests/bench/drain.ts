/**
 * `deno run -A --lock=tests/deno.lock tests/bench/drain.ts [CLIENTS] [SECONDS] [PEER]`: how evenly a stop ends many subscribers.
 *
 * In: how many subscribers, by default 10,000; over how many seconds their ends are spread (`--drain-spread`), by default 10; async-deno or
 * async-deno-exe. Out: the close codes, when the first and the last one came after SIGTERM, how many came in each tenth of the time, and
 * when the server had ended. Exit code 1 if a subscriber did not end with 3001, or a tenth had more than twice its share.
 */

import { CrowdMember, faultsOf } from "../support/crowd.ts";
import { waitFor } from "../support/wait_for.ts";
import { ASYNC_DENO_WIRE } from "./peers/async_deno_channels.ts";
import { SCRATCH } from "./paths.ts";
import { PEERS } from "./peers/mod.ts";
import { freePort, ServerProcess, stopAll } from "./server_process.ts";
import { isMissing } from "./tools.ts";

const CHANNELS = 100;
/** Clients that connect at the same time. */
const AT_ONCE = 100;
const PARTS = 10;
const SHUTDOWN = 3001;
/** Seconds beyond the spread until the server is killed. */
const GRACE = 20;

/** Connects all, some at a time. As real clients do, one whose connection fails tries again. */
async function gather(crowd: readonly CrowdMember[]): Promise<void> {
  for (let first = 0; first < crowd.length; first += AT_ONCE) {
    const some = crowd.slice(first, first + AT_ONCE);
    for (const member of some) member.come();
    await waitFor(() => {
      for (const member of some) if (member.closed !== undefined) member.come();
      return some.every(({ isSubscribed }) => isSubscribed);
    }, { what: "subscriptions", timeoutMs: 60_000 });
  }
}

/** How many of the times are in each part of a span. */
function countParts(times: readonly number[], span: number, parts: number): number[] {
  const counts = Array<number>(parts).fill(0);
  for (const time of times) {
    const part = Math.min(parts - 1, Math.max(0, Math.floor(time / span * parts)));
    counts[part] = counts[part]! + 1;
  }
  return counts;
}

/** Prints what happened; whether it is as it should be. */
function report(crowd: readonly CrowdMember[], begun: number, spread: number): boolean {
  const codes = new Map<number, number>();
  for (const { closed } of crowd) {
    const code = closed?.code ?? 0;
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  const times = crowd.map(({ closed }) => (closed?.at ?? Infinity) - begun).toSorted((a, b) =>
    a - b
  );
  const counts = countParts(times, spread, PARTS);
  const most = Math.max(...counts);
  console.log(`close codes: ${[...codes].map(([code, count]) => `${code} × ${count}`).join(", ")}`);
  console.log(`the first after ${ms(times[0]!)}, the last after ${ms(times.at(-1)!)}`);
  console.log(`in each tenth of the time: ${counts.join(", ")}`);
  const faults = faultsOf(crowd);
  if (faults.length > 0) console.log(`faults: ${faults.join("; ")}`);
  const areAllTold = codes.get(SHUTDOWN) === crowd.length;
  return areAllTold && most <= 2 * crowd.length / PARTS && faults.length === 0;
}

function ms(time: number): string {
  return `${time.toFixed(0)} ms`;
}

async function main(
  [clients = "10000", seconds = "10", id = "async-deno-exe"]: readonly string[],
): Promise<boolean> {
  const peer = PEERS.find((peer) => peer.id === id && peer.id.startsWith("async-deno"));
  const [count, spread] = [Number(clients), Number(seconds) * 1000];
  if (peer === undefined || !(Number.isInteger(count) && count >= 1) || !(spread >= 100)) {
    throw new RangeError(
      "expected CLIENTS, a whole number, SECONDS, and async-deno or async-deno-exe",
    );
  }
  const found = await peer.find();
  if (isMissing(found)) throw new Error(`missing ${found.missing}: ${found.install}`);
  await Deno.mkdir(SCRATCH, { recursive: true });
  const port = freePort();
  const place = { port, workers: 2, work: "fan-out", connections: count } as const;
  const launch = await peer.launch(found, place);
  const timeout = Number(seconds) + GRACE / 2;
  const drain = ["--drain-spread", seconds, "--drain-timeout", `${timeout}`];
  const server = await ServerProcess.start(
    { ...launch, args: [...launch.args, ...drain] },
    port,
    "fan-out",
  );
  const url = `ws://127.0.0.1:${port}${ASYNC_DENO_WIRE.subscriber.path}`;
  const crowd = Array.from(
    { length: count },
    (_, i) => new CrowdMember(url, `bench:${i % CHANNELS}`),
  );
  await gather(crowd);
  console.log(`${count} subscribers, 2 workers, --drain-spread ${seconds}s`);
  const begun = performance.now();
  const ended = server.stop(spread + GRACE * 1000).then(() => performance.now() - begun);
  await waitFor(() => crowd.every(({ closed }) => closed !== undefined), {
    what: () => `${crowd.filter(({ closed }) => closed === undefined).length} more closes`,
    // Longer than the server lives.
    timeoutMs: spread + 3 * GRACE * 1000,
  });
  const isRight = report(crowd, begun, spread);
  console.log(`the server had ended after ${ms(await ended)}`);
  return isRight;
}

if (import.meta.main) {
  let isRight = false;
  try {
    isRight = await main(Deno.args);
  } finally {
    await stopAll();
  }
  Deno.exit(isRight ? 0 : 1);
}
