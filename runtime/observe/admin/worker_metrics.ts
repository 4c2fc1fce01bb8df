/**
 * What families are made of: metrics of each worker from its counters, and single values.
 *
 * In: the shared memory. Out: families for the exposition. Names get the prefix `async_deno_`.
 */

import type { Column, Counters, SharedState } from "../../ring/mod.ts";
import type { Family, Labels, MetricSample } from "./exposition.ts";

/** A metric of each worker, with a series for each set of labels. */
export interface WorkerMetric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly series: readonly (readonly [Labels, (counters: Counters, now: number) => number])[];
}

/** The family of a metric. */
export function workerFamily(
  { name, type, help, series }: WorkerMetric,
  state: SharedState,
  now: number,
): Family {
  const samples = perWorker(state, (counters, worker) =>
    series.map(([labels, read]) => ({
      labels: { ...worker, ...labels },
      value: read(counters, now),
    })));
  return { name, type, help, samples };
}

/** Samples of each worker, with its label. */
export function perWorker(
  state: SharedState,
  samplesOf: (counters: Counters, labels: Labels) => readonly MetricSample[],
): MetricSample[] {
  return Array.from(
    { length: state.workers },
    (_, worker) => samplesOf(state.counters(worker), { worker: String(worker) }),
  ).flat();
}

/** One value. */
export function single(
  name: string,
  type: Family["type"],
  help: string,
  value: number,
  labels: Labels = {},
): Family {
  return { name: `async_deno_${name}`, type, help, samples: [{ labels, value }] };
}

/** A value that may fall. */
export function gauge(name: string, help: string, series: WorkerMetric["series"]): WorkerMetric {
  return { name: `async_deno_${name}`, type: "gauge", help, series };
}

/** A counter with a series for each column; the keys are `label=value`, or empty. */
export function counter(name: string, help: string, columns: Record<string, Column>): WorkerMetric {
  const series = Object.entries(columns).map(([key, column]) =>
    [labelsOf(key), (counters: Counters) => counters.get(column)] as const
  );
  return { name: `async_deno_${name}`, type: "counter", help, series };
}

/** The labels of `a=b,c=d`. */
export function labelsOf(key: string): Labels {
  if (key === "") return {};
  return Object.fromEntries(key.split(",").map((pair) => pair.split("=")));
}

/** Beginnings minus ends; never negative, although the two are read at different moments. */
export function difference(began: Column, ended: Column): (counters: Counters) => number {
  return (counters) => {
    const endedCount = counters.get(ended);
    return Math.max(counters.get(began) - endedCount, 0);
  };
}
