/**
 * The metrics after known traffic have the known values, summed over the workers, and each limit and time-out is
 * counted under its own name.
 */

import { assert, assertEquals } from "@std/assert";
import { withAdmin } from "../../support/admin.ts";
import { ask, HttpConnection } from "../../support/http_client.ts";
import { Metrics } from "../../support/metrics.ts";
import { OPCODE, RawWebSocket } from "../../support/raw_websocket.ts";
import { type Server, waitFor } from "../../support/server.ts";
import { connectTo, OVER_TLS } from "../../support/suite_tls.ts";
import { WsClient } from "../../support/ws_client.ts";
import { ResettingPeer } from "../faults/resetting_peer.ts";

const HOST = "Host: a\r\n\r\n";
const DURATION = "async_deno_http_request_duration_seconds";
const HEALTH = `GET /healthz HTTP/1.1\r\n${HOST}`;

/** Waits until a metric has the value, because a close is counted a moment after the peer sees it. */
async function settled(adminUrl: string, name: string, value: number): Promise<Metrics> {
  let metrics = await Metrics.of(adminUrl);
  await waitFor(async () => (metrics = await Metrics.of(adminUrl)).sum(name) === value, {
    what: () => `${name} to be ${value}; it is ${metrics.sum(name)}`,
  });
  return metrics;
}

/** Sends requests on several connections; returns the numbers of bytes sent and received. */
async function traffic(server: Server): Promise<{ sent: number; received: number }> {
  let [sent, received] = [0, 0];
  const requests = [
    HEALTH.repeat(50),
    `GET /nothing HTTP/1.1\r\n${HOST}`.repeat(7),
    `POST /echo HTTP/1.1\r\nContent-Length: 5\r\n${HOST}hello`.repeat(3),
  ].join("");
  await Promise.all(Array.from({ length: 20 }, async () => {
    const connection = await connectTo(server);
    const bytes = new TextEncoder().encode(
      `${requests}GET / HTTP/1.1\r\nConnection: close\r\n${HOST}`,
    );
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    sent += bytes.length;
    for await (const chunk of connection.readable) received += chunk.length;
  }));
  return { sent, received };
}

