/** Histograms and percentiles from the buckets. */

import { assert, assertEquals } from "@std/assert";
import {
  latencyCounts,
  latencySamples,
  percentile,
} from "../../../../runtime/observe/admin/latency_samples.ts";
import {
  createSharedState,
  HISTOGRAM,
  LATENCY_BUCKETS,
  openSharedState,
} from "../../../../runtime/ring/mod.ts";
import { Random } from "../../../support/random.ts";

function counters() {
  return openSharedState(createSharedState({ workers: 1, taskSlots: 2, inboxBytes: 256 }))
    .counters(0);
}

Deno.test("latency samples: buckets add up, each at its bound in seconds", () => {
  const block = counters();
  for (const [microseconds, requests] of [[3, 1], [10, 2], [10.5, 4], [1e6, 8], [2e7, 16]]) {
    block.observe(HISTOGRAM.requests, microseconds!, requests!);
  }
  const samples = latencySamples(block, HISTOGRAM.requests, { worker: "7" });
  const at = (le: string) => samples.find(({ labels }) => labels["le"] === le)?.value;
  assertEquals([at("0.000005"), at("0.00001"), at("0.000025")], [1, 3, 7]);
  assertEquals([at("0.5"), at("1"), at("10"), at("+Inf")], [7, 15, 15, 31]);
  assertEquals(at("1e-5"), undefined);
  const of = (suffix: string) => samples.find((sample) => sample.suffix === suffix);
  assertEquals(of("_count")?.value, 31);
  const sum = (3 + 20 + 42 + 8e6 + 32e7) / 1e6;
  assert(Math.abs(of("_sum")!.value - sum) < 1e-9);
  const bounds = samples.flatMap(({ labels }) => labels["le"] ?? []).map(Number);
  assertEquals(bounds.slice(0, -1), bounds.slice(0, -1).toSorted((a, b) => a - b));
  assert(samples.every(({ labels }) => labels["worker"] === "7"));
});

Deno.test("percentile: within a third of the true value, for every distribution", () => {
  const random = new Random(7);
  for (let round = 0; round < 50; round++) {
    const block = counters();
    const scale = 10 ** (1 + random.below(60) / 10);
    const values = Array.from({ length: 1_000 }, () => scale * (random.below(10_000) + 1) / 1_000);
    for (const value of values) block.observe(HISTOGRAM.requests, value, 1);
    values.sort((a, b) => a - b);
    for (const share of [0.5, 0.9, 0.99]) {
      const truth = values[Math.ceil(share * values.length) - 1]!;
      const found = percentile(latencyCounts(block, HISTOGRAM.requests), share)!;
      if (truth < 7e7) assert(Math.abs(found / truth - 1) < 0.34, `${share}: ${found}, ${truth}`);
    }
  }
});

Deno.test("percentile: null without requests; values above all bounds count as the last bound", () => {
  const counts = new Array(LATENCY_BUCKETS).fill(0);
  assertEquals(percentile(counts, 0.5), null);
  counts[LATENCY_BUCKETS - 1] = 3;
  assertEquals(percentile(counts, 0.5), 8e7);
});
