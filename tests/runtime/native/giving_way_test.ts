/**
 * What handlers wait for comes also while the worker has its hands full: timers, and Deno's own sockets. Turns are
 * counted, not milliseconds.
 */

import { assert, assertEquals } from "@std/assert";
import { LinuxOs } from "../../../runtime/os/mod.ts";
import { LogLabel } from "../../../runtime/observe/log/mod.ts";
import type { Route, Router } from "../../../runtime/serve/session/mod.ts";
import { OwnThreadWorker } from "../../support/own_thread_worker.ts";
import { within } from "../../support/wait_for.ts";

new LinuxOs(); // loads libc for the process: within a test Deno 2.4 would take it for a leak

const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
const ROUND_TRIPS = 50;
const TIMERS = 10;
/** More turns than any timer may take: the flood ends, so that the test does. */
const MOST_TURNS = 200_000;

function routerOf(handle: Route["handle"]): Router {
  const route = { label: new LogLabel("test"), methods: null, wantsBody: false, webSocket: null };
  return { find: () => ({ ...route, handle }) };
}

/** Asks once, and answers when the answer has begun. */
async function ask(worker: OwnThreadWorker): Promise<string> {
  const connection = await worker.connect();
  try {
    await connection.write(REQUEST);
    const bytes = new Uint8Array(1000);
    const count = await within(connection.read(bytes), { what: "an answer" });
    return new TextDecoder().decode(bytes.subarray(0, count ?? 0)).slice(0, 15);
  } finally {
    connection.close();
  }
}

Deno.test("giving way: setTimeout(0) fires during a flood of connections", async () => {
  let turns = NaN;
  const worker: OwnThreadWorker = new OwnThreadWorker(routerOf(async (exchange) => {
    const before = worker.turnsOfDeno;
    // Five more than are taken in a turn: there is always one left. Each is closed as soon as it is read from.
    worker.keepBusy(() => {
      if (worker.busyTurns > MOST_TURNS) return worker.relax();
      for (let i = 0; i < 5; i++) worker.push(worker.os.eventfd());
    });
    for (let i = 0; i < TIMERS; i++) await new Promise((resolve) => setTimeout(resolve, 0));
    turns = worker.turnsOfDeno - before;
    worker.relax();
    exchange.respondText(200, "");
  }));
  worker.start();
  assertEquals(await ask(worker), "HTTP/1.1 200 OK");
  await worker.stop();
  assert(worker.busyTurns < MOST_TURNS, "only when the flood was over");
  console.log(`${turns / TIMERS} turns of Deno's loop for a timer`);
  // One would do, were its timers right to less than two milliseconds.
  assert(turns <= 10 * TIMERS, `${turns} turns of Deno's loop for ${TIMERS} timers`);
});

Deno.test("giving way: a round trip over a Deno socket needs few turns while the worker is busy", async () => {
  using echo = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const echoing = echo.accept().then(async (conn) => {
    await conn.readable.pipeTo(conn.writable);
  });
  let turns = NaN;
  const worker: OwnThreadWorker = new OwnThreadWorker(routerOf(async (exchange) => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: echo.addr.port });
    const bytes = new Uint8Array(1);
    worker.keepBusy();
    const before = worker.turnsOfDeno;
    for (let i = 0; i < ROUND_TRIPS; i++) {
      await conn.write(bytes);
      await conn.read(bytes);
    }
    turns = worker.turnsOfDeno - before;
    worker.relax();
    conn.close();
    exchange.respondText(200, "");
  }));
  worker.start();
  assertEquals(await ask(worker), "HTTP/1.1 200 OK");
  await worker.stop();
  await echoing;
  console.log(`${turns / ROUND_TRIPS} turns of Deno's loop for a round trip`);
  // There and back are two of its polls, as the echo is in this thread too.
  assert(turns <= 4 * ROUND_TRIPS, `${turns} turns for ${ROUND_TRIPS} round trips`);
});
