/** A session serves one connection after another, and nothing of one reaches the next. */

import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { CONNECTION_LIMITS, DEFAULT_CONFIG } from "../../../../runtime/config/mod.ts";
import { LogLabel } from "../../../../runtime/observe/log/mod.ts";
import type { Exchange, HttpSession, JudgedClient } from "../../../../runtime/serve/session/mod.ts";
import { HttpSessionPool } from "../../../../runtime/serve/session/http_session_pool.ts";
import { FakePeer } from "../../../support/fake_peer.ts";
import { FakeServer, type FakeServerOptions } from "../../../support/fake_server.ts";
import { FakeSocket } from "../../../support/fake_socket.ts";
import { bytesOf, textOf } from "../../../support/protocol_cases.ts";
import { handshakeRequest } from "../../../support/raw_websocket.ts";
import { Random } from "../../../support/random.ts";

const PACE = { sends: 65_536, reads: 65_536, pause: 0 };
const HOST = "Host: a\r\n";
const GET = `GET /kept HTTP/1.1\r\n${HOST}\r\n`;
/** Milliseconds between two steps of a test: enough for everything that follows a step, and no deadline. */
const STEP = 1_000;

/** A client that keeps what it reads. */
class Client extends FakePeer {
  text = "";

  constructor(...sends: string[]) {
    super(new FakeSocket(), new Random(1), PACE);
    for (const text of sends) this.enqueue(bytesOf(text));
  }

  override received(bytes: Uint8Array): void {
    this.text += textOf(bytes);
  }
}

/** A client that leaves at once. */
class Leaver extends Client {
  override acted(): void {
    if (!this.closed) this.reset();
  }
}

/** A server with `/kept`, which answers 200 and keeps its exchange; the exchanges and sessions of its requests, in order. */
function serverWith(options: FakeServerOptions = {}) {
  const server = new FakeServer(options);
  const exchanges: Exchange[] = [];
  const sessions: JudgedClient[] = [];
  server.guard = {
    judge: (_, client) => {
      sessions.push(client);
      return { user: "somebody" };
    },
    refuse: () => {},
  };
  const handle = (exchange: Exchange) => {
    exchanges.push(exchange);
    exchange.respondText(200, "kept\n");
  };
  const label = new LogLabel("/kept (kept)");
  server.routes.set("/kept", { label, methods: null, wantsBody: false, handle, webSocket: null });
  return { server, exchanges, sessions };
}

/** The answers without their dates: the tests of one kind run at different times. */
function undated(text: string): string {
  return text.replaceAll(/^Date: .*$/gm, "Date");
}

/** Requests whose answers show most of a session's state: version, method, framing, persistence, pipelining. */
const PROBE = [
  `GET /healthz HTTP/1.1\r\n${HOST}\r\n`,
  `HEAD /kept HTTP/1.1\r\n${HOST}\r\n`,
  `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc${GET}`,
  `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`,
  `POST /kept HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n`,
];

