/**
 * Two thousand peers that send a byte a second, together with 64 normal clients: the normal ones are hardly slower.
 * Both figures come from one run, because machines differ, and are measured in turn,
 * because the load of a machine varies.
 */

import { assert, assertEquals } from "@std/assert";
import { HttpConnection } from "../../support/http_client.ts";
import { countSockets } from "../../support/process_facts.ts";
import { hold, type Server, withServer } from "../../support/server.ts";
import { PeerProcess } from "./peer_process.ts";
import type { SlowPeersReport } from "./slow_peers.ts";

const SLOW = 2_000;
const QUICK = 64;
/** Between an answer and the next request, so that the client's core is not what is measured. */
const PAUSE_MS = 10;
const MEASURE_MS = 1_200;
/** Of each kind; the best counts, because other load on the same cores only ever adds. */
const ROUNDS = 3;
/**
 * Added to twice the baseline. The process of the slow peers runs on the same cores, which costs a quick
 * client some time slices of the scheduler; a server that iterates over its slow connections, or lets one
 * of them block a thread, is slower by hundreds of milliseconds.
 */
const NOISE_MS = 20;

const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
// Longer than the test: limits_test.ts checks that slow peers are dropped in time.
const PATIENT = ["--head-timeout", "120"];

Deno.test("slow peers: 2,000 at a byte a second at most double the p99 of 64 quick ones", () =>
  withServer({ workers: 2, args: PATIENT }, async (server) => {
    const alone: number[] = [];
    const beside: number[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      alone.push(await quickP99(server));
      beside.push(await besideSlowPeers(server));
    }
    const [baseline, loaded] = [Math.min(...alone), Math.min(...beside)];
    const figures = `p99 alone ${baseline.toFixed(1)} ms, beside ${loaded.toFixed(1)} ms`;
    console.log(figures);
    assert(loaded <= 2 * baseline + NOISE_MS, figures);
  }));

/** The same measurement while 2,000 peers send a byte a second each, none of which is dropped. */
async function besideSlowPeers(server: Server): Promise<number> {
  const sockets = countSockets(server.pid);
  await using slow = new PeerProcess("slow_peers.ts", [server.port, SLOW]);
  const before = await reportOf(slow);
  const p99 = await quickP99(server);
  assert(countSockets(server.pid) >= sockets + SLOW - QUICK, "the server has dropped slow peers");
  const after = await reportAfter(slow, before.bytes + SLOW);
  assertEquals(after.lost, 0, "connections of slow peers were lost");
  return p99;
}

/** 64 connections send requests with pauses for a while; returns the p99 of the time to an answer, in ms. */
async function quickP99(server: Server): Promise<number> {
  const times: number[] = [];
  const end = performance.now() + MEASURE_MS;
  await Promise.all(Array.from({ length: QUICK }, async () => {
    using connection = await HttpConnection.open(server);
    while (performance.now() < end) {
      const began = performance.now();
      await connection.send(REQUEST);
      assertEquals((await connection.answer()).text, "ok");
      times.push(performance.now() - began);
      await hold(PAUSE_MS);
    }
  }));
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length * 0.99)]!;
}

async function reportOf(peers: PeerProcess): Promise<SlowPeersReport> {
  return JSON.parse(await peers.line());
}

/** The first report with at least so many bytes: by then each peer has sent during the measurement. */
async function reportAfter(peers: PeerProcess, bytes: number): Promise<SlowPeersReport> {
  let report = await reportOf(peers);
  while (report.bytes < bytes && report.lost === 0) report = await reportOf(peers);
  return report;
}
