/** What is decided in promises while the worker waits: the time of the loop's turn is old, and no deadline is earlier for it. */

import { assertEquals } from "@std/assert";
import type { ClientHooks } from "../../../../runtime/serve/centrifuge/client_hooks.ts";
import { ClientBench } from "./client_bench.ts";

/** The bench's date at its start, in seconds. */
const NOW = 1_700_000_000;
const NOTHING = { info: undefined, data: undefined };

Deno.test("old turn: the time to connect begins when the client comes", async () => {
  const bench = new ClientBench();
  bench.now = bench.waited = 60_000;
  const one = bench.client();
  bench.pass(9_000);
  assertEquals(one.link.ended, undefined);
  const [reply] = await one.send({ connect: {} });
  assertEquals(reply.error, undefined);
});

Deno.test("old turn: what hooks grant, and what they prolong, ends in its time", async () => {
  const expireAt = (seconds: number) => NOW + bench.now / 1000 + seconds;
  let refreshed = 0;
  const hooks: Partial<ClientHooks> = {
    connect: () =>
      Promise.resolve({ user: "ann", expireAt: expireAt(30), channels: [], ...NOTHING }),
    subscribe: () => Promise.resolve({ expireAt: expireAt(20), ...NOTHING }),
    refresh: () => {
      refreshed++;
      return Promise.resolve(refreshed > 1 ? undefined : { expireAt: expireAt(30) });
    },
  };
  const bench = new ClientBench({
    hooks: hooks as ClientHooks,
    limits: { pingTime: 1_000_000, pongTime: 1_000_000 },
  });
  bench.now = bench.waited = 600_000;
  const one = bench.client();
  await one.send({ connect: {} });
  await one.send({ subscribe: { channel: "closed:a" } });
  bench.pass(19_000);
  assertEquals(one.take(), []);
  bench.pass(2_000);
  assertEquals(one.take().map(({ push }) => push.unsubscribe.code), [2501]);
  bench.pass(8_000);
  assertEquals(refreshed, 0);
  bench.pass(2_000);
  await bench.followed();
  assertEquals([refreshed, one.link.ended], [1, undefined]);
  bench.pass(28_000);
  assertEquals(refreshed, 1);
  bench.pass(3_000);
  await bench.followed();
  assertEquals([refreshed, one.link.ended?.code], [2, 3005]);
});

Deno.test("old turn: the first ping is not earlier", async () => {
  const bench = new ClientBench({ limits: { pingTime: 20_000, pongTime: 5_000 } });
  bench.now = bench.waited = 600_000;
  const one = await bench.client().connect();
  one.take();
  bench.pass(14_000); // the bench's random number is a half
  assertEquals(one.take(), []);
  bench.pass(2_000);
  assertEquals(one.take(), [{}]);
});
