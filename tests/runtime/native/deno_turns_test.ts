/**
 * While a worker is busy, a pending handler's timers and Deno sockets make progress too. The tests count turns,
 * not milliseconds.
 */

import { assert, assertEquals } from "@std/assert";
import { LoopPromise } from "../../../runtime/net/mod.ts";
import { LogLabel } from "../../../runtime/observe/log/mod.ts";
import type { Route, Router } from "../../../runtime/serve/session/mod.ts";
import { OwnThreadWorker } from "../../support/own_thread_worker.ts";
import { within } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
const ROUND_TRIPS = 50;
const TIMERS = 10;
/** More turns than any timer may take: ends the flood, so that the test ends. */
const MAX_TURNS = 200_000;

function routerOf(handle: Route["handle"]): Router {
  const route = { label: new LogLabel("test"), methods: null, wantsBody: false, webSocket: null };
  return { find: () => ({ ...route, handle }) };
}

/** Sends one request, and returns the beginning of the answer. */
async function request(worker: OwnThreadWorker): Promise<string> {
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

Deno.test("deno turns: setTimeout(0) fires during a flood of connections", async () => {
  let turns = NaN;
  const worker: OwnThreadWorker = new OwnThreadWorker(routerOf(async (exchange) => {
    const before = worker.turnsOfDeno;
    // More than are taken in a turn, so that one is always left. Each is closed at its first read.
    worker.keepBusy(() => {
      if (worker.busyTurns > MAX_TURNS) return worker.relax();
      for (let i = 0; i < 5; i++) worker.push(worker.os.eventfd());
    });
    for (let i = 0; i < TIMERS; i++) await new Promise((resolve) => setTimeout(resolve, 0));
    turns = worker.turnsOfDeno - before;
    worker.relax();
    exchange.respondText(200, "");
  }));
  worker.start();
  assertEquals(await request(worker), "HTTP/1.1 200 OK");
  await worker.stop();
  assert(worker.busyTurns < MAX_TURNS, "the timers fired only after the flood");
  console.log(`${turns / TIMERS} turns of Deno's loop for a timer`);
  // One turn would suffice if Deno's timers were precise to less than two milliseconds.
  assert(turns <= 10 * TIMERS, `${turns} turns of Deno's loop for ${TIMERS} timers`);
});

Deno.test("deno turns: a round trip over a Deno socket needs few turns while the worker is busy", async () => {
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
  assertEquals(await request(worker), "HTTP/1.1 200 OK");
  await worker.stop();
  await echoing;
  console.log(`${turns / ROUND_TRIPS} turns of Deno's loop for a round trip`);
  // A round trip takes two polls, since the echo runs in this thread too.
  assert(turns <= 4 * ROUND_TRIPS, `${turns} turns for ${ROUND_TRIPS} round trips`);
});

Deno.test("deno turns: a handler that waits for the worker's own loop costs none", async () => {
  const TURNS = 1_000;
  let turns = NaN;
  const worker: OwnThreadWorker = new OwnThreadWorker(routerOf((exchange) => {
    worker.setAllLoaded(true);
    worker.keepBusy();
    const before = worker.turnsOfDeno;
    const answered = new LoopPromise<void>((resolve) => {
      let left = TURNS;
      const onTurn = () => left-- > 0 ? worker.worker.loop.defer({ onTurn }) : resolve();
      onTurn();
    });
    // Several promises behind it, as behind the answer of an engine.
    let last: Promise<void> = answered;
    for (let i = 0; i < 10; i++) last = last.then(() => {});
    return last.then(() => {
      turns = worker.turnsOfDeno - before;
      worker.setAllLoaded(false);
      worker.relax();
      exchange.respondText(200, "");
    });
  }));
  worker.start();
  assertEquals(await request(worker), "HTTP/1.1 200 OK");
  await worker.stop();
  assertEquals(turns, 0);
});
