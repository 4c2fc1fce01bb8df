/**
 * The rows of `--engine`: three servers that share a Redis or NATS server.
 *
 * In: how many workers each server has. Out: the rows of each engine, as data, and the ids of what is measured in them besides
 * async-deno. Called by run.ts.
 */

import type { EngineName, FanOutRow, HttpRow, Row } from "./rows.ts";

/** A server without an engine, which keeps its channels in its memory. */
export const MEMORY = "memory";
/** The client library of the engine in a loop, without a server. */
export const LIBRARY = "library";

/** The engines, with their names. */
export const ENGINE_TITLES: Readonly<Record<EngineName, string>> = { redis: "Redis", nats: "NATS" };

/** The connections that publish at the same time: so many publications are under way. */
export const UNDER_WAY = 64;
/**
 * How publications go from one server to subscribers of another one. Each channel has a connection that publishes: on a connection
 * answers have an order, so that the next request waits for the engine.
 */
const DELIVERIES = [{
  id: "200s",
  title: "64 B in 10 channels of 10 subscribers of another server, 200 a second",
  ...{ channels: 10, connections: 100, flow: { perSecond: 200 } },
}, {
  id: "16",
  title: "64 B in 16 channels of 10 subscribers of another server, 16 in flight",
  ...{ channels: 16, connections: 160, flow: { inFlight: 16 } },
}] as const;

/** A row with an engine. */
export type EngineRow = (HttpRow | FanOutRow) & { readonly engine: EngineName };

function rowsOf(engine: EngineName, workers: number): EngineRow[] {
  const title = ENGINE_TITLES[engine];
  const base = { quick: false, load: "warm", workers, placement: "all", engine } as const;
  const publish = { ...base, work: "publish", mode: "post", connections: UNDER_WAY } as const;
  return [
    { ...publish, id: `${engine}-publish`, title: `${title}: publish 64 B by HTTP` },
    {
      ...{ ...publish, isFollowed: true, id: `${engine}-publish-followed` },
      title: `${title}: publish 64 B by HTTP at a server that follows the channel`,
    },
    ...DELIVERIES.map(({ id, title: what, ...load }): EngineRow => ({
      ...{ ...base, ...load, work: "fan-out", payload: 64 },
      ...{ id: `${engine}-deliver-${id}`, title: `${title}: ${what}` },
    })),
  ];
}

/** All rows. */
export function makeEngineRows(workers: number): readonly EngineRow[] {
  return [...rowsOf("redis", workers), ...rowsOf("nats", workers)];
}

/** Whether a row is one of these. */
export function isEngineRow(row: Row): row is EngineRow {
  return row.engine !== undefined;
}
