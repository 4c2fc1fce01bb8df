/**
 * What all connections hold in memory has one bound (`--max-memory`), and a WebSocket message a deadline. Seen
 * over real sockets: who is ended, who is refused, and that all others are served.
 */

import { assert, assertEquals } from "@std/assert";
import { withAdmin } from "../support/admin.ts";
import { ask, field, HttpConnection } from "../support/http_client.ts";
import { Metrics } from "../support/metrics.ts";
import { closeCodeOf, encodeFrame, OPCODE, RawWebSocket } from "../support/raw_websocket.ts";
import { hold, type Server, waitFor, withServer } from "../support/server.ts";

const MEBIBYTE = 1024 * 1024;
const BOUND = 16 * MEBIBYTE;
/** A worker within its share may go an eighth beyond the bound, and one batch of receives further. */
const MOST_HELD = BOUND * 9 / 8 + 4 * MEBIBYTE;
const HEALTH = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
const HELD = "async_deno_held_memory_bytes";
const QUEUED = "async_deno_write_queue_bytes";
const REFUSALS = "async_deno_memory_refusals_total";
const EVICTIONS = "async_deno_memory_evictions_total";

function upload(bytes: number): string {
  return `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`;
}

/** So many connections, closed when `body` is over. */
async function withConnections(
  server: Server,
  count: number,
  body: (connections: readonly HttpConnection[]) => Promise<void>,
): Promise<void> {
  const connections: HttpConnection[] = [];
  try {
    for (let i = 0; i < count; i++) connections.push(await HttpConnection.open(server));
    await body(connections);
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** Asks for health and for what is held while `body` runs; gives the most that was held. */
async function mostHeldDuring(
  server: Server,
  adminUrl: string,
  body: () => Promise<void>,
): Promise<number> {
  let isOver = false;
  let most = 0;
  const observe = async () => {
    while (!isOver) {
      assertEquals((await ask(server, HEALTH)).status, 200);
      most = Math.max(most, (await Metrics.of(adminUrl)).sum(HELD));
    }
  };
  const observing = observe();
  try {
    await body();
  } finally {
    isOver = true;
    await observing;
  }
  return most;
}

Deno.test("memory: uploads that together hold too much are ended or refused, and health is answered", () =>
  withAdmin({ workers: 2, args: ["--max-memory", String(BOUND)] }, async (server, adminUrl) => {
    await withConnections(server, 24, async (connections) => {
      const statuses = new Set<number>();
      const finish = async (connection: HttpConnection) => {
        await connection.send(new Uint8Array(MEBIBYTE / 2)).catch(() => {});
        const answer = await connection.answer("POST");
        if (answer.status === 503) assertEquals(field(answer, "retry-after"), "1");
        else assertEquals(answer.body.length, 2 * MEBIBYTE);
        statuses.add(answer.status);
      };
      let held = 0;
      const most = await mostHeldDuring(server, adminUrl, async () => {
        await Promise.all(connections.map(async (connection) => {
          await connection.send(upload(2 * MEBIBYTE));
          await connection.send(new Uint8Array(1.5 * MEBIBYTE));
        }));
        await waitFor(async () => {
          const metrics = await Metrics.of(adminUrl);
          held = Math.max(held, metrics.sum(HELD));
          return metrics.sum(REFUSALS) + metrics.sum(EVICTIONS) > 8;
        }, { what: "refusals and evictions" });
        await Promise.all(connections.map(finish));
      });
      assertEquals(statuses, new Set([200, 503]));
      assert(held > BOUND / 2, `${held} bytes were held when the bound acted`);
      assert(most <= MOST_HELD, `${most} bytes were held`);
    });
    await waitFor(async () => (await Metrics.of(adminUrl)).sum(HELD) === 0, {
      what: "nothing to be held",
    });
    const { stderr } = await server.stop();
    assertEquals(stderr.match(/--max-memory/g)?.length, 1, stderr);
  }));

Deno.test("memory: half messages that together hold too much are closed with 1013", () =>
  withAdmin({ workers: 2, args: ["--max-memory", String(BOUND)] }, async (server, adminUrl) => {
    const frame = encodeFrame({ opcode: OPCODE.binary, payload: new Uint8Array(MEBIBYTE) });
    const sockets: RawWebSocket[] = [];
    try {
      for (let i = 0; i < 32; i++) sockets.push(await RawWebSocket.open(server, "/echo"));
      const most = await mostHeldDuring(server, adminUrl, async () => {
        await Promise.all(sockets.map(({ connection }) => connection.send(frame.subarray(0, -1))));
        await waitFor(async () => {
          const metrics = await Metrics.of(adminUrl);
          return metrics.sum(REFUSALS) + metrics.sum(EVICTIONS) > 8;
        }, { what: "refusals and evictions" });
      });
      // Whose message is complete now and was not dropped gets it back.
      const answers = await Promise.all(sockets.map(async (socket) => {
        await socket.connection.send(frame.subarray(-1)).catch(() => {});
        const answer = await socket.frame();
        if (answer.opcode === OPCODE.close) return closeCodeOf(answer);
        assertEquals(answer.payload.length, MEBIBYTE);
        return "echo";
      }));
      assertEquals(new Set(answers), new Set(["echo", 1013]));
      assert(most <= MOST_HELD, `${most} bytes were held`);
    } finally {
      for (const socket of sockets) socket[Symbol.dispose]();
    }
    await server.stop();
  }));

Deno.test("memory: what waits for a slow reader is held, until others need the memory", () =>
  withAdmin(
    { workers: 1, args: ["--max-memory", "48m", "--max-body", "64m"] },
    async (server, adminUrl) => {
      const size = 40 * MEBIBYTE;
      const metric = async (name: string) => (await Metrics.of(adminUrl)).sum(name);
      await withConnections(server, 1, async ([slow]) => {
        await slow!.send(upload(size));
        await slow!.send(new Uint8Array(size));
        // The buffers of both kernels take some of it.
        await waitFor(async () => await metric(QUEUED) > size / 2, { what: "a queue that waits" });
        assert(await metric(HELD) >= await metric(QUEUED), "what waits is held");
        const isAdmitted = async () => {
          using other = await HttpConnection.open(server);
          await other.send(upload(size).replace("Host", "Expect: 100-continue\r\nHost"));
          const { status } = await other.answer("POST");
          if (status === 100) return true;
          assertEquals([status, await metric(EVICTIONS)], [503, 0]);
          assertEquals((await ask(server, HEALTH)).status, 200);
          await hold(200);
          return false;
        };
        await waitFor(isAdmitted, { what: "the slow reader's end" });
        await waitFor(async () => await metric(HELD) === 0, { what: "its memory" });
        assertEquals([await metric(EVICTIONS), await metric(QUEUED)], [1, 0]);
      });
      await server.stop();
    },
  ));

Deno.test("memory: a message that hardly comes is closed with 1008, whatever control frames come between", () =>
  withServer(
    { workers: 1, args: ["--head-timeout", "0.5", "--body-rate", "1000"] },
    async (server) => {
      using slow = await RawWebSocket.open(server, "/echo");
      const began = performance.now();
      await slow.send({ opcode: OPCODE.text, payload: "a", fin: false });
      let isOver = false;
      const pinging = (async () => {
        while (!isOver) {
          const ping = slow.send({ opcode: OPCODE.ping, payload: "p" });
          if (!await ping.then(() => true, () => false)) return;
          await hold(50);
        }
      })();
      let frame = await slow.frame();
      while (frame.opcode === OPCODE.pong) frame = await slow.frame();
      isOver = true;
      await pinging;
      assertEquals(closeCodeOf(frame), 1008);
      assert(performance.now() - began >= 450, "the time was not over");
      await server.waitForLog("refused 1008 WS_MESSAGE_TIMEOUT");
    },
  ));

Deno.test("memory: half a frame's header has a deadline too, an idle socket and one that pings have none", () =>
  withServer({ workers: 1, args: ["--head-timeout", "0.4"] }, async (server) => {
    using idle = await RawWebSocket.open(server, "/echo");
    using pinging = await RawWebSocket.open(server, "/echo");
    using half = await RawWebSocket.open(server, "/echo");
    await half.connection.send(Uint8Array.of(0x81));
    for (let i = 0; i < 20; i++) {
      // Each segment ends in half a frame: something is always under way, and never the same.
      const ping = encodeFrame({ opcode: OPCODE.ping, payload: `p${i}` });
      await pinging.connection.send(ping.subarray(0, 3));
      await hold(50);
      await pinging.connection.send(ping.subarray(3));
      assertEquals((await pinging.frame()).opcode, OPCODE.pong);
    }
    assertEquals(closeCodeOf(await half.frame()), 1008);
    await idle.send({ opcode: OPCODE.text, payload: "still here" });
    assertEquals((await idle.frame()).payload.length, 10);
  }));

Deno.test("memory: a sender that is slow and steady is heard to the end", () =>
  withServer(
    { workers: 1, args: ["--head-timeout", "0.3", "--body-rate", "1000"] },
    async (server) => {
      using steady = await RawWebSocket.open(server, "/echo");
      const frame = encodeFrame({ opcode: OPCODE.binary, payload: new Uint8Array(20_000) });
      const began = performance.now();
      for (let at = 0; at < frame.length; at += 1000) {
        await steady.connection.send(frame.subarray(at, at + 1000));
        await hold(50);
      }
      assertEquals((await steady.frame()).payload.length, 20_000);
      assert(performance.now() - began > 600, "it was not slow");
    },
  ));

Deno.test("memory: four peers that announce 16 MiB keep nobody from 1 MiB", () =>
  withServer({ workers: 1 }, async (server) => {
    const header = encodeFrame({
      opcode: OPCODE.binary,
      payload: "x",
      declaredLength: 16 * MEBIBYTE,
      lengthForm: 64,
    });
    const liars: RawWebSocket[] = [];
    try {
      for (let i = 0; i < 4; i++) liars.push(await RawWebSocket.open(server, "/echo"));
      for (const liar of liars) await liar.connection.send(header);
      const payload = Uint8Array.from({ length: MEBIBYTE }, (_, i) => i * 31 % 251);
      await Promise.all(Array.from({ length: 8 }, async () => {
        using honest = await RawWebSocket.open(server, "/echo");
        await honest.send({ opcode: OPCODE.binary, payload });
        assertEquals((await honest.frame()).payload, payload);
      }));
    } finally {
      for (const liar of liars) liar[Symbol.dispose]();
    }
  }));
