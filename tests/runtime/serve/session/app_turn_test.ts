/** What a session does for an app, on the fake kernel: the app is asked first, and reads bodies as they arrive. */

import { assert, assertEquals } from "@std/assert";
import { CONNECTION_LIMITS, DEFAULT_CONFIG } from "../../../../runtime/config/mod.ts";
import { LogLabel } from "../../../../runtime/observe/log/mod.ts";
import type {
  AnswerStream,
  AppExchange,
  BodyListener,
} from "../../../../runtime/serve/session/mod.ts";
import { AppServer, get, type Handle, LAST, post } from "../../../support/fake_app_server.ts";
import { FakeSocket } from "../../../support/fake_socket.ts";
import { bytesOf, textOf } from "../../../support/protocol_cases.ts";

/** Reads a body whole, in steps: after each piece it pauses if `pauses`. */
class Reader implements BodyListener {
  text = "";
  pieces = 0;
  outcome = "open";
  readonly done = Promise.withResolvers<void>();
  readonly #pauses: boolean;

  constructor(pauses = false) {
    this.#pauses = pauses;
  }

  data(bytes: Uint8Array, start: number, end: number): boolean {
    this.text += textOf(bytes.subarray(start, end));
    this.pieces++;
    return !this.#pauses;
  }

  end(): void {
    this.outcome = "end";
    this.done.resolve();
  }

  failed(reason: Error): void {
    this.outcome = `${reason.name}: ${reason.message}`;
    this.done.resolve();
  }
}

const passing: Record<string, Handle> = {
  "at once": () => "next",
  "after an await": async () => {
    await undefined;
    return "next" as const;
  },
};

for (const [when, handle] of Object.entries(passing)) {
  Deno.test(`app turn: what the app passes on ${when} is answered as if there were none`, async () => {
    const server = new AppServer(handle);
    server.routes.set("/get", {
      label: new LogLabel("/get"),
      methods: ["GET"],
      wantsBody: false,
      webSocket: null,
      handle: (exchange) => exchange.respondText(200, "get"),
    });
    const client = server.client(
      get("/nothing") + post("/echo", "abc") + post("/get", "abc") + get("/get") + LAST,
    );
    await server.run();
    assertEquals(client.answers.map((answer) => answer.slice(0, 7)), [
      "404 Not",
      "200 abc",
      "405 Met",
      "200 get",
      "200 ok",
    ]);
  });
}

Deno.test("app turn: the app is asked about its paths only", async () => {
  const server = new AppServer((exchange) => exchange.respondText(200, "app"));
  const client = server.client(get("/echo") + get("/not-asked") + LAST);
  await server.run();
  assertEquals(client.answers.map((answer) => answer.slice(0, 7)), [
    "200 app",
    "404 Not",
    "200 app",
  ]);
});

Deno.test("app turn: a body that has arrived is read before readBody returns", async () => {
  const seen: string[] = [];
  const server = new AppServer((exchange) => {
    const reader = new Reader();
    exchange.readBody(reader);
    seen.push(`${reader.outcome} ${reader.text}`);
    exchange.respondText(200, reader.text);
  });
  const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  const client = server.client(post("/", "hello") + chunked + get("/") + LAST);
  await server.run();
  assertEquals(seen, ["end hello", "end abcde", "end ", "end "]);
  assertEquals(client.answers, ["200 hello", "200 abcde", "200", "200"]);
});

Deno.test("app turn: a body is read at every split, paused after each piece or not", async () => {
  const body = "0123456789".repeat(5);
  for (const pauses of [false, true]) {
    for (const sends of [1, 2, 7, 9999]) {
      const server = new AppServer(async (exchange) => {
        await undefined;
        const reader = new Reader(pauses);
        exchange.readBody(reader);
        while (reader.outcome === "open") {
          await undefined;
          exchange.resumeBody();
        }
        exchange.respondText(200, `${reader.outcome} ${reader.text}`);
      });
      const client = server.client(
        post("/", body) + post("/", body) + LAST,
        new FakeSocket(),
        sends,
      );
      await server.run();
      assertEquals(client.answers, [`200 end ${body}`, `200 end ${body}`, "200 end"]);
    }
  }
});

