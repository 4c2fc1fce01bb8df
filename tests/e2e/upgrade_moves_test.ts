/**
 * SIGUSR2: WebSockets that keep nothing but their socket go on in the new server, whatever is under way on them, and their clients notice
 * nothing. The old server has nothing left to finish, so it ends at once.
 */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Endpoint } from "../support/http_client.ts";
import { Lineage } from "../support/lineage.ts";
import { isAlive } from "../support/process_facts.ts";
import { closeCodeOf, encodeFrame, OPCODE, RawWebSocket } from "../support/raw_websocket.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { hold, type Server, waitFor, within, withServer } from "../support/server.ts";
import { OVER_TLS } from "../support/suite_tls.ts";
import { OVER_DENO_TRANSPORT } from "../support/suite_transport.ts";
import { UpgradeRefused, WsClient } from "../support/ws_client.ts";

const PACE_MS = 2;
const UPGRADES = 3;
/** More than the kernel keeps for a client that does not read. */
const UNREAD = { messages: 64, bytes: 256 * 1024 };
const MOST_QUEUED = "64MiB";
const MOST_PER_ADDRESS = 24;

/** Sends numbers and gets them back, until it is told to end. */
class Talker {
  /** Messages that came back. */
  count = 0;
  readonly client: WsClient;
  readonly #running: Promise<void>;
  #isEnding = false;

  /** @param suffix of each message: a long one is compressed */
  constructor(client: WsClient, suffix: string) {
    this.client = client;
    this.#running = this.#talk(suffix);
    this.#running.catch(() => {}); // told by end
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
    await this.client[Symbol.asyncDispose]();
  }

  async #talk(suffix: string): Promise<void> {
    for (; !this.#isEnding; this.count++) {
      const text = `${this.count}${suffix}`;
      this.client.send(text);
      assertEquals(await this.client.nextText(), text);
      await hold(PACE_MS);
    }
  }
}

/** A message of which every second part is sent before an upgrade. */
async function unfinished(server: Endpoint): Promise<RawWebSocket> {
  const socket = await RawWebSocket.open(server, "/echo");
  await socket.send({ opcode: OPCODE.text, payload: "Gr\xfc", fin: false });
  await socket.send({ opcode: OPCODE.ping, payload: "within" });
  assertEquals((await socket.frame()).opcode, OPCODE.pong);
  await socket.connection.send(rest.subarray(0, 7));
  return socket;
}

const rest = encodeFrame({ opcode: OPCODE.continuation, payload: "\xdfe" });

/** The other part, and the echo of the whole. */
async function finish(socket: RawWebSocket): Promise<void> {
  await socket.connection.send(rest.subarray(7));
  const { opcode, payload } = await socket.frame();
  assertEquals([opcode, new TextDecoder().decode(payload)], [OPCODE.text, "Gr\xfc\xdfe"]);
}

/** The beginning of a compressed message; RFC 7692 section 7.2.3.1 has the rest of it. */
async function unfinishedCompressed(server: Server): Promise<RawWebSocket> {
  const offer = { "Sec-WebSocket-Extensions": "permessage-deflate" };
  const socket = await RawWebSocket.open(server, "/echo", offer);
  const payload = Uint8Array.of(0xf2, 0x48, 0xcd);
  await socket.send({ opcode: OPCODE.text, payload, fin: false, reserved: 4 });
  await socket.send({ opcode: OPCODE.ping });
  assertEquals((await socket.frame()).opcode, OPCODE.pong);
  return socket;
}

function payloadOf(number: number): Uint8Array {
  return new Uint8Array(UNREAD.bytes).fill(number);
}

/** A client that sends much and reads nothing. */
async function deaf(server: Server) {
  const socket = await RawWebSocket.open(server, "/echo");
  const send = async () => {
    for (let i = 0; i < UNREAD.messages; i++) {
      await socket.send({ opcode: OPCODE.binary, payload: payloadOf(i) });
    }
  };
  return { socket, sending: send() };
}

