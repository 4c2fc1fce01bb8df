import { assertEquals } from "@std/assert";
import { median, summarize, type Turn } from "./statistics.ts";
import { makeRows } from "./rows.ts";
import { busiest, resumedShare } from "./turn.ts";

const TURN: Turn = {
  requests: 1000,
  cpuPerRequest: 10,
  requestsPerSecond: 500,
  p50: 100,
  p99: 900,
  p999: 1900,
  late: null,
  resumed: null,
  wireBytes: null,
  rssBytes: 1024,
  errors: 0,
  clientBusiest: 0.5,
  serverBusiest: 0.9,
};

Deno.test("median", () => {
  assertEquals(median([3]), 3);
  assertEquals(median([10, 9, 1]), 9);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(median([]), NaN);
});

Deno.test("median does not change its argument", () => {
  const values = [3, 1, 2];
  median(values);
  assertEquals(values, [3, 1, 2]);
});

Deno.test("summarize computes medians, the sum of errors, and the spread of the turns", () => {
  const turns = [8, 10, 16].map((cpuPerRequest) => ({ ...TURN, cpuPerRequest, errors: 2 }));
  const { cpuPerRequest, errors, spread } = summarize(turns);
  assertEquals({ cpuPerRequest, errors, spread }, { cpuPerRequest: 10, errors: 6, spread: 0.4 });
});

Deno.test("summarize computes medians of what an engine costs, where it was measured", () => {
  const turns = [3, 1, 9].map((engineCpu) => ({
    ...TURN,
    engine: { publisherCpu: 2 * engineCpu, engineCpu, together: null },
  }));
  assertEquals(summarize(turns).engine, { publisherCpu: 6, engineCpu: 3, together: null });
  assertEquals("engine" in summarize([TURN]), false);
});

Deno.test("summarize has no latency if no turn has one", () => {
  const { p50, p99 } = summarize([{ ...TURN, p50: null, p99: null }]);
  assertEquals([p50, p99], [null, null]);
});

Deno.test("the client was the limit only if it was saturated and the server was not", () => {
  const limited = (clientBusiest: number, serverBusiest: number) =>
    summarize([{ ...TURN, clientBusiest, serverBusiest }]).clientLimited;
  assertEquals(limited(0.99, 0.6), true);
  assertEquals(limited(0.99, 0.99), false);
  assertEquals(limited(0.8, 0.6), false);
});

Deno.test("busiest compares by thread, and counts a new thread from zero", () => {
  assertEquals(busiest(new Map([[1, 5], [2, 1]]), new Map([[1, 5.5], [2, 2.5]]), 2), 0.75);
  assertEquals(busiest(new Map(), new Map([[3, 1]]), 2), 0.5);
});

Deno.test("the first session of each connection cannot be resumed", () => {
  const row = makeRows(1).find(({ id }) => id === "tls-resumed")!;
  const first = row.connections;
  assertEquals(resumedShare({ requests: first + 100, resumed: 100 }, row), 1);
  assertEquals(resumedShare({ requests: first + 100, resumed: 25 }, row), 0.25);
  assertEquals(resumedShare({ requests: first, resumed: 0 }, row), null);
  assertEquals(resumedShare({ requests: 100, resumed: 0 }, makeRows(1)[0]!), null);
});