/** What the connection before did last, by name. It is then reset by its peer, or has ended by itself. */
const PREDECESSORS: Readonly<Record<string, string>> = {
  "nothing": "",
  "a part of a request line": "GET /kep",
  "a part of a head": `GET /kept HTTP/1.1\r\nHost: b`,
  "a long part of a head": `GET /kept HTTP/1.1\r\nHost: b\r\nA: ${"x".repeat(9_000)}`,
  "a head over its limit": `GET /kept HTTP/1.1\r\nA: ${"x".repeat(40_000)}`,
  "no HTTP": "\x00\x01\x02\r\n\r\n",
  "a part of a counted body": `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\nabc`,
  "a part of a long body": `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 99999\r\n\r\nabc`,
  "a part of a chunk": `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n9\r\nabc`,
  "a part of a trailer":
    `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\nC`,
  "a body that nobody wants": `POST /kept HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\nabc`,
  "100-continue": `POST /echo HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 9\r\n\r\n`,
  "HEAD": `HEAD /kept HTTP/1.1\r\n${HOST}\r\n`,
  "HTTP/1.0": "GET /kept HTTP/1.0\r\n\r\n",
  "HTTP/1.0, kept": "GET /kept HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  "close": `GET /kept HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
  "a method that is not allowed": `PUT /healthz HTTP/1.1\r\n${HOST}\r\n`,
  "a repeated head": GET.repeat(8),
  "a pipeline over its limit": GET.repeat(500),
  "a path that is not found": `GET /nowhere HTTP/1.1\r\n${HOST}\r\n`,
  "a handshake that is refused":
    `GET /echo HTTP/1.1\r\n${HOST}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
  "an upgrade": handshakeRequest("/echo"),
};

/** The answers to {@link PROBE} on a connection that follows others, and the sessions of all. */
async function probe(before: readonly string[]) {
  const { server, sessions } = serverWith();
  let at = server.os.now;
  for (const sent of before) {
    const predecessor = new Client(sent);
    server.connectAt(at, predecessor);
    server.schedule(at + STEP, () => predecessor.closed || predecessor.reset());
    at += 2 * STEP;
  }
  const client = new Client();
  server.connectAt(at, client);
  for (const request of PROBE) server.schedule(at += STEP, () => client.enqueue(bytesOf(request)));
  await server.run();
  return { text: undated(client.text), sessions, log: server.log.join("") };
}

Deno.test("session pool: a connection is answered as the first one, whatever the one before did", async () => {
  const { text: expected } = await probe([]);
  assertEquals(expected.match(/HTTP\/1.1 200 /g)?.length, 6);
  for (const [name, sent] of Object.entries(PREDECESSORS)) {
    const { text } = await probe([sent]);
    assertEquals(text, expected, `after ${name}`);
  }
  // One after the other: none leaves the session in a state that another one does not expect.
  assertEquals((await probe(Object.values(PREDECESSORS))).text, expected);
});

Deno.test("session pool: a connection after one that has ended its stream is not taken for ended", async () => {
  const { server, sessions } = serverWith();
  const { now } = server.os;
  const first = new Client(GET);
  server.connectAt(now, first);
  server.schedule(now + STEP, () => first.socket.endPeer());
  const second = new Client();
  server.connectAt(now + 2 * STEP, second);
  server.schedule(now + 3 * STEP, () => second.enqueue(bytesOf("GET /kept HT")));
  server.schedule(now + 4 * STEP, () => second.enqueue(bytesOf(`TP/1.1\r\n${HOST}\r\n${GET}`)));
  await server.run();
  assertStrictEquals(sessions[1], sessions[0]);
  assertEquals(second.text.match(/HTTP\/1.1 200 /g)?.length, 2);
});

Deno.test("session pool: a session that the loop will call in its next turn is not used again", async () => {
  const { server, sessions } = serverWith();
  const { now } = server.os;
  // The answers cannot be sent, while the rest of the pipeline waits for the next turn.
  server.connectAt(now, new Leaver(GET.repeat(500)));
  server.connectAt(now + STEP, new Client(GET));
  await server.run();
  assert(sessions.length > 1);
  assertNotStrictEquals(sessions.at(-1), sessions[0]);
});

Deno.test("session pool: connections that end with their answers share a session", async () => {
  const { sessions } = await probe([PREDECESSORS["close"]!, PREDECESSORS["HTTP/1.0"]!, GET]);
  assert(sessions.length > 3);
  for (const session of sessions) assertStrictEquals(session, sessions[0]);
});

Deno.test("session pool: an upgraded connection leaves its session to the next one", async () => {
  const { sessions } = await probe([PREDECESSORS["close"]!, PREDECESSORS["an upgrade"]!, GET]);
  for (const session of sessions) assertStrictEquals(session, sessions[0]);
});

Deno.test("session pool: connections at the same time have a session each", async () => {
  const { server, sessions } = serverWith();
  const clients = [new Client(GET), new Client(GET)];
  for (const client of clients) server.connectAt(server.os.now, client);
  await server.run();
  assertNotStrictEquals(sessions[0], sessions[1]);
});

Deno.test("session pool: a session whose handler is pending is not used again", async () => {
  const { server, sessions } = serverWith();
  const finish = Promise.withResolvers<void>();
  server.routes.set("/late", {
    label: new LogLabel("/late (late)"),
    methods: null,
    wantsBody: false,
    handle: async (exchange) => {
      await finish.promise;
      exchange.respondText(200, "SECRET of the first client\n");
    },
    webSocket: null,
  });
  const first = new Client(`GET /late HTTP/1.1\r\n${HOST}\r\n`);
  const second = new Client(GET);
  const { now } = server.os;
  server.connectAt(now, first);
  server.schedule(now + STEP, () => first.reset());
  server.connectAt(now + 2 * STEP, second);
  server.schedule(now + 3 * STEP, () => finish.resolve());
  server.schedule(now + 4 * STEP, () => second.enqueue(bytesOf(GET)));
  const third = new Client(GET);
  server.connectAt(now + 5 * STEP, third);
  await server.run();
  assertEquals(sessions.length, 4);
  for (const session of sessions.slice(1)) assertNotStrictEquals(session, sessions[0]);
  assertEquals(second.text.match(/kept\n/g)?.length, 2);
  for (const { text } of [second, third]) assert(!text.includes("SECRET"), text);
});

Deno.test("session pool: a session whose guard is pending is not used again", async () => {
  const { server, exchanges } = serverWith();
  const verdict = Promise.withResolvers<{ user: string }>();
  const judged: { hasLeft: boolean }[] = [];
  server.guard = {
    judge: (request, client) => {
      if (request.field("authorization") === undefined) return "refused";
      judged.push(client);
      return verdict.promise;
    },
    refuse: (exchange) => exchange.respondText(401, "Who?\n"),
  };
  const first = new Client(`GET /kept HTTP/1.1\r\n${HOST}Authorization: Basic YTpi\r\n\r\n`);
  const second = new Client(GET);
  const { now } = server.os;
  server.connectAt(now, first);
  server.schedule(now + STEP, () => first.reset());
  server.connectAt(now + 2 * STEP, second);
  server.schedule(now + 3 * STEP, () => {
    assertEquals(judged.map(({ hasLeft }) => hasLeft), [true]); // not taken for the second client
    verdict.resolve({ user: "alice" });
  });
  server.schedule(now + 4 * STEP, () => second.enqueue(bytesOf(GET)));
  await server.run();
  assertEquals(second.text.match(/HTTP\/1.1 401 /g)?.length, 2);
  assertEquals(exchanges.length, 0);
});

Deno.test("session pool: an exchange that a handler keeps reaches no later client", async () => {
  // With an access log, so that there are addresses.
  const { server, exchanges, sessions } = serverWith({ log: false, accessLog: true });
  const first = new Client(`GET /kept HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
  const { now } = server.os;
  server.connectAt(now, first);
  server.schedule(now + STEP, () => {
    exchanges[0]!.respondText(200, "twice\n"); // while its session is spare
    assertEquals(exchanges[0]!.clientAddress, "");
  });
  const second = new Client();
  server.connectAt(now + 2 * STEP, second);
  // While its session waits for the second client's request.
  server.schedule(now + 3 * STEP, () => exchanges[0]!.respondText(200, "thrice\n"));
  server.schedule(now + 4 * STEP, () => second.enqueue(bytesOf(GET)));
  // While the second client's request waits for its body.
  const echo = `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\n`;
  server.schedule(now + 5 * STEP, () => second.enqueue(bytesOf(echo)));
  server.schedule(now + 6 * STEP, () => exchanges[0]!.respondText(200, "four times\n"));
  server.schedule(now + 7 * STEP, () => second.enqueue(bytesOf("right")));
  await server.run();
  assertStrictEquals(sessions[1], sessions[0]);
  const bodies = second.text.split("HTTP/1.1 200 OK").map((answer) => answer.split("\r\n\r\n")[1]);
  assertEquals(bodies, [undefined, "kept\n", "right"]);
});

