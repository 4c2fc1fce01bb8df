/**
 * Handlers that return something wrong or read a body late: the client gets an answer at once, at worst a 500, and no
 * handler sees the bytes of another client.
 */

import { assert, assertEquals } from "@std/assert";
import { type HandlersServer, withHandlers } from "../support/handlers_server.ts";
import { ask, HttpConnection } from "../support/http_client.ts";
import { OPCODE, RawWebSocket } from "../support/raw_websocket.ts";
import { waitFor } from "../support/wait_for.ts";

const HANDLERS = new URL("../support/sending_thread.ts", import.meta.url);
const KIB = 1024;

function answersTest(name: string, body: (server: HandlersServer) => Promise<void>): void {
  Deno.test(`answers: ${name}`, () => withHandlers(HANDLERS, {}, body));
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
}

function post(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

async function textOf(server: HandlersServer, path: string): Promise<string> {
  return (await ask(server, get(path))).text;
}

/** Waits until `count` handlers are waiting to be released. */
async function waiting(server: HandlersServer, count: number): Promise<void> {
  await waitFor(async () => await textOf(server, "/waiting") === String(count), {
    what: `${count} waiting handlers`,
  });
}

/** Waits for the results that handlers report after they were released. */
async function resultsOf(server: HandlersServer, count: number): Promise<string> {
  const all: string[] = [];
  await waitFor(async () => {
    all.push(...(await textOf(server, "/results")).split(" ").filter((word) => word !== ""));
    return all.length >= count;
  }, { what: () => `${count} results, there are ${all}` });
  return all.join(" ");
}

/** Sends bodies of other clients, long enough to reuse the memory of the bodies before. */
async function othersPost(server: HandlersServer): Promise<void> {
  const body = "z".repeat(100 * KIB);
  for (let i = 0; i < 3; i++) {
    using connection = await HttpConnection.open(server);
    const text = post("/echo", body);
    await connection.send(text.slice(0, 300));
    await connection.send(text.slice(300));
    assertEquals((await connection.answer("POST")).text.length, body.length);
  }
}

const BROKEN = [
  "/bad-field",
  "/bad-field-later",
  "/bad-field?bad-page",
  "/bad-status",
  "/bad-bounds",
  "/bad-long",
  "/broken-router",
  "/fine?throws",
  "/fine?refused",
];

Deno.test("answers: a result that cannot be sent gets 500 at once and a line in the log, and other clients are served", async () => {
  const log = await Deno.makeTempFile({ prefix: "async-deno-test-" });
  try {
    const failures = async () =>
      (await Deno.readTextFile(log)).match(/handler failed: \w+: ./g) ?? [];
    await withHandlers(HANDLERS, { log }, async (server) => {
      for (const path of BROKEN) {
        const before = (await failures()).length;
        using connection = await HttpConnection.open(server);
        await connection.send(get(path));
        const answer = await connection.answer();
        assertEquals([path, answer.status], [path, 500]);
        await connection.expectEnd();
        await waitFor(async () => (await failures()).length > before, {
          what: `the reason in the log for ${path}`,
        });
        assertEquals(await textOf(server, "/fine"), "fine");
      }
    });
  } finally {
    await Deno.remove(log);
    // The log of the run before, if there was one.
    await Deno.remove(`${log}.1`).catch(() => {});
  }
});

answersTest(
  "an incomplete answer ends so that it cannot be taken for a complete one",
  async (server) => {
    using connection = await HttpConnection.open(server);
    await connection.send(get("/short-body"));
    // The end comes at once, by a reset or before the declared length.
    const rest = await connection.rest().catch((error) => {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
      return new Uint8Array(0);
    });
    assert(rest.length < 30_000, "the body reached its declared length");
    assertEquals(await textOf(server, "/fine"), "fine");
  },
);

answersTest(
  "a handler may return a value that is not a promise",
  async (server) => {
    using connection = await HttpConnection.open(server);
    for (let i = 0; i < 2; i++) {
      await connection.send(get("/no-promise"));
      assertEquals((await connection.answer()).text, "5");
    }
  },
);

answersTest(
  "a body that arrives while the guard's promise is pending reaches the handler whole",
  async (server) => {
    const body = "authenticated ".repeat(1000);
    using connection = await HttpConnection.open(server);
    const text = post("/echo?later", body);
    await connection.send(text.slice(0, text.length - 500));
    await waiting(server, 1);
    const rest = connection.send(text.slice(text.length - 500));
    await textOf(server, "/release");
    await rest;
    const answer = await connection.answer("POST");
    assertEquals([answer.status, answer.text === body], [200, true]);
  },
);

answersTest(
  "a body stays valid for its handler after the answer was sent and after the client has left",
  async (server) => {
    const body = "mine ".repeat(20 * KIB);
    for (const [path, leaves] of [["/answers-first", false], ["/waits", true]] as const) {
      {
        using connection = await HttpConnection.open(server);
        const text = post(path, body);
        await connection.send(text.slice(0, 200));
        await connection.send(text.slice(200));
        if (!leaves) assertEquals((await connection.answer("POST")).text, "early");
        await waiting(server, 1);
      }
      await othersPost(server);
      await textOf(server, "/release");
      assertEquals(await resultsOf(server, 1), "same", path);
    }
  },
);

answersTest(
  "a message stays valid for its handler until its promise is settled",
  async (server) => {
    const payloads = ["short", "s".repeat(100), "m".repeat(30 * KIB), "l".repeat(500 * KIB)];
    const sockets = await Promise.all(payloads.map(() => RawWebSocket.open(server, "/late")));
    try {
      for (const [i, payload] of payloads.entries()) {
        await sockets[i]!.send({ opcode: OPCODE.text, payload });
      }
      await waiting(server, payloads.length);
      await othersPost(server);
      // A client that has left gets no answer, but its message is still read.
      sockets[2]![Symbol.dispose]();
      await othersPost(server);
      await textOf(server, "/release");
      assertEquals(await resultsOf(server, payloads.length), "same same same same");
      for (const [i, payload] of payloads.entries()) {
        if (i === 2) continue;
        const frame = await sockets[i]!.frame();
        assertEquals(new TextDecoder().decode(frame.payload) === payload, true, `message ${i}`);
      }
    } finally {
      for (const [i, socket] of sockets.entries()) if (i !== 2) socket[Symbol.dispose]();
    }
  },
);
