/** The text of the metrics follows the format: checked by the test's own parser and by promtool. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { encodeFamilies, type Family } from "../../../../runtime/observe/admin/exposition.ts";
import { collectFamilies, exportedColumns } from "../../../../runtime/observe/admin/families.ts";
import { COLUMN, createSharedState, openSharedState } from "../../../../runtime/ring/mod.ts";
import { Metrics } from "../../../support/metrics.ts";

const FACTS = {
  version: "1.2.3",
  startTime: 1e9,
  residentBytes: 2 ** 27,
  memoryBound: 2 ** 30,
  usesIoUring: true,
  ready: true,
  now: 5,
};

function state(workers: number) {
  return openSharedState(createSharedState({ workers, taskSlots: 8, inboxBytes: 256 }));
}

Deno.test("exposition: values, labels and help texts follow the format", () => {
  const family: Family = {
    name: "a_total",
    type: "counter",
    help: "One \\ two\nthree.",
    samples: [
      { labels: {}, value: 1e21 },
      { labels: { l: 'a"b\\c\nd', m: "" }, value: 0.25 },
      { labels: { l: "inf" }, value: Infinity },
      { suffix: "_x", labels: {}, value: NaN },
    ],
  };
  assertEquals(
    encodeFamilies([family]),
    "# HELP a_total One \\\\ two\\nthree.\n" +
      "# TYPE a_total counter\n" +
      "a_total 1e+21\n" +
      'a_total{l="a\\"b\\\\c\\nd",m=""} 0.25\n' +
      'a_total{l="inf"} +Inf\n' +
      "a_total_x NaN\n",
  );
});

Deno.test("exposition: every column is exported", () => {
  const exported = exportedColumns();
  const missing = Object.entries(COLUMN).filter(([_, column]) => !exported.has(column))
    .map(([name]) => name);
  assertEquals(missing, []);
});

Deno.test("exposition: names follow the conventions, and each worker has its series", () => {
  const metrics = new Metrics(encodeFamilies(collectFamilies(state(3), FACTS)));
  for (const { name, type, help, metrics: samples } of metrics.families) {
    assertMatch(name, /^(async_deno|process)_[a-z_]+$/);
    assertEquals(name.endsWith("_total"), type === "COUNTER", name);
    if (/_(bucket|sum|count)$/.test(name)) continue;
    assert(/^[A-Z0-9].*\.$/.test(help) && !help.includes("\n"), help);
    assert(!/milli|micro|kilo/.test(name), name);
    const workers = samples.map(({ labels }) => labels?.["worker"]);
    const own = new Set(workers.filter((worker) => worker !== undefined));
    assert(own.size === 0 || own.size === 3, `${name}: ${[...own]}`);
  }
});

Deno.test("exposition: a worker's idle time grows while it is parked", () => {
  const shared = state(1);
  shared.counters(0).sleep(2e6);
  const metrics = new Metrics(encodeFamilies(collectFamilies(shared, { ...FACTS, now: 3500 })));
  assertEquals(metrics.sum("async_deno_worker_idle_seconds_total"), 1.5);
});

Deno.test("exposition: open counts are never negative, in whichever order counters are read", () => {
  const shared = state(1);
  shared.counters(0).add(COLUMN.connectionsClosed, 2);
  const metrics = new Metrics(encodeFamilies(collectFamilies(shared, FACTS)));
  assertEquals(metrics.sum("async_deno_connections_open"), 0);
});

const PROMTOOL = await findPromtool();
const remedy = PROMTOOL
  ? ""
  : " - skipped without promtool: apt-get install prometheus, or PROMTOOL_PATH";

Deno.test({
  name: `exposition: promtool finds no fault${remedy}`,
  ignore: PROMTOOL === undefined,
  fn: async () => {
    const shared = state(2);
    shared.counters(1).observe(40, 3);
    const child = new Deno.Command(PROMTOOL!, {
      args: ["check", "metrics"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    const text = encodeFamilies(collectFamilies(shared, FACTS));
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assertEquals([code, said], [0, ""]);
  },
});

async function findPromtool(): Promise<string | undefined> {
  for (const path of [Deno.env.get("PROMTOOL_PATH"), "/usr/bin/promtool"]) {
    if (path && await Deno.stat(path).then(() => true, () => false)) return path;
  }
  return undefined;
}
