/**
 * An app that misbehaves: it hurts itself alone. From source, and with the executable.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type TellingApp, withApp } from "../../support/telling_app.ts";
import { waitFor } from "../../support/wait_for.ts";
import { WsClient } from "../../support/ws_client.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";
import "../../support/load_libc.ts";

/** Each path misbehaves in its own way. The comments are the lines. */
const APP = `// 1
export default { // 2
  fetch(request, server) { // 3
    const { pathname, search } = new URL(request.url); // 4
    const later = (misbehave) => (setTimeout(misbehave, 1), new Response("later")); // 5
    switch (pathname) { // 6
      case "/throws": throw new Error("thrown by fetch"); // 7
      case "/rejects": return Promise.reject(new Error("rejected by fetch")); // 8
      case "/timer": return later(() => { throw new Error("thrown in a timer"); }); // 9
      case "/promise": return later(() => void Promise.reject(new Error("nobody waits"))); // 10
      case "/exit": return later(() => Deno.exit(7)); // 11
      case "/close": return later(() => close()); // 12
      case "/process": return later(() => process.exit(7)); // 13
      case "/string": return later(() => { throw "no error at all"; }); // 14
      case "/never": return new Promise(() => {}); // 15
      case "/late": return new Promise((resolve) => setTimeout(() => resolve(new Response("late")), 2500)); // 16
      case "/post": return later(() => postMessage(null)); // 17
      case "/abort": return later(async () => (await import("node:process")).abort()); // 18
      case "/listens": self.onmessage = addEventListener("message", () => { throw new Error("heard"); }); return new Response("later");
      case "/blocks": Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(search.slice(1))); return new Response("blocked");
      case "/late-stream": return new Promise((resolve) => setTimeout(() => resolve(
        new Response(new ReadableStream({ cancel: () => tell("cancelled") }))), 1500));
      case "/keeps": globalThis.kept = new Uint8Array(400 * 1024 ** 2); return new Response("kept");
      case "/no-response": return 5;
      case "/header": return new Response("", { headers: { "a b": "c" } }); // 25
      case "/ws": return server.upgrade(request) ? undefined : new Response("no WebSocket");
      case "/listener": addEventListener("error", fails); addEventListener("error", { handleEvent: fails }, { once: true });
        return later(() => { queueMicrotask(() => removeEventListener("error", fails)); throw new Error("for a listener"); });
      case "/onerror": self.onerror = () => { self.onerror = null; throw new Error("thrown by onerror"); }; return later(() => { throw 1; });
      case "/onrejection": addEventListener("unhandledrejection", () => { throw new Error("thrown by another listener"); }, { once: true });
        return later(() => void Promise.reject(2));
      case "/node-rejection": process.once("unhandledRejection", (reason) => tell("node: " + reason));
        return later(() => void Promise.reject("a rejection for node"));
      case "/node-error": process.once("uncaughtException", (error) => tell("node: " + error.message));
        return later(() => { throw new Error("an error for node"); });
      case "/microtask": return later(() => queueMicrotask(() => { throw new Error("thrown by a microtask"); }));
      case "/now": queueMicrotask(() => { throw new Error("thrown at once"); }); return new Response("later");
      case "/tick": return later(() => process.nextTick(() => { throw new Error("thrown by a tick"); }));
      default: return new Response("ok");
    }
  },
  websocket: { message() {} },
};
function fails() { throw new Error("thrown by a listener"); }
`;

/** Reading a FIFO waits for a writer, on a thread of Deno's pool, which has 32. */
const WAITING_FILES = `
export default {
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/files") {
      for (let i = 0; i < 40; i++) Deno.readTextFile(new URL("fifo", import.meta.url)).catch(() => {});
    }
    if (pathname !== "/timer") return new Response("ok");
    return new Promise((resolve) => setTimeout(() => resolve(new Response("timer")), 2));
  },
};
`;

/** Nothing of the server's own may be in an answer. */
async function expectFailure(app: TellingApp, path: string, reason: string): Promise<void> {
  const answer = await app.get(path);
  assertMatch(answer, /^500 /);
  assert(!answer.includes(reason) && !answer.includes("app.js"), answer);
  assertStringIncludes(await app.server.waitForLog(reason), reason);
}

