/** The text of the metrics follows the format: checked by the test's own parser and by promtool. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { encodeFamilies, type Family } from "../../../../runtime/observe/admin/exposition.ts";
import { collectFamilies, exportedColumns } from "../../../../runtime/observe/admin/families.ts";
import {
  API_ERROR_COLUMNS,
  CHANNEL_COLUMN,
  CLIENT_ERROR_COLUMNS,
  COLUMN,
  createSharedState,
  DISCONNECT_COLUMNS,
  HISTOGRAM,
  openSharedState,
} from "../../../../runtime/ring/mod.ts";
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

/** Of a server with channels and three workers. */
const CHANNELS = {
  channels: 7,
  ownChannels: 4,
  members: 2,
  idempotencyKeys: 1,
  publications: 5,
  ownPublications: 1,
  usedBytes: 1000,
  usableBytes: 2000,
  feedBytes: 10,
  feedUsableBytes: 20,
  evicted: 3,
  refused: 2,
  rolledBack: 1,
  unread: [0, 9, 0],
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
  const all = {
    ...COLUMN,
    ...CHANNEL_COLUMN,
    ...Object.fromEntries(
      [CLIENT_ERROR_COLUMNS, API_ERROR_COLUMNS, DISCONNECT_COLUMNS].flatMap((table, i) =>
        Object.entries(table).map(([code, column]) => [`${i} ${code}`, column])
      ),
    ),
  };
  const missing = Object.entries(all).filter(([_, column]) => !exported.has(column))
    .map(([name]) => name);
  assertEquals(missing, []);
});

Deno.test("exposition: names follow the conventions, and each worker has its series", () => {
  const facts = { ...FACTS, channels: CHANNELS };
  const metrics = new Metrics(encodeFamilies(collectFamilies(state(3), facts)));
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

Deno.test("exposition: metrics of channels are there only if there are channels", () => {
  const shared = state(3);
  assert(!encodeFamilies(collectFamilies(shared, FACTS)).includes("async_deno_channel"));
  shared.counters(1).add(CHANNEL_COLUMN.sseClientsConnected, 3);
  shared.counters(1).add(CHANNEL_COLUMN.sseClientsLeft, 1);
  shared.counters(2).add(API_ERROR_COLUMNS[107], 4);
  shared.counters(2).add(CLIENT_ERROR_COLUMNS[107], 1);
  shared.counters(2).observe(HISTOGRAM.deliveries, 2_400, 7);
  const text = encodeFamilies(collectFamilies(shared, { ...FACTS, channels: CHANNELS }));
  const lines = text.split("\n");
  for (
    const line of [
      'async_deno_channel_clients{worker="1",transport="sse"} 2',
      'async_deno_channel_command_errors_total{worker="2",source="api",code="107"} 4',
      'async_deno_channel_command_errors_total{worker="2",source="client",code="107"} 1',
      'async_deno_channel_delivery_duration_seconds_bucket{worker="2",le="0.001"} 0',
      'async_deno_channel_delivery_duration_seconds_bucket{worker="2",le="0.0025"} 7',
      'async_deno_channel_delivery_duration_seconds_sum{worker="2"} 0.0168',
      'async_deno_channel_delivery_duration_seconds_count{worker="2"} 7',
      'async_deno_http_request_duration_seconds_count{worker="2"} 0',
      "async_deno_channels 3",
      "async_deno_channel_publications 4",
      "async_deno_channel_store_bytes 1000",
      'async_deno_channel_feed_unread_entries{worker="1"} 9',
    ]
  ) assert(lines.includes(line), line);
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
    shared.counters(1).observe(HISTOGRAM.requests, 40, 3);
    shared.counters(1).observe(HISTOGRAM.deliveries, 60, 2);
    const child = new Deno.Command(PROMTOOL!, {
      args: ["check", "metrics"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    const facts = { ...FACTS, channels: CHANNELS };
    const text = encodeFamilies(collectFamilies(shared, facts));
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