Deno.test("app turn: while the app takes nothing, no more than a buffer is read from the client", async () => {
  const length = 1_000_000;
  const body = "x".repeat(length);
  const begin = Promise.withResolvers<void>();
  const reader = new Reader();
  const server = new AppServer(async (exchange) => {
    await begin.promise;
    exchange.readBody(reader);
    await reader.done.promise;
    exchange.respondText(200, `${reader.text.length}`);
  });
  const socket = new FakeSocket({ receiveBuffer: 65_536, sendBuffer: 65_536 });
  const client = server.client(post("/", body, "Connection: close\r\n"), socket, 65_536);
  let sent = true;
  server.after(10, () => {
    sent = client.allSent;
    begin.resolve();
  });
  await server.run();
  assertEquals([sent, client.answers], [false, [`200 ${length}`]]);
});

Deno.test("app turn: what the app does not read is skipped when it has answered", async () => {
  const body = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  const paths: string[] = [];
  const handles: Handle[] = [
    (exchange) => exchange.respondText(200, "early"),
    async (exchange) => {
      await undefined;
      exchange.respondText(200, "early");
    },
    (exchange) => {
      exchange.readBody(new Reader(true)); // takes the first piece only
      exchange.respondText(200, "early");
    },
  ];
  for (const handle of handles) {
    for (const sends of [1, 9999]) {
      const server = new AppServer((exchange) => {
        paths.push(exchange.request.path);
        return handle(exchange);
      });
      const client = server.client(post("/", body) + LAST, new FakeSocket(), sends);
      await server.run();
      assertEquals(client.answers, ["200 early", "200 early"]);
    }
  }
  assert(!paths.includes("/smuggled"));
});

Deno.test("app turn: a body above the limit is 413 while it is read, and the reader is told", async () => {
  const http1 = { ...DEFAULT_CONFIG.http1, bodyBytes: 10 };
  const reader = new Reader();
  const server = new AppServer(async (exchange) => {
    exchange.readBody(reader);
    await reader.done.promise;
    exchange.respondText(200, "never");
  }, { config: { http1 } });
  const client = server.client(
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nff\r\n" +
      "x".repeat(255),
  );
  await server.run();
  assertEquals(client.answers[0]?.slice(0, 3), "413");
  assert(reader.outcome.startsWith("ProtocolError"), reader.outcome);
});

Deno.test("app turn: a body that comes too slowly is 408, one that the app does not take has no deadline", async () => {
  for (const takes of [true, false]) {
    const reader = new Reader();
    const server = new AppServer(async (exchange) => {
      if (takes) exchange.readBody(reader);
      await (takes ? reader.done.promise : later.promise);
      exchange.respondText(200, "late");
    });
    const later = Promise.withResolvers<void>();
    const client = server.client(post("/", "abc").slice(0, -2));
    server.after(CONNECTION_LIMITS.headTime / 1000 + 60, () => later.resolve());
    await server.run();
    assertEquals(client.answers[0]?.slice(0, 3), takes ? "408" : "200");
    if (takes) assert(reader.outcome.startsWith("ProtocolError"), reader.outcome);
  }
});

Deno.test("app turn: 100 is sent when the app reads, and an answer before that closes the connection", async () => {
  const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  const server = new AppServer(async (exchange) => {
    const reader = new Reader();
    exchange.readBody(reader);
    await reader.done.promise;
    exchange.respondText(200, reader.text);
  });
  const client = server.client(head);
  server.after(1, () => {
    assertEquals(client.answers, ["100"]);
    client.enqueue(bytesOf("abc" + LAST));
  });
  await server.run();
  assertEquals(client.answers, ["100", "200 abc", "200"]);

  const refusing = new AppServer((exchange) => exchange.respondText(403, "no"));
  const refused = refusing.client(head);
  refusing.after(1, () => refused.enqueue(bytesOf("abc" + LAST)));
  await refusing.run();
  assertEquals(refused.answers, ["403 no"]);
  assert(refused.text.includes("Connection: close"));
});

