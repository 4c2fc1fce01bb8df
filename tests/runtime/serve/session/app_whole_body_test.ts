/** Bodies that an app reads whole, on the fake kernel: at each split, within the bound on memory, and given back (see FakeServer.run). */

import { assert, assertEquals } from "@std/assert";
import { CONNECTION_LIMITS } from "../../../../runtime/config/mod.ts";
import { COLUMN } from "../../../../runtime/ring/mod.ts";
import type { AppExchange } from "../../../../runtime/serve/session/mod.ts";
import { AppServer, LAST, post } from "../../../support/fake_app_server.ts";
import { FakeSocket } from "../../../support/fake_socket.ts";
import { textOf } from "../../../support/protocol_cases.ts";

/** The body as text. */
function readText(exchange: AppExchange): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  exchange.readWhole({
    whole: (bytes, start, end) => resolve(textOf(bytes.subarray(start, end))),
    failed: reject,
  });
  return promise;
}

async function answerLength(exchange: AppExchange): Promise<void> {
  const text = await readText(exchange);
  exchange.respondText(200, `${text.length} ${text.slice(-5)}`);
}

Deno.test("app, whole bodies: at each split, in chunks, at once or after an await", async () => {
  const body = "0123456789".repeat(20);
  const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
    `64\r\n${body.slice(0, 100)}\r\n64\r\n${body.slice(100)}\r\n0\r\n\r\n`;
  for (const waits of [false, true]) {
    for (const sends of [1, 3, 50, 9999]) {
      const server = new AppServer(async (exchange) => {
        if (waits) await undefined;
        await answerLength(exchange);
      });
      const text = post("/", body) + chunked + post("/", body) + LAST;
      const client = server.client(text, new FakeSocket(), sends);
      await server.run();
      assertEquals(client.answers, ["200 200 56789", "200 200 56789", "200 200 56789", "200 0"]);
    }
  }
});

Deno.test("app, whole bodies: a long one is received into its place", async () => {
  const length = 1_000_000;
  const server = new AppServer(answerLength);
  const socket = new FakeSocket({ receiveBuffer: 262_144 });
  const client = server.client(post("/", "x".repeat(length)) + LAST, socket, 100_000);
  await server.run();
  assertEquals(client.answers, [`200 ${length} xxxxx`, "200 0"]);
});

Deno.test("app, whole bodies: clients that leave, and handlers that fail, give all memory back", async () => {
  for (const leaves of [true, false]) {
    const failure = Promise.withResolvers<never>();
    const server = new AppServer(async (exchange) => {
      await Promise.race([readText(exchange), failure.promise]);
    });
    const client = server.client(post("/", "x".repeat(50_000)).slice(0, -1), undefined, 20_000);
    server.after(1, () => {
      if (leaves) client.reset();
      else failure.reject(new Error("the app's own fault"));
    });
    server.after(2, () => client.reset());
    await server.run();
  }
});

Deno.test("app, whole bodies: what exceeds the bound on memory is told 503, the others are answered", async () => {
  const [clients, length, bound] = [8, 400 * 1024, 1024 * 1024];
  const limits = { ...CONNECTION_LIMITS, heldBytes: bound };
  const failures: string[] = [];
  const server = new AppServer(
    (exchange) => answerLength(exchange).catch((error) => void failures.push(error.name)),
    {
      config: { limits },
    },
  );
  const uploads = Array.from({ length: clients }, () => {
    const text = post("/", "x".repeat(length), "Connection: close\r\n");
    return server.client(text, new FakeSocket(), 10_000);
  });
  await server.run();
  const statuses = uploads.map(({ answers: [answer = ""] }) => answer.slice(0, 3));
  assertEquals(new Set(statuses), new Set(["200", "503"]), statuses.join());
  const counters = server.state.counters(0);
  const told = statuses.filter((status) => status === "503").length;
  assertEquals(counters.get(COLUMN.endedByMemory) + counters.get(COLUMN.refusedByMemory), told);
  assert(failures.length === told, `${failures}`);
});

/** Keeps all that it gets, and says so. */
function keepAll(exchange: AppExchange): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let heldBytes = 0;
  exchange.readBody({
    get heldBytes() {
      return heldBytes;
    },
    data(_bytes, start, end) {
      heldBytes += end - start;
      return true;
    },
    end: () => resolve(heldBytes),
    failed: reject,
  });
  return promise;
}

Deno.test("app, bodies in pieces: what the app's reader holds counts, and is told 503 above the bound", async () => {
  const [clients, length, bound] = [8, 400 * 1024, 1024 * 1024];
  const limits = { ...CONNECTION_LIMITS, heldBytes: bound };
  let failures = 0;
  let most = 0;
  const server: AppServer = new AppServer(async (exchange) => {
    const count = await keepAll(exchange).catch(() => void failures++);
    most = Math.max(most, server.state.counters(0).get(COLUMN.heldBytes));
    if (count !== undefined) exchange.respondText(200, `${count}`);
  }, { config: { limits } });
  const uploads = Array.from({ length: clients }, () => {
    const text = post("/", "x".repeat(length), "Connection: close\r\n");
    return server.client(text, new FakeSocket(), 10_000);
  });
  await server.run();
  const statuses = uploads.map(({ answers: [answer = ""] }) => answer.slice(0, 3));
  assertEquals(new Set(statuses), new Set(["200", "503"]), statuses.join());
  assertEquals(server.state.counters(0).get(COLUMN.endedByMemory), failures);
  assert(most > length, `${most}`);
});

// See FakeServer.run.
Deno.test("app, bodies in pieces: nothing counts any more once it has ended, by whichever end", async () => {
  for (const end of ["whole", "left", "failed", "answered"]) {
    const failure = Promise.withResolvers<never>();
    failure.promise.catch(() => {});
    const server = new AppServer(async (exchange) => {
      const reading = keepAll(exchange);
      reading.catch(() => {});
      if (end !== "answered") await Promise.race([reading, failure.promise]);
      exchange.respondText(200, "ok");
    });
    const text = post("/", "x".repeat(50_000));
    const client = server.client(end === "whole" ? text : text.slice(0, -1), undefined, 20_000);
    server.after(1, () => {
      if (end === "left") client.reset();
      else failure.reject(new Error("the app's own fault"));
    });
    server.after(2, () => client.reset());
    await server.run();
  }
});