Deno.test("session pool: the access log has the number, address, user and requests of each connection", async () => {
  const config = { proxy: { ...DEFAULT_CONFIG.proxy, protocol: true } };
  const { server } = serverWith({ log: false, accessLog: true, config });
  server.guard = {
    judge: (request) => ({ user: request.field("x-user") ?? null }),
    refuse: () => {},
  };
  const from = (address: string) => `PROXY TCP4 ${address} 192.0.2.9 1 2\r\n`;
  const clients = [
    new Client(from("192.0.2.1") + `GET /1 HTTP/1.1\r\n${HOST}X-User: alice\r\n\r\n` + GET),
    new Client(`PROXY UNKNOWN\r\n${GET}`),
    new Client(from("192.0.2.3") + "no HTTP\r\n\r\n"),
    new Client(from("192.0.2.4") + GET),
  ];
  const { now } = server.os;
  clients.forEach((client, i) => {
    server.connectAt(now + 2 * i * STEP, client);
    server.schedule(now + (2 * i + 1) * STEP, () => client.closed || client.reset());
  });
  await server.run();
  const lines = server.log.join("").trimEnd().split("\n");
  const facts = lines.map((line) => [
    line.split(" ")[0],
    line.split(" ")[2],
    / (\d+-\d+-\d+) /.exec(line)?.[1],
  ]);
  assertEquals(facts, [
    ["192.0.2.1", "alice", "0-1-1"],
    ["192.0.2.1", "-", "0-1-2"],
    ["127.0.0.1", "-", "0-2-1"],
    ["192.0.2.3", "-", "0-3-1"],
    ["192.0.2.4", "-", "0-4-1"],
  ]);
});

Deno.test("session pool: a connection's deadline counts from its own beginning", async () => {
  const { server } = serverWith();
  const clients = [new Client(GET), new Client(), new Client("GET / HTTP/1.1\r\nA"), new Client()];
  const { now } = server.os;
  server.connectAt(now, clients[0]!);
  server.schedule(now + STEP, () => clients[0]!.reset());
  clients.slice(1).forEach((client, i) => {
    server.connectAt(now + (i + 1) * 3 * CONNECTION_LIMITS.headTime, client);
  });
  await server.run();
  for (const { socket } of clients.slice(1)) {
    const late = socket.closedAt - socket.acceptedAt - CONNECTION_LIMITS.headTime;
    assert(late >= 0 && late < 300, `${late} ms late`);
  }
});

Deno.test("session pool: it keeps a limited number of sessions, and gives the last one first", () => {
  const pool = new HttpSessionPool();
  const sessions = Array.from({ length: 100 }, (_, i) => ({ i }) as unknown as HttpSession);
  for (const session of sessions) pool.give(session);
  assertStrictEquals(pool.take(), sessions[63]);
  for (let i = 62; i >= 0; i--) assertStrictEquals(pool.take(), sessions[i]);
  assertEquals(pool.take(), undefined);
});