Deno.test({
  name: "upgrade: WebSockets go on in the new server, in the middle of a message and of an answer",
  // TLS cannot be moved.
  ignore: OVER_DENO_TRANSPORT || OVER_TLS,
  fn: async () => {
    const limit = ["--max-connections-per-address", String(MOST_PER_ADDRESS)];
    const config = await Deno.makeTempFile({ suffix: ".toml", prefix: "async-deno-test-" });
    // The messages that are not whole wait for an upgrade.
    await Deno.writeTextFile(config, "websocket-compression = true");
    const on = ["--config", config, "--head-timeout", "60s"];
    const args = [...on, "--upgrade-spread", "60s", "--max-queued", MOST_QUEUED, ...limit];
    await withServer({ workers: 2, args }, async (server) => {
      using lineage = new Lineage(server);
      const open = (path: string) => WsClient.open(`${server.wsUrl}${path}`);
      const long = " and again".repeat(200);
      const talkers = await Promise.all(
        Array.from({ length: 8 }, async (_, i) => {
          const client = await open("/echo");
          return new Talker(client, i % 2 === 0 ? "" : long);
        }),
      );
      const terminal = await open("/ws");
      await terminal.next(); // the greeting
      for (let i = 0; i < UPGRADES; i++) {
        const socket = await unfinished(server);
        const { socket: unread, sending } = await deaf(server);
        const before = lineage.pid;
        const counts = talkers.map(({ count }) => count);
        await lineage.upgrade();
        await waitFor(() => !isAlive(before), { what: "the end of the old server" });
        await finish(socket);
        for (let at = 0; at < UNREAD.messages; at++) {
          const { payload } = await unread.frame();
          assertEquals(sameBytes(payload, payloadOf(at)), true, `message ${at}`);
        }
        await sending;
        for (const one of [socket, unread]) one[Symbol.dispose]();
        terminal.send("typed");
        assertEquals(await terminal.nextText(), "typed");
        await waitFor(() => talkers.every(({ count }, at) => count > counts[at]! + 10), {
          what: "messages of all",
        });
      }
      // The new server counts them as connections of their address.
      const others: WsClient[] = [];
      const fill = async () => {
        while (others.length < MOST_PER_ADDRESS - talkers.length - 1) {
          // It may not have noticed yet that the last two have left.
          await open("/echo").then((client) => others.push(client), () => hold(PACE_MS));
        }
      };
      await within(fill(), { what: "as many connections as the limit allows" });
      const { status } = await assertRejects(() => open("/echo"), UpgradeRefused);
      assertEquals(status, 503);
      for (const client of others) await client[Symbol.asyncDispose]();
      for (const talker of talkers) await talker.end();
      assertStringIncludes(server.stdout, "11 connections go on in the new server");
      // A server that has no such endpoint.
      const compressed = await unfinishedCompressed(server);
      await Deno.writeTextFile(config, 'endpoints = ["echo"]');
      await lineage.upgrade();
      assertEquals((await terminal.closed).code, 1012);
      assertEquals(closeCodeOf(await compressed.frame()), 1012);
      compressed[Symbol.dispose]();
      await lineage.stop();
    });
    await Deno.remove(config);
  },
});

Deno.test({
  name: "upgrade: WebSockets over a Unix socket go on, too",
  ignore: OVER_DENO_TRANSPORT || OVER_TLS,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
    const path = `${folder}/socket`;
    const args = ["--unix", path, "--head-timeout", "60s", "--upgrade-spread", "60s"];
    await withServer({ workers: 2, args }, async (server) => {
      using lineage = new Lineage(server);
      const endpoint = { hostname: "", port: 0, path };
      const sockets = await Promise.all(Array.from({ length: 4 }, () => unfinished(endpoint)));
      for (let i = 0; i < 2; i++) {
        const before = lineage.pid;
        await lineage.upgrade();
        await waitFor(() => !isAlive(before), { what: "the end of the old server" });
      }
      await Promise.all(sockets.map(finish));
      for (const socket of sockets) socket[Symbol.dispose]();
      await lineage.stop();
    });
    await Deno.remove(folder, { recursive: true });
  },
});

/** How a WebSocket ends: with the code of a close frame, or 1006 without one. */
async function endOf(socket: RawWebSocket): Promise<number> {
  try {
    const { opcode, payload } = await socket.frame();
    await socket.send({ opcode, payload });
    return opcode === OPCODE.close ? payload[0]! * 256 + payload[1]! : 0;
  } catch {
    return 1006;
  } finally {
    socket[Symbol.dispose]();
  }
}

Deno.test({
  name:
    "upgrade: if the new server dies while connections move, all of them end, and so does the old one",
  ignore: OVER_DENO_TRANSPORT || OVER_TLS,
  fn: async () => {
    await withServer({ workers: 1, args: ["--upgrade-spread", "0s"] }, async (server) => {
      using lineage = new Lineage(server);
      const sockets = await Promise.all(
        Array.from({ length: 600 }, () => RawWebSocket.open(server, "/echo")),
      );
      const before = lineage.pid;
      const ends = Promise.all(sockets.map(endOf));
      await lineage.upgrade();
      Deno.kill(lineage.pid, "SIGKILL");
      // None of them is left without an end, whichever server has it.
      const codes = new Set(await within(ends, { what: "the ends of all" }));
      assertEquals([...codes].filter((code) => code !== 1006 && code !== 1012), []);
      await waitFor(() => !isAlive(before), { what: "the end of the old server" });
    });
  },
});
