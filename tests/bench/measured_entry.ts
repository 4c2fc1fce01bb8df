/**
 * A server in a row with one turn, for the tests of the tables.
 *
 * In: a peer's id and its CPU per request. Out: an entry whose other figures are fixed: p50 650 µs, p99
 * 1.25 ms, p99.9 2.5 ms.
 */

import type { Entry } from "./harness.ts";
import { summarize } from "./statistics.ts";

/** The entry; its label is the peer's id. */
export function measuredEntry(peer: string, cpuPerRequest: number): Entry {
  const turns = [{
    requests: 1000,
    cpuPerRequest,
    requestsPerSecond: 123456,
    p50: 650,
    p99: 1250,
    p999: 2500,
    late: 20,
    resumed: null,
    wireBytes: null,
    rssBytes: 50 * 1024 * 1024,
    errors: 0,
    clientBusiest: 0.5,
    serverBusiest: 0.5,
  }];
  return { peer, label: peer, turns, summary: summarize(turns), failure: undefined };
}