Deno.test({
  name:
    "metrics: a client that leaves before its answer is not counted as a failure of the endpoint",
  // The client that leaves speaks no TLS.
  ignore: OVER_TLS,
  fn: async () => {
    const root = await Deno.makeTempDir({ prefix: "async-deno-test-" });
    try {
      // Compressing it takes long: the client has left by then.
      const text = Array.from({ length: 400_000 }, (_, i) => `line ${i * 7}\n`).join("");
      await Deno.writeTextFile(`${root}/long.txt`, text);
      await withAdmin({ workers: 1, args: ["--root", root] }, async (server, adminUrl) => {
        const request = `GET /long.txt HTTP/1.1\r\nAccept-Encoding: gzip\r\n${HOST}`;
        {
          using leaving = new ResettingPeer(server);
          leaving.send(request);
          await settled(adminUrl, "async_deno_http_requests_total", 1);
        }
        await settled(adminUrl, "async_deno_connections_open", 0);
        // This client waits for the same compression, and so for its end.
        assertEquals((await ask(server, request)).status, 200);
        const metrics = await settled(adminUrl, "async_deno_connections_open", 0);
        assertEquals(metrics.sum("async_deno_handler_errors_total"), 0);
      });
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});

Deno.test("metrics: requests, responses, bytes and connections match the traffic", () =>
  withAdmin({ workers: 3 }, async (server, adminUrl) => {
    const { sent, received } = await traffic(server);
    const metrics = await settled(adminUrl, "async_deno_connections_open", 0);
    const sums = {
      connections_accepted_total: 20,
      connections_opened_total: 20,
      http_requests_total: 20 * 61,
      network_receive_bytes_total: sent,
      network_transmit_bytes_total: received,
      http_request_duration_seconds_count: 20 * 61,
      handler_errors_total: 0,
      protocol_errors_total: 0,
      write_queue_bytes: 0,
      task_ring_depth: 0,
      ready: 1,
      workers: 3,
    };
    for (const [name, value] of Object.entries(sums)) {
      assertEquals(metrics.sum(`async_deno_${name}`), value, name);
    }
    const responses = "async_deno_http_responses_total";
    const codes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
    assertEquals(
      codes.map((code) => metrics.sum(responses, { code })),
      [0, 20 * 54, 0, 20 * 7, 0],
    );
    // The last bucket of each worker is its request count.
    for (const worker of ["0", "1", "2"]) {
      const requests = metrics.sum("async_deno_http_requests_total", { worker });
      const buckets = metrics.values(`${DURATION}_bucket`, { worker });
      assert(buckets.every((value, i) => i === 0 || value >= buckets[i - 1]!), `${buckets}`);
      assertEquals(buckets.at(-1), requests);
      assertEquals(metrics.sum(`${DURATION}_count`, { worker }), requests);
      const seconds = metrics.sum(`${DURATION}_sum`, { worker });
      assert(
        requests === 0 ? seconds === 0 : seconds > 0 && seconds < 10 * requests,
        `${seconds} s`,
      );
    }
  }));

Deno.test("metrics: WebSockets and their messages are counted, while open and after the close", () =>
  withAdmin({ workers: 2 }, async (server, adminUrl) => {
    const clients = await Promise.all(
      Array.from({ length: 5 }, () => WsClient.open(`${server.wsUrl}/echo`)),
    );
    for (const client of clients) {
      client.send("one");
      client.send("two");
      await client.next();
      await client.next();
    }
    const metrics = await Metrics.of(adminUrl);
    assertEquals(metrics.sum("async_deno_websockets_open"), 5);
    assertEquals(metrics.sum("async_deno_websocket_messages_received_total"), 10);
    assertEquals(metrics.sum("async_deno_websocket_messages_sent_total"), 10);
    assertEquals(metrics.sum("async_deno_http_responses_total", { code: "1xx" }), 5);
    for (const client of clients) await client.close(1000);
    const after = await settled(adminUrl, "async_deno_websockets_open", 0);
    assertEquals(after.sum("async_deno_websockets_opened_total"), 5);
  }));

/** What is sent, and the label of the limit that it exceeds. */
const BEYOND: readonly (readonly [limit: string, send: string])[] = [
  ["request_line", `GET /${"x".repeat(9_000)} HTTP/1.1\r\n${HOST}`],
  ["head", `GET / HTTP/1.1\r\nA: ${"x".repeat(40_000)}\r\n${HOST}`],
  ["fields", `GET / HTTP/1.1\r\n${"A: 1\r\n".repeat(101)}${HOST}`],
  ["body", `POST /echo HTTP/1.1\r\nContent-Length: 99\r\n${HOST}`],
];

Deno.test("metrics: each limit is counted under its name", () => {
  const args = ["--max-body", "10", "--max-message", "10", "--max-fragments", "2"];
  return withAdmin({ workers: 1, args }, async (server, adminUrl) => {
    for (const [limit, send] of BEYOND) {
      await ask(server, send);
      const metrics = await Metrics.of(adminUrl);
      assertEquals(metrics.sum("async_deno_limit_exceeded_total", { limit }), 1, limit);
    }
    {
      using large = await RawWebSocket.open(server, "/echo");
      await large.send({ opcode: OPCODE.text, payload: "more than ten" });
      await large.frame();
    }
    {
      using many = await RawWebSocket.open(server, "/echo");
      for (const opcode of [OPCODE.text, OPCODE.continuation, OPCODE.continuation]) {
        await many.send({ opcode, payload: "1", fin: false });
      }
      await many.frame();
    }
    const metrics = await Metrics.of(adminUrl);
    const name = "async_deno_limit_exceeded_total";
    assertEquals(metrics.sum(name, { limit: "message" }), 1);
    assertEquals(metrics.sum(name, { limit: "fragments" }), 1);
    assertEquals(metrics.sum("async_deno_protocol_errors_total"), BEYOND.length + 2);
  });
});

Deno.test("metrics: refused connections are counted by the limit", () => {
  const args = ["--max-connections", "3", "--max-connections-per-address", "2"];
  return withAdmin({ workers: 1, ip: "127.0.0.1", args }, async (server, adminUrl) => {
    const open = [await HttpConnection.open(server), await HttpConnection.open(server)];
    for (const connection of open) {
      await connection.send(HEALTH);
      await connection.answer();
    }
    using refused = await HttpConnection.open(server);
    assertEquals((await refused.answer()).status, 503);
    const metrics = await Metrics.of(adminUrl);
    const name = "async_deno_connections_refused_total";
    assertEquals(metrics.sum(name, { reason: "connections_per_address" }), 1);
    assertEquals(metrics.sum(name, { reason: "connections" }), 0);
    assertEquals(metrics.sum("async_deno_connections_open"), 2);
    open.forEach((connection) => connection[Symbol.dispose]());
    // Each refusal warns about the limit: the output at the end is checked here.
    assertEquals((await server.stop()).code, 0);
  });
});

Deno.test("metrics: time-outs are counted by their kind", () => {
  // Long enough for a busy machine to connect and to send the parts in time.
  const args = ["--head-timeout=1", "--idle-timeout=1", "--ping-interval=1"];
  args.push("--pong-timeout=2", "--close-timeout=1");
  return withAdmin({ workers: 1, args }, async (server, adminUrl) => {
    await ask(server, "GET / HTTP/1.1\r\nHos"); // head
    await ask(server, `POST /echo HTTP/1.1\r\nContent-Length: 9\r\n${HOST}ab`); // body
    {
      using idle = await HttpConnection.open(server);
      await idle.send(HEALTH);
      await idle.answer();
      await idle.expectEnd();
    }
    const silent = await RawWebSocket.open(server, "/echo");
    const name = "async_deno_timeouts_total";
    let metrics = await Metrics.of(adminUrl);
    const found = () => ["head", "idle", "body", "pong"].map((kind) => metrics.sum(name, { kind }));
    await waitFor(async () => {
      metrics = await Metrics.of(adminUrl);
      return metrics.sum(name) === 4;
    }, { what: () => `four time-outs, not ${found()}` });
    assertEquals(found(), [1, 1, 1, 1]);
    silent[Symbol.dispose]();
  });
});

Deno.test("metrics: for a peer that does not read, the queued bytes and then its time-out are counted", () =>
  withAdmin({ workers: 1, args: ["--write-timeout=0.5"] }, async (server, adminUrl) => {
    const connection = await connectTo(server);
    const length = 8_000_000;
    const head = `POST /echo HTTP/1.1\r\nContent-Length: ${length}\r\n${HOST}`;
    await connection.write(new TextEncoder().encode(head));
    const body = new Uint8Array(length);
    for (let at = 0; at < length;) at += await connection.write(body.subarray(at));
    await waitFor(
      async () => (await Metrics.of(adminUrl)).sum("async_deno_write_queue_bytes") > 0,
      { what: "queued bytes" },
    );
    const name = "async_deno_timeouts_total";
    await waitFor(async () => (await Metrics.of(adminUrl)).sum(name, { kind: "write" }) === 1, {
      what: "the time-out of a peer that does not read",
    });
    await settled(adminUrl, "async_deno_write_queue_bytes", 0);
    connection.close();
  }));

Deno.test("metrics: idle workers sleep nearly all of the time", () =>
  withAdmin({ workers: 2 }, async (server, adminUrl) => {
    await ask(server, HEALTH);
    const name = "async_deno_worker_idle_seconds_total";
    const before = await Metrics.of(adminUrl);
    const began = performance.now();
    await waitFor(() => performance.now() - began > 500, { what: "half a second" });
    const after = await Metrics.of(adminUrl);
    const seconds = (performance.now() - began) / 1000;
    for (const worker of ["0", "1"]) {
      const slept = after.sum(name, { worker }) - before.sum(name, { worker });
      assert(slept > 0.5 * seconds && slept < 1.2 * seconds, `${slept} of ${seconds} s`);
    }
  }));