Deno.test("app faults: an exception is 500, with its stack in the log and not in the answer", async () => {
  await withApp(APP, {}, async (app) => {
    await expectFailure(app, "/throws", "thrown by fetch");
    await expectFailure(app, "/rejects", "rejected by fetch");
    const log = await app.server.waitForLog("app.js:7");
    assertStringIncludes(log, "app.js:8");
    assertMatch(await app.get("/no-response"), /^500 /);
    assertEquals(await app.get("/"), "200 ok");
    assert((await app.metrics()).sum("async_deno_handler_errors_total") >= 3);
  });
});

/** A call that an operator sees. */
const CALL = /\bat (?:.* \(.*\)|\S*\/\S*:\d+)$/;

for (const log of ["on", "off"]) {
  Deno.test(`app faults: what is told of an exception has the app's own lines alone, --log ${log}`, async () => {
    await withApp(APP, log === "off" ? { log } : {}, async (app) => {
      // The server's module throws, called by the app's line.
      assertMatch(await app.get("/header"), /^500 /);
      await app.waitForWarning(
        /the app: fetch: TypeError: .* at Object\.fetch \(\/.*app\.js:25\)$/m,
      );
      const lines = [app.server.stderr];
      if (log === "on") lines.push(await app.server.waitForLog("[APP] at Object.fetch"));
      const calls = lines.join("\n").split("\n").filter((line) => CALL.test(line));
      assert(calls.length >= lines.length, calls.join("\n"));
      for (const call of calls) assertMatch(call, /at Object\.fetch \(\/\S*\/app\.js:25\)$/);
    });
  });
}

/** By path: what the log has of it, also where, and how many errors there are if it is not one. */
const OUTSIDE: Record<string, readonly [reason: string, place: string, count?: number]> = {
  "/timer": ["thrown in a timer", "app.js:9"],
  "/promise": ["nobody waits", "app.js:10"],
  "/exit": ["Deno.exit() would end a worker", "app.js:11"],
  "/close": ["close() would end a worker", "app.js:12"],
  "/process": ["would end a worker", "app.js:13"],
  "/string": ["no error at all", "no error at all"],
  "/post": ["postMessage() reaches nobody", "app.js:17"],
  "/abort": ["process.abort() would end the server", "app.js:18"],
  "/listener": ["thrown by a listener", "for a listener", 3],
  "/onerror": ["thrown by onerror", "thrown by onerror", 2],
  "/onrejection": ["thrown by another listener", "thrown by another listener", 2],
  "/node-rejection": ["a rejection for node", "a rejection for node"],
  "/node-error": ["an error for node", "an error for node"],
  "/microtask": ["thrown by a microtask", "thrown by a microtask"],
  "/now": ["thrown at once", "thrown at once"],
  "/tick": ["thrown by a tick", "thrown by a tick"],
};

Deno.test("app faults: errors in timers and promises, and Deno.exit(), are logged and counted, and the worker lives", async () => {
  await withApp(APP, {}, async (app) => {
    let count = 0;
    for (const [path, [reason, place, errors = 1]] of Object.entries(OUTSIDE)) {
      assertEquals(await app.get(path), "200 later");
      const log = await app.server.waitForLog(place);
      assertStringIncludes(log, reason);
      assertEquals(await app.get("/"), "200 ok");
      const metrics = await app.metrics();
      count += errors;
      assertEquals(metrics.sum("async_deno_app_uncaught_errors_total"), count, path);
      assertEquals(metrics.sum("async_deno_workers_replaced_total"), 0);
    }
    await app.waitForWarning(/the app: an uncaught error: Error: thrown in a timer at .*app\.js:9/);
    await app.waitForTold(/^node: a rejection for node$/);
    await app.waitForTold(/^node: an error for node$/);
    // The main thread's orders are not for the app.
    assertEquals(await app.get("/listens"), "200 later");
    app.server.kill("SIGHUP");
    await waitFor(() => app.server.stdout.includes("reloaded: "), { what: "the reload" });
    assertEquals((await app.metrics()).sum("async_deno_app_uncaught_errors_total"), count);
  });
});

Deno.test("app faults: a handler that does not answer within --app-timeout gets 504, and its late answer reaches nobody", async () => {
  await withApp(APP, { args: ["--app-timeout", "1s"] }, async (app) => {
    const paths = ["/never", "/late", "/late-stream"];
    const answers = await Promise.all(paths.map((path) => app.get(path)));
    assertEquals(answers, Array(3).fill("504 The app did not answer in time"));
    await app.waitForTold(/^cancelled$/);
    assertEquals(await app.get("/"), "200 ok");
    const metrics = await app.metrics();
    assertEquals(metrics.sum("async_deno_timeouts_total", { kind: "app" }), 3);
    await app.waitForWarning(/the app has not answered GET \/(never|late|late-stream) within 1 s/);
    // The late answer comes after 2.5 s; other answers are not mixed up with it.
    const until = performance.now() + 2_500;
    while (performance.now() < until) assertEquals(await app.get("/"), "200 ok");
  });
});

