/**
 * A worker thread whose handlers do what the server's own do not: wait, block, throw, die. Started by tests of the executor.
 */

import { DateField } from "../../protocol/mod.ts";
import { createRouter } from "../../runtime/serve/routes/mod.ts";
import { LogLabel } from "../../runtime/observe/log/mod.ts";
import type { Exchange, Route, WebSocketHandler } from "../../runtime/serve/session/mod.ts";
import { serveThread } from "../../runtime/executor/serve_thread.ts";
import { isFile } from "./is_file.ts";

type Handle = Route["handle"];

const WAITING_ECHO: WebSocketHandler = {
  opened() {},
  async message(socket) {
    const { opcode, payload, payloadStart, payloadEnd } = socket;
    const copy = payload.slice(payloadStart, payloadEnd);
    if (new TextDecoder().decode(copy) === "throw") throw new Error("a handler's own fault");
    await new Promise((resolve) => setTimeout(resolve, 5));
    socket.send(opcode, copy, 0, copy.length);
  },
};

function route(handle: Handle, webSocket: WebSocketHandler | null = null): Route {
  return { label: new LogLabel("test"), methods: null, wantsBody: true, handle, webSocket };
}

const HANDLERS: Record<string, Handle> = {
  "/now": (exchange) => exchange.respondText(200, "now"),
  "/microtask": async (exchange) => {
    for (let i = 0; i < 3; i++) await undefined;
    exchange.respondText(200, "microtask");
  },
  "/timer": async (exchange) => {
    const milliseconds = Number(exchange.request.query);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    answerWithRequest(exchange);
  },
  "/file": async (exchange) => {
    const text = await Deno.readTextFile(new URL(import.meta.url));
    exchange.respondText(200, text.slice(0, 3));
  },
  "/blocks": (exchange) => {
    // No other thread notifies: the wait ends by its time-out. Meanwhile the whole thread is blocked.
    const never = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(never, 0, 0, Number(exchange.request.query));
    exchange.respondText(200, "blocked");
  },
  "/blocks-while": (exchange) => {
    // While there is the file that the query names, a minute at most.
    const never = new Int32Array(new SharedArrayBuffer(4));
    const end = performance.now() + 60_000;
    while (isFile(exchange.request.query) && performance.now() < end) Atomics.wait(never, 0, 0, 10);
    exchange.respondText(200, "blocked");
  },
  "/later-blocks": async (exchange) => {
    // The query: milliseconds, and a file that is written when the thread is about to be blocked.
    const [milliseconds = "", file = ""] = exchange.request.query.split(",");
    await new Promise((resolve) => setTimeout(resolve, 50));
    Deno.writeTextFileSync(file, "");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(milliseconds));
    exchange.respondText(200, "blocked");
  },
  "/worker": (exchange) => exchange.respondText(200, self.name),
  "/throws": () => {
    throw new Error("a handler's own fault");
  },
  "/rejects": async () => {
    await undefined;
    throw new Error("a handler's own fault");
  },
  "/client": async (exchange) => {
    await undefined;
    exchange.respondText(200, `${exchange.clientAddress} ${exchange.isSecure}`);
  },
  "/subject": (exchange) => exchange.respondText(200, exchange.clientSubject),
  "/silent": () => {},
  "/dies": () => {
    // Outside of every handler: the error is not caught, so the thread ends.
    queueMicrotask(() => {
      throw new Error("killed by a test");
    });
    return new Promise(() => {});
  },
};

/** Answers with the request, read again after the handler has yielded. */
function answerWithRequest(exchange: Exchange): void {
  const { request, bodyBytes, bodyStart, bodyEnd } = exchange;
  const body = new TextDecoder().decode(bodyBytes.subarray(bodyStart, bodyEnd));
  exchange.respondText(200, `${request.target} ${request.field("x-name")} ${body}`);
}

// Before the guard of a thread with an app: so that "/dies" kills that, too.
globalThis.addEventListener("error", (event) => {
  if (event.message.includes("killed by a test")) event.stopImmediatePropagation();
});
const table = Object.entries(HANDLERS).map(([path, handle]) => [path, route(handle)] as const);
const throwing = route((exchange) => exchange.respondText(426, ""), {
  opened() {
    throw new Error("a handler's own fault");
  },
  message() {},
});
const socket = route((exchange) => exchange.respondText(426, ""), WAITING_ECHO);
serveThread(
  createRouter([...table, ["/socket", socket], ["/throwing-socket", throwing]]),
  new DateField(Date.now()),
);
