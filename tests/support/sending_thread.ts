/**
 * A worker thread whose handlers send to other sockets, answer wrongly, and read their messages late.
 * Started by tests/e2e/sending_test.ts and answers_test.ts.
 *
 * A handler waits until a request for /release, so that a test decides what happens meanwhile.
 */

import { DateField, TEXT } from "../../protocol/mod.ts";
import { serveThread } from "../../runtime/executor/serve_thread.ts";
import { LogLabel } from "../../runtime/observe/log/mod.ts";
import { createRouter } from "../../runtime/serve/routes/mod.ts";
import {
  ANYBODY,
  type Exchange,
  type OverflowPolicy,
  type Route,
  SharedMessage,
  type WebSocketHandler,
  type WebSocketPeer,
} from "../../runtime/serve/session/mod.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const label = new LogLabel("test");

const waiting: (() => void)[] = [];
const results: string[] = [];

function released(): Promise<void> {
  return new Promise((resolve) => waiting.push(resolve));
}

function sendText(socket: WebSocketPeer, text: string): number {
  const bytes = encoder.encode(text);
  return socket.send(TEXT, bytes, 0, bytes.length);
}

function messageOf({ payload, payloadStart, payloadEnd }: WebSocketPeer): string {
  return decoder.decode(payload.subarray(payloadStart, payloadEnd));
}

/**
 * Sockets that reach each other by number, in the order in which they connected. Messages: `tell N TEXT`, `all TEXT`,
 * `push N COUNT SIZE` (answered by how many of COUNT messages were sent, queued and dropped), `waits N`, `drained`.
 */
function relay(overflow: OverflowPolicy): WebSocketHandler {
  const sockets: WebSocketPeer[] = [];
  let drained = 0;
  const at = (number: string | undefined) => sockets[Number(number)]!; // the test knows them
  return {
    overflow,
    opened: (socket) => void sockets.push(socket),
    drained: () => void drained++,
    message(socket) {
      const [word, ...rest] = messageOf(socket).split(" ");
      if (word === "tell") sendText(at(rest[0]), rest[1] ?? "");
      else if (word === "push") {
        sendText(socket, push(at(rest[0]), Number(rest[1]), Number(rest[2])));
      } else if (word === "waits") sendText(socket, String(at(rest[0]).queuedBytes));
      else if (word === "drained") sendText(socket, String(drained));
      else if (word === "all") {
        const bytes = encoder.encode(rest.join(" "));
        const message = new SharedMessage(TEXT, bytes, 0, bytes.length);
        for (const each of sockets) each.sendShared(message);
      } else socket.reply(TEXT);
    },
  };
}

function push(socket: WebSocketPeer, count: number, size: number): string {
  const bytes = new Uint8Array(size).fill(0x61);
  const counts = { sent: 0, queued: 0, dropped: 0 };
  for (let i = 0; i < count; i++) {
    const result = socket.send(TEXT, bytes, 0, size);
    if (result === 0) counts.dropped++;
    else if (result < 0) counts.queued++;
    else counts.sent++;
  }
  return `${counts.sent} ${counts.queued} ${counts.dropped}`;
}

/** Reads its message again after the release, and answers whether it is unchanged. */
const LATE_READER: WebSocketHandler = {
  opened() {},
  async message(socket) {
    const before = messageOf(socket);
    await released();
    results.push(messageOf(socket) === before && before.length > 0 ? "same" : "changed");
    socket.reply(socket.opcode);
  },
};

function bodyOf({ bodyBytes, bodyStart, bodyEnd }: Exchange): string {
  return decoder.decode(bodyBytes.subarray(bodyStart, bodyEnd));
}

const HANDLERS: Record<string, Route["handle"]> = {
  "/release": (exchange) => {
    for (const release of waiting.splice(0)) release();
    exchange.respondText(200, "released");
  },
  "/waiting": (exchange) => exchange.respondText(200, String(waiting.length)),
  "/results": (exchange) => exchange.respondText(200, results.splice(0).join(" ")),
  "/fine": (exchange) => exchange.respondText(200, "fine"),
  "/echo": (exchange) => exchange.respondText(200, bodyOf(exchange)),
  "/bad-field": (exchange) => exchange.respondText(200, "ok", [["X-Split", "a\r\nX-Evil: b"]]),
  "/bad-field-later": async (exchange) => {
    await undefined;
    exchange.respondText(200, "ok", [["X Name", "a"]]);
  },
  "/bad-status": (exchange) => exchange.respondText(999, "what?"),
  "/bad-bounds": (exchange) => {
    const bytes = new Uint8Array(10);
    exchange.respond({ status: 200, fields: [], contentLength: 20_000 }, bytes, 0, 20_000);
  },
  "/bad-long": (exchange) => {
    const head = { status: 200, fields: [["X", "\n"] as const], contentLength: 20_000 };
    exchange.respond(head, new Uint8Array(20_000), 0, 20_000);
  },
  "/short-body": (exchange) => {
    const source = new Uint8Array(20_000);
    const head = { status: 200, fields: [], contentLength: 30_000 };
    exchange.respondParts(head, [{ source, start: 0, end: 20_000 }]);
  },
  "/no-promise": (exchange) => {
    exchange.respondText(200, "5");
    return 5 as unknown as Promise<void>;
  },
  "/answers-first": async (exchange) => {
    const before = bodyOf(exchange);
    exchange.respondText(200, "early");
    await released();
    results.push(bodyOf(exchange) === before ? "same" : "changed");
  },
  "/waits": async (exchange) => {
    const before = bodyOf(exchange);
    await released();
    results.push(bodyOf(exchange) === before && before.length > 0 ? "same" : "changed");
    exchange.respondText(200, "late");
  },
};

const refuse: Route["handle"] = (exchange) => exchange.respondText(426, "");

function route(handle: Route["handle"], webSocket: WebSocketHandler | null = null): Route {
  return { label, methods: null, wantsBody: true, handle, webSocket };
}

const router = createRouter([
  ...Object.entries(HANDLERS).map(([path, handle]) => [path, route(handle)] as const),
  ["/pause", route(refuse, relay("pause"))],
  ["/drop", route(refuse, relay("drop"))],
  ["/close", route(refuse, relay("close"))],
  ["/late", route(refuse, LATE_READER)],
]);
serveThread(
  {
    find(path) {
      if (path === "/broken-router") throw new Error("a router's own fault");
      return router.find(path);
    },
    guard: {
      judge(request) {
        if (request.query === "throws") throw new Error("a guard's own fault");
        if (request.query === "later") return released().then(() => ANYBODY);
        return request.query === "refused" ? "refused" : ANYBODY;
      },
      refuse: (exchange) => exchange.respondText(401, "no", [["WWW-Authenticate", "\n"]]),
    },
    answerFailure(exchange) {
      if (exchange.request.query !== "bad-page") return false;
      exchange.respondText(500, "page", [["X", "\0"]]);
      return true;
    },
  },
  new DateField(Date.now()),
);
