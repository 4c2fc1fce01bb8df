/** A handler of the app that does not answer in time, on the fake kernel: 504, and what it answers later reaches nobody. */

import { assert, assertEquals } from "@std/assert";
import type { AnswerStream } from "../../../../runtime/serve/session/mod.ts";
import { COLUMN } from "../../../../runtime/ring/mod.ts";
import { AppServer, get, LAST, post } from "../../../support/fake_app_server.ts";

const TIMEOUT = 1_000;
const NEVER = new Promise<void>(() => {});

Deno.test("app timeout: a handler that never answers gets 504, and no later request is handled", async () => {
  let asked = 0;
  const server = new AppServer(() => (asked++, NEVER), {}, TIMEOUT);
  const client = server.client(get("/") + LAST);
  await server.run();
  assertEquals(client.answers, ["504 The app did not answer in time"]);
  assert(client.text.includes("Connection: close"));
  assertEquals([asked, server.state.total(COLUMN.timeoutsApp)], [1, 1]);
});

Deno.test("app timeout: what the handler answers later is dropped", async () => {
  const late = Promise.withResolvers<void>();
  const server = new AppServer(
    async (exchange) => {
      await late.promise;
      exchange.respondText(200, "late");
    },
    {},
    TIMEOUT,
  );
  const client = server.client(get("/"));
  server.after(3, () => late.resolve());
  const other = server.client("");
  server.after(4, () => other.enqueue(new TextEncoder().encode(get("/not-asked") + LAST)));
  await server.run();
  assertEquals(client.answers, ["504 The app did not answer in time"]);
});

Deno.test("app timeout: the handler learns that nobody waits for it", async () => {
  const told: string[] = [];
  const server = new AppServer(
    (exchange) => {
      exchange.onLeft(() => told.push("left"));
      return NEVER;
    },
    {},
    TIMEOUT,
  );
  const client = server.client(get("/"));
  await server.run();
  assertEquals([told, client.answers.length], [["left"], 1]);
});

Deno.test("app timeout: a body that the client sends slowly does not count", async () => {
  const server = new AppServer(
    async (exchange) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      exchange.readBody({ data: () => true, end: resolve, failed: () => resolve() });
      await promise;
      exchange.respondText(200, "whole");
    },
    {},
    TIMEOUT,
  );
  const request = post("/", "0123456789");
  const client = server.client(request.slice(0, -5));
  server.after(3, () => client.enqueue(new TextEncoder().encode(request.slice(-5) + LAST)));
  await server.run();
  assertEquals(client.answers, ["200 whole", "200 whole"]);
});

Deno.test("app timeout: an answer that is sent over time is not cut", async () => {
  let stream: AnswerStream | null = null;
  const ended = Promise.withResolvers<void>();
  const server = new AppServer(
    async (exchange) => {
      stream = exchange.respondStream(
        { status: 200, fields: [], contentLength: -1 },
        { left() {}, stopping() {} },
      );
      await ended.promise;
    },
    {},
    TIMEOUT,
  );
  const client = server.client(get("/", "Connection: close\r\n"));
  server.after(3, () => {
    stream?.end();
    ended.resolve();
  });
  await server.run();
  assertEquals(client.answers.map((answer) => answer.slice(0, 3)), ["200"]);
});

Deno.test("app timeout: a time that is set behind an await begins at that moment", async () => {
  const later = Promise.withResolvers<void>();
  let begun = NaN;
  let took = NaN;
  const server = new AppServer(
    async (exchange) => {
      exchange.onLeft(() => took = server.os.now - begun);
      await later.promise;
      begun = server.os.now;
      exchange.setTimeout(40);
      await NEVER;
    },
    {},
    TIMEOUT,
  );
  const client = server.client(get("/"));
  // In the middle of a wait of the loop, whose time is as old as that wait.
  server.after(0.45, () => later.resolve());
  await server.run();
  assertEquals(client.answers, ["504 The app did not answer in time"]);
  assert(took >= 40 && took < 200, `${took}`);
});