Deno.test({
  name: "app faults: while a handler blocks the only worker, another one serves",
  ignore: OVER_DENO_TRANSPORT, // the kernel goes on giving connections to the blocked one
  fn: async () => {
    await withApp(APP, {}, async (app) => {
      let isBlocked = true;
      const blocked = app.get("/blocks?8000").finally(() => isBlocked = false);
      await app.waitForWarning(/worker 0 is blocked: its app has not returned .* for 2\.\d s/);
      await app.waitForWarning(/worker 1 serves beside the blocked one/);
      for (let i = 0; i < 10; i++) assertEquals(await app.get("/"), "200 ok");
      assertEquals((await app.metrics()).sum("async_deno_workers_blocked"), 1);
      assert(isBlocked);
      assertEquals(await blocked, "200 blocked");
      await app.waitForWarning(/worker 0 is back after \d+\.\d s/);
    });
  },
});

Deno.test("app faults: a worker whose app holds more than --app-memory is replaced, and its requests are finished", async () => {
  await withApp(APP, { workers: 2, args: ["--app-memory", "256MiB"] }, async (app) => {
    const late = Array.from({ length: 4 }, () => app.get("/late"));
    const url = `${app.server.wsUrl}/ws`;
    const sockets = await Promise.all(Array.from({ length: 8 }, () => WsClient.open(url)));
    const closed: number[] = [];
    for (const socket of sockets) void socket.closed.then(({ code }) => closed.push(code));
    assertEquals(await app.get("/keeps"), "200 kept");
    const isReplaced = async () =>
      (await app.metrics()).sum("async_deno_workers_replaced_total") === 1;
    await app.waitForWarning(
      /worker [01] is replaced: its app holds \d+ MiB, more than --app-memory/,
    );
    // Over Deno's sockets there is a moment in which connections of the old one's listener are lost.
    const get = () => OVER_DENO_TRANSPORT ? app.get("/").catch(() => "200 ok") : app.get("/");
    await waitFor(async () => (assertEquals(await get(), "200 ok"), await isReplaced()), {
      what: () => `a replaced worker: ${app.server.stderr}`,
    });
    assertEquals(await Promise.all(late), Array(4).fill("200 late"));
    // Those of the other worker go on. Clients come back after 1012; after 1001 the package sockette 2.0 does not.
    await waitFor(() => closed.length > 0, { what: "a closed WebSocket" });
    assertEquals(new Set(closed), new Set([1012]));
    const metrics = await app.metrics();
    assertEquals(metrics.sum("async_deno_workers_over_memory_total"), 1);
    assertEquals(metrics.sum("async_deno_workers"), OVER_DENO_TRANSPORT ? 2 : 3);
    for (let i = 0; i < 10; i++) assertEquals(await get(), "200 ok");
    for (const socket of sockets) await socket[Symbol.asyncDispose]();
  });
});

async function makeFifo(folder: string): Promise<void> {
  const { code } = await new Deno.Command("mkfifo", { args: [`${folder}/fifo`] }).output();
  assertEquals(code, 0);
}

/** Deno 2.4, which the executable has, opens files on the thread that asks: a FIFO blocks that one. */
const OPENS_IN_PLACE = Deno.version.deno.startsWith("2.4.") ||
  Deno.env.has("ASYNC_DENO_EXECUTABLE");

for (const args of [[], ["--io-uring", "off"]]) {
  const way = args.length === 0 ? "with io_uring, if the kernel has it" : "without io_uring";
  Deno.test({
    name:
      `app faults: files that keep all threads of Deno's pool waiting do not stop the worker, ${way}`,
    ignore: OPENS_IN_PLACE,
    fn: async () => {
      await withApp(WAITING_FILES, { args, prepare: makeFifo }, async (app) => {
        assertEquals(await app.get("/files"), "200 ok");
        for (let i = 0; i < 10; i++) {
          assertEquals([await app.get("/"), await app.get("/timer")], ["200 ok", "200 timer"]);
        }
        assertEquals(app.server.stderr, "");
      });
    },
  });
}
