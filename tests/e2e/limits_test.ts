/**
 * The limits that a user may set, by flag and by variable: each is checked over a real socket, at a value far below its
 * default. Times are set short; the tests check that the connection ends, and that it does not end too early.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { expectAnswer } from "../support/expect_answer.ts";
import { ask, expectAbort, HttpConnection } from "../support/http_client.ts";
import { closeCodeOf, OPCODE, RawWebSocket } from "../support/raw_websocket.ts";
import { hold, runServer, waitFor, withServer } from "../support/server.ts";
import { sharedServer } from "../support/shared_server.ts";

const HEALTH = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

function echo(body: string): string {
  return `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** A flag, a request just within the limit, one above it, and the status that it gets. */
const SIZES: readonly (readonly [flag: string, good: string, bad: string, status: number])[] = [
  ["--max-body=10", echo("0123456789"), echo("0123456789a"), 413],
  [
    "--max-request-line=100",
    `GET /echo?${"x".repeat(100 - 19)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    `GET /echo?${"x".repeat(100 - 18)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    414,
  ],
  ["--max-fields=2", HEALTH, HEALTH.replace("\r\n\r\n", "\r\nA: 1\r\nB: 2\r\n\r\n"), 431],
  ["--max-head=128", HEALTH, HEALTH.replace("a\r\n", `${"a".repeat(128)}\r\n`), 431],
];

/** Each request is above one of them at most. */
const onSmall = sharedServer("limits of sizes", {
  workers: 1,
  args: SIZES.map(([flag]) => flag),
});

for (const [flag, good, bad, status] of SIZES) {
  onSmall(`${flag} accepts a request within the limit and refuses one above`, async (server) => {
    assertEquals((await ask(server, good)).status, 200);
    using connection = await HttpConnection.open(server);
    await connection.send(bad);
    await expectAnswer(connection, "GET", { status, closes: true });
  });
}

Deno.test("limits: a variable sets a limit, and a flag wins over it", async () => {
  const env = { ASYNC_DENO_MAX_BODY: "5" };
  await withServer({ workers: 1, env }, async (server) => {
    assertEquals((await ask(server, echo("12345"))).status, 200);
    assertEquals((await ask(server, echo("123456"))).status, 413);
  });
  await withServer({ workers: 1, env, args: ["--max-body", "6"] }, async (server) => {
    assertEquals((await ask(server, echo("123456"))).status, 200);
  });
});

Deno.test("limits: a value out of range is a usage error, by flag and by variable", async () => {
  const serve = ["1", "127.0.0.1", "0", "--log", "off"];
  for (const value of ["0", "-1", "many", "1e3", "9999999999"]) {
    const exit = await runServer([...serve, `--max-connections=${value}`]);
    assertEquals([exit.code, exit.stdout], [2, ""], value);
    assertStringIncludes(exit.stderr, "--max-connections");
  }
  const exit = await runServer(serve, { ASYNC_DENO_MAX_CONNECTIONS: "none" });
  assertEquals(exit.code, 2);
  assertStringIncludes(exit.stderr, "none");
});

Deno.test("limits: --max-connections answers 503 to one connection more, and recovers", () =>
  withServer({ workers: 2, args: ["--max-connections", "3"] }, async (server) => {
    const open = await Promise.all([1, 2, 3].map(() => RawWebSocket.open(server, "/echo")));
    try {
      using refused = await HttpConnection.open(server);
      const answer = await refused.answer();
      assertEquals(answer.status, 503);
      await open[0]!.send({ opcode: OPCODE.text, payload: "still served" });
      assertEquals((await open[0]!.frame()).payload.length, 12);
    } finally {
      open.forEach((socket) => socket[Symbol.dispose]());
    }
    await waitFor(async () => {
      using connection = await HttpConnection.open(server);
      // If the socket refuses the request, the connection was already refused.
      await connection.send(HEALTH).catch(() => undefined);
      return await connection.answer().then(({ status }) => status === 200, () => false);
    }, { what: "room for a connection" });
    // A refusal causes a line on stderr, which a stop without output does not allow.
    assertEquals((await server.stop()).code, 0);
  }));

/** What one of these tests does exceeds one of them at most. */
const onImpatient = sharedServer("limits of times and messages", {
  workers: 1,
  args: ["--head-timeout=0.5", "--body-rate=1000", "--max-message=100", "--max-fragments=3"],
});

onImpatient(
  "--head-timeout answers 408 to half a head, and closes silent connections",
  async (server) => {
    using silent = await HttpConnection.open(server);
    using half = await HttpConnection.open(server);
    const began = performance.now();
    await half.send(HEALTH.slice(0, 20));
    await expectAnswer(half, "GET", { status: 408, closes: true });
    assert(performance.now() - began >= 450, "closed too early");
    await silent.expectEnd();
  },
);

onImpatient("--head-timeout is not renewed by every byte", async (server) => {
  using slow = await HttpConnection.open(server);
  await slow.send("GET / HTTP/1.1\r\nX: ");
  let answered = false;
  const dripping = (async () => {
    while (!answered) {
      // The server closes the connection when the time is over.
      if (!await slow.send("x").then(() => true, () => false)) return;
      await hold(50);
    }
  })();
  const answer = await slow.answer();
  answered = true;
  await dripping;
  assertEquals(answer.status, 408);
});

onImpatient("--body-rate answers 408 to a body that arrives too slowly", async (server) => {
  using slow = await HttpConnection.open(server);
  await slow.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nonly this");
  await expectAnswer(slow, "POST", { status: 408, closes: true });
});

onImpatient("--max-message closes with 1009, --max-fragments with 1008", async (server) => {
  using large = await RawWebSocket.open(server, "/echo");
  await large.send({ opcode: OPCODE.binary, payload: new Uint8Array(100) });
  assertEquals((await large.frame()).payload.length, 100);
  await large.send({ opcode: OPCODE.binary, payload: new Uint8Array(101) });
  assertEquals(closeCodeOf(await large.frame()), 1009);
  using many = await RawWebSocket.open(server, "/echo");
  await many.send({ opcode: OPCODE.text, payload: "a", fin: false });
  for (let i = 0; i < 3; i++) {
    await many.send({ opcode: OPCODE.continuation, payload: "b", fin: i === 2 });
  }
  assertEquals(closeCodeOf(await many.frame()), 1008);
});

Deno.test("limits: --idle-timeout closes an idle connection, and not too early", () =>
  withServer({ workers: 1, args: ["--idle-timeout", "0.6"] }, async (server) => {
    using connection = await HttpConnection.open(server);
    await connection.send(HEALTH);
    await connection.answer();
    const began = performance.now();
    await connection.expectEnd();
    assert(performance.now() - began >= 500, "closed too early");
  }));

Deno.test("limits: --ping-interval pings, and --pong-timeout closes a client that does not answer", () =>
  withServer(
    { workers: 1, args: ["--ping-interval", "0.3", "--pong-timeout", "0.9"] },
    async (server) => {
      using answering = await RawWebSocket.open(server, "/echo");
      using deaf = await RawWebSocket.open(server, "/echo");
      for (let i = 0; i < 5; i++) {
        const ping = await answering.frame();
        assertEquals(ping.opcode, OPCODE.ping);
        await answering.send({ opcode: OPCODE.pong, payload: ping.payload });
      }
      await deaf.connection.rest().catch(expectAbort);
      await answering.send({ opcode: OPCODE.close });
      let frame = await answering.frame();
      while (frame.opcode === OPCODE.ping) frame = await answering.frame();
      assertEquals(closeCodeOf(frame), 1005);
    },
  ));

Deno.test("limits: --write-timeout closes a client that does not read its answer", () =>
  withServer({ workers: 1, args: ["--write-timeout", "0.5"] }, async (server) => {
    using connection = await HttpConnection.open(server);
    const size = 16 * 1024 * 1024;
    await connection.send(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
    await connection.send(new Uint8Array(size));
    // The test reads nothing: more than the sockets' buffers hold waits at the server.
    await server.waitForLog("[epoll] removing closed");
  }));

Deno.test("limits: --drain-timeout bounds the stop", () =>
  withServer({ workers: 1, args: ["--drain-timeout", "0.5"] }, async (server) => {
    using half = await HttpConnection.open(server);
    await half.send(echo("12345").slice(0, -1));
    await server.waitForLog("[ACCEPT]");
    const began = performance.now();
    assertEquals((await server.stop()).code, 0);
    assert(performance.now() - began < 7_000, "the stop took longer than the drain timeout");
  }));
