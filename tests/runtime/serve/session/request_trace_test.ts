/** Traces of requests: each latency is counted once, and each request has a line in the access log. */

import { assert, assertEquals } from "@std/assert";
import { DEFAULT_CONFIG } from "../../../../runtime/config/mod.ts";
import {
  COLUMN,
  HISTOGRAM,
  LATENCY_BOUNDS,
  LATENCY_BUCKETS,
} from "../../../../runtime/ring/mod.ts";
import { FakePeer } from "../../../support/fake_peer.ts";
import { FakeServer } from "../../../support/fake_server.ts";
import { FakeSocket } from "../../../support/fake_socket.ts";
import { bytesOf } from "../../../support/protocol_cases.ts";
import { Random } from "../../../support/random.ts";

const HOST = "Host: a\r\n\r\n";
const ADMIN = { ...DEFAULT_CONFIG.monitoring, admin: { hostname: "127.0.0.1", port: 0 } };

class Peer extends FakePeer {
  override received(): void {}
}

/** A server to which a peer sends `text` at once. */
function serverWith(text: string, options: ConstructorParameters<typeof FakeServer>[0]) {
  const server = new FakeServer({ log: false, ...options });
  const peer = new Peer(new FakeSocket(), new Random(1), { sends: 9999, reads: 9999, pause: 0 });
  peer.enqueue(bytesOf(text));
  server.connectAt(server.os.now, peer);
  return { server, peer };
}

/** The requests of each bucket, and their sum. */
function latencies(server: FakeServer): { counts: number[]; sum: number } {
  const counters = server.state.counters(0);
  const counts = Array.from(
    { length: LATENCY_BUCKETS },
    (_, i) => counters.bucket(HISTOGRAM.requests, i),
  );
  return { counts, sum: counts.reduce((sum, count) => sum + count, 0) };
}

Deno.test("request trace: every request of a pipeline is observed once", async () => {
  const text = `GET /healthz HTTP/1.1\r\n${HOST}`.repeat(100) + `GET /no HTTP/1.1\r\n${HOST}`;
  const { server } = serverWith(text, { config: { monitoring: ADMIN } });
  await server.run();
  assertEquals(latencies(server).sum, 101);
  assertEquals(server.state.total(COLUMN.requests), 101);
});

Deno.test("request trace: the latency of a request with a slow body counts from its head", async () => {
  const head = `POST /echo HTTP/1.1\r\nContent-Length: 4\r\n${HOST}`;
  const { server, peer } = serverWith(`${head}ab`, { config: { monitoring: ADMIN } });
  server.schedule(server.os.now + 3_000, () => peer.enqueue(bytesOf("cd")));
  await server.run();
  const bucket = latencies(server).counts.findIndex((count) => count === 1);
  assert(LATENCY_BOUNDS[bucket - 1]! < 3.1e6 && LATENCY_BOUNDS[bucket]! >= 3e6, `${bucket}`);
  const sum = server.state.total(COLUMN.latencyMicroseconds);
  assert(sum >= 2.99e6 && sum < 3.2e6, `${sum}`);
});

Deno.test("request trace: nothing is measured without metrics and access log", async () => {
  const { server } = serverWith(`GET /healthz HTTP/1.1\r\n${HOST}`, {});
  await server.run();
  assertEquals(latencies(server).sum, 0);
  assertEquals(server.state.total(COLUMN.idleMicroseconds), 0);
  assertEquals(server.state.total(COLUMN.requests), 1);
});

Deno.test("request trace: a client that disconnects before its answer is logged as 499", async () => {
  const { server, peer } = serverWith(
    `POST /echo HTTP/1.1\r\nContent-Length: 4\r\n${HOST}ab`,
    { accessLog: true },
  );
  server.schedule(server.os.now + 2_000, () => peer.reset());
  await server.run();
  const lines = server.log.join("");
  assert(/"POST \/echo HTTP\/1.1" 499 0 "-" "-" 0-1-1 \d+ 0\n$/.test(lines), lines);
  assertEquals(lines.split("\n").length, 2);
});

Deno.test("request trace: the time that is not spent at work counts as sleep", async () => {
  const { server } = serverWith(`GET /healthz HTTP/1.1\r\n${HOST}`, {
    config: { monitoring: ADMIN },
  });
  const began = server.os.now;
  await server.run();
  const idle = server.state.total(COLUMN.idleMicroseconds) / 1000;
  assert(idle > 0.9 * (server.os.now - began), `${idle} of ${server.os.now - began} ms`);
});