/** Sends what the body brings, as it comes, and pauses it while the client has bytes to read. */
function echo(exchange: AppExchange): void {
  let stream: AnswerStream | null = null;
  const piece = (bytes: Uint8Array, start: number, end: number) =>
    stream !== null && stream.send(bytes, start, end) !== -1;
  stream = exchange.respondStream({ status: 200, fields: [], contentLength: -1 }, {
    left() {},
    stopping: () => "later",
    drained: () => exchange.resumeBody(),
  });
  exchange.readBody({
    data: piece,
    end: () => stream?.end(),
    failed: () => stream?.abort(),
  });
}

Deno.test("app turn: a body is read while the answer is sent", async () => {
  const server = new AppServer((exchange) => {
    if (exchange.request.path === "/healthz") return "next" as const;
    echo(exchange);
  });
  const length = 300_000;
  const socket = new FakeSocket({ receiveBuffer: 65_536, sendBuffer: 65_536 });
  const client = server.client(post("/", "~".repeat(length)) + LAST, socket, 65_536);
  await server.run();
  assertEquals(client.text.split("~").length - 1, length);
  assert(client.text.endsWith("\r\n\r\nok"));
});

Deno.test("app turn: a body may be read long after the answer has begun, and holds up until then", async () => {
  const server = new AppServer((exchange) => {
    if (exchange.request.path === "/healthz") return "next" as const;
    const stream = exchange.respondStream({ status: 200, fields: [], contentLength: -1 }, {
      left() {},
      stopping: () => "later",
    });
    server.after(5, () => {
      const reader = new Reader();
      exchange.readBody(reader);
      stream?.send(bytesOf(reader.text), 0, reader.text.length);
      stream?.end();
    });
  });
  const client = server.client(post("/", "hello") + LAST);
  await server.run();
  assert(client.text.includes("5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200"), client.text);
});

Deno.test("app turn: the app is told that the client has left or ended its side, before the answer only", async () => {
  const seen: string[] = [];
  const answer = Promise.withResolvers<void>();
  const server = new AppServer(async (exchange) => {
    const name = exchange.request.path;
    exchange.onLeft(() => seen.push(`${name} left`));
    if (name !== "/now") await answer.promise;
    exchange.respondText(200, "late");
  });
  const ended = server.client(get("/ended"));
  const reset = server.client(get("/reset"));
  const now = server.client(get("/now"));
  server.after(1, () => {
    assertEquals(seen, []);
    ended.socket.endPeer();
    reset.reset();
    now.close();
  });
  server.after(2, () => answer.resolve());
  await server.run();
  assertEquals(seen.sort(), ["/ended left", "/reset left"]);
  assertEquals(ended.answers, ["200 late"], "an ended side may still read");
});

Deno.test("app turn: a reader is told that its client has left", async () => {
  const reader = new Reader();
  const server = new AppServer(async (exchange) => {
    exchange.readBody(reader);
    await reader.done.promise;
    exchange.respondText(200, "nobody");
  });
  const client = server.client(post("/", "abc").slice(0, -1));
  server.after(1, () => client.reset());
  await server.run();
  assertEquals(reader.outcome, "ConnectionReset: The client has left");
});

Deno.test("app turn: a request whose body the app has read cannot be passed on", async () => {
  const server = new AppServer(async (exchange) => {
    if (exchange.request.path === "/healthz") return "next" as const;
    const reader = new Reader();
    exchange.readBody(reader);
    await reader.done.promise;
    return "next" as const;
  });
  const client = server.client(post("/echo", "abc") + LAST);
  await server.run();
  assertEquals(client.answers.map((answer) => answer.slice(0, 3)), ["500"]);
  assert(client.text.includes("Connection: close"));
});

Deno.test("app turn: an exception while the body arrives is 500, and the rest is not taken for a request", async () => {
  for (const sends of [1, 9999]) {
    const server = new AppServer(async (exchange) => {
      exchange.readBody(new Reader(true));
      await undefined;
      throw new Error("the app's own fault");
    });
    const client = server.client(post("/", LAST) + LAST, new FakeSocket(), sends);
    await server.run();
    assertEquals(client.answers.map((answer) => answer.slice(0, 3)), ["500"]);
  }
});
