/**
 * The event log: the seed's lines word for word after time and worker, complete lines even if all workers write
 * concurrently, on disk soon, complete at the end, within its size limit, and safe against what clients send.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ask, HttpConnection } from "../support/http_client.ts";
import { isFile } from "../support/is_file.ts";
import { startServer, waitFor, withServer } from "../support/server.ts";
import { WsClient } from "../support/ws_client.ts";

const CLOSING = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/** RFC 3339 time, and the worker. */
const PREFIX = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?:w\d+|main) /;
const LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?:w\d+|main) \[[A-Za-z]+\] [\x20-\x7e]+$/;

/** The lines about the descriptor of the line with `marker`, without the descriptor, time and worker. */
function linesOf(log: string, marker: string): string[] {
  const descriptor = new RegExp(`fd=(\\d+) ${marker}`).exec(log)?.[1];
  assert(descriptor !== undefined, `no "${marker}" in the log:\n${log}`);
  const own = new RegExp(`\\bfd=${descriptor}\\b`);
  return log.split("\n").filter((line) => own.test(line))
    .map((line) => line.replace(own, "fd=N").replace(PREFIX, ""));
}

Deno.test("log: a request on a connection that closes has the lines of the seed", () =>
  withServer({ workers: 1 }, async (server) => {
    await ask(server, CLOSING);
    const log = await server.waitForLog("[epoll] removing closed");
    assertEquals(linesOf(log, "recv request"), [
      "[ACCEPT] fd=N",
      "[HTTP] fd=N recv request",
      "[HTTP] fd=N route=/ (index)",
      "[HTTP] fd=N done, closing",
      "[epoll] removing closed fd=N",
    ]);
  }));

Deno.test("log: two requests on a kept connection have the lines of the seed", () =>
  withServer({ workers: 1 }, async (server) => {
    using connection = await HttpConnection.open(server);
    for (let i = 0; i < 2; i++) {
      await connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await connection.answer();
    }
    const log = await server.waitForLog("done, keep-alive\n", 2);
    const round = [
      "[HTTP] fd=N recv request",
      "[HTTP] fd=N route=/ (index)",
      "[HTTP] fd=N done, keep-alive",
    ];
    assertEquals(linesOf(log, "recv request"), ["[ACCEPT] fd=N", ...round, ...round]);
  }));

Deno.test("log: a WebSocket has the lines of the seed from handshake to close", () =>
  withServer({ workers: 1 }, async (server) => {
    {
      await using client = await WsClient.open(`${server.wsUrl}/ws`);
      await client.next();
      client.send("eighteen bytes, ok");
      await client.next();
      await client.close(1000);
    }
    const log = await server.waitForLog("[epoll] removing closed");
    const lines = linesOf(log, "handshake complete");
    const wanted = [
      "[ACCEPT] fd=N",
      "[WS] fd=N handshake complete",
      "[WS] fd=N recv 18 bytes",
      "[epoll] removing closed fd=N",
    ];
    assertEquals(lines.filter((line) => wanted.includes(line)), wanted);
  }));

Deno.test("log: every line is there and complete while all workers write concurrently", () =>
  withServer({ workers: 8 }, async (server) => {
    const clients = 16;
    const rounds = 200;
    await Promise.all(Array.from({ length: clients }, async (_, i) => {
      using connection = await HttpConnection.open(server);
      await connection.send(`GET /client-${i} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(rounds));
      for (let round = 0; round < rounds; round++) await connection.answer();
    }));
    assertEquals((await server.stop()).code, 0);
    const log = await server.log();
    assert(log.endsWith("\n"));
    const lines = log.slice(0, -1).split("\n");
    assertEquals(lines.filter((line) => !LINE.test(line)), []);
    for (let i = 0; i < clients; i++) {
      const own = lines.filter((line) => line.includes(`route=/client-${i} `));
      assertEquals(own.length, rounds, `client ${i}`);
    }
  }));

Deno.test("log: a line is on disk within a quarter of a second", () =>
  withServer({ workers: 1 }, async (server) => {
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      await ask(server, CLOSING.replace("/", `/soon-${i}`));
      const answered = performance.now();
      await server.waitForLog(`/soon-${i}`);
      waits.push(performance.now() - answered);
    }
    // The median: a busy machine may delay a few of them.
    const median = waits.sort((a, b) => a - b)[4]!;
    assert(median < 500, `in the log after ${waits.map(Math.round).join(", ")} ms`);
  }));

Deno.test("log: what a client sends is truncated, and cannot add lines or colours", () =>
  withServer({ workers: 2 }, async (server) => {
    await ask(server, `GET /${"x".repeat(5_000)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await ask(server, 'GET /%0a[ACCEPT]%1b[31m"\\ HTTP/1.1\r\nHost: a\r\n\r\n');
    await ask(server, "GET /a\x1b[31m\n[ACCEPT] fd=99 HTTP/1.1\r\nHost: a\r\n\r\n");
    await ask(server, "\x1b]0;title\x07 / HTTP/1.1\r\n\r\n");
    await ask(server, "GET /last HTTP/1.1\r\nHost: a\r\n\r\n");
    await server.waitForLog("route=/xxxx"); // another worker may write its lines later
    const log = await server.waitForLog("route=/last ");
    assert(!log.includes("fd=99"), log);
    const longest = Math.max(...log.split("\n").map((line) => line.length));
    assert(longest < 1_000, `a line has ${longest} characters`);
    assert(/^[\x20-\x7e\n]*$/.test(log), JSON.stringify(log));
  }));

Deno.test("log: each line has its time and its worker", () =>
  withServer({ workers: 2 }, async (server) => {
    const before = Date.now();
    await ask(server, CLOSING);
    const log = await server.waitForLog("[epoll] removing closed");
    const [first, ...lines] = log.trimEnd().split("\n");
    assertMatch(first!, /^\S+ main \[EXECUTOR\] io_uring: /);
    for (const line of lines) {
      const [, time, worker] = /^(\S+) w(\d+) \[/.exec(line) ?? [];
      const age = Date.parse(`${time}`) - before;
      // The clock, read once a turn, is accurate to some milliseconds.
      assert(age > -1_000 && age < 30_000, line);
      assert(worker === "0" || worker === "1", line);
    }
    const own = new Set(lines.map((line) => line.split(" ")[1]));
    assertEquals(own.size, 1, "one connection belongs to one worker");
  }));

Deno.test("log: --log-format seed writes only the seed's lines", () =>
  withServer({ workers: 1, args: ["--log-format", "seed"] }, async (server) => {
    await ask(server, CLOSING);
    const log = await server.waitForLog("[epoll] removing closed");
    const lines = log.trimEnd().split("\n");
    const strange = lines.filter((line) => !/^\[[A-Za-z]+\] [\x20-\x7e]+$/.test(line));
    assertEquals(strange, []);
    assertMatch(log, /^\[ACCEPT\] fd=\d+\n\[HTTP\] fd=\d+ recv request\n/);
  }));

Deno.test("log: under load of all workers the size limit holds, there is one old file, and every line is complete", () =>
  withServer({ workers: 4, args: ["--log-size", "200000"] }, async (server) => {
    const [clients, rounds] = [8, 400];
    const old = `${server.logFile}.1`;
    const sizes: number[] = [];
    const look = async () => {
      const present = await Deno.stat(server.logFile).catch(() => null);
      if (present === null) return; // between the rename and the new file
      sizes.push(present.size);
      if (isFile(old)) sizes.push((await Deno.stat(old)).size);
    };
    await Promise.all(Array.from({ length: clients }, async (_, i) => {
      using connection = await HttpConnection.open(server);
      for (let round = 0; round < rounds; round += 40) {
        await connection.send(`GET /client-${i} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(40));
        for (let k = 0; k < 40; k++) await connection.answer();
        await look();
      }
    }));
    assertEquals((await server.stop()).code, 0);
    await look();
    assert(Math.max(...sizes) <= 200_000, `${Math.max(...sizes)} bytes`);
    const names = [...Deno.readDirSync(new URL(".", `file://${server.logFile}`))];
    assertEquals(names.map(({ name }) => name).sort(), ["server.log", "server.log.1"]);
    for (const file of [old, server.logFile]) {
      const text = await Deno.readTextFile(file);
      assert(text.endsWith("\n"));
      assertEquals(text.trimEnd().split("\n").filter((line) => !LINE.test(line)), [], file);
      // The first line is gone: there were three files at least.
      assert(!text.includes("io_uring: "), "the first file is still there");
    }
  }));

Deno.test("log: no line is lost in a rotation", () =>
  withServer({ workers: 4, args: ["--log-size", "400000"] }, async (server) => {
    // More than fits in one file, and less than fits in two.
    const [clients, rounds] = [8, 300];
    await Promise.all(Array.from({ length: clients }, async (_, i) => {
      using connection = await HttpConnection.open(server);
      await connection.send(`GET /client-${i} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(rounds));
      for (let round = 0; round < rounds; round++) await connection.answer();
    }));
    assertEquals((await server.stop()).code, 0);
    const log = await Deno.readTextFile(`${server.logFile}.1`) + await server.log();
    for (let i = 0; i < clients; i++) {
      for (const what of [`route=/client-${i} `]) {
        assertEquals(log.split(what).length - 1, rounds, what);
      }
    }
    assertEquals(log.split("done, keep-alive\n").length - 1, clients * rounds);
  }));

Deno.test("log: a start keeps the log of the last run, also of a server that was killed", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  const log = `${folder}/server.log`;
  try {
    const first = await startServer({ workers: 1, log });
    await ask(first, CLOSING.replace("/", "/evidence"));
    await first.waitForLog("route=/evidence");
    await first.stop("SIGKILL");
    await first.abandon();
    await withServer({ workers: 1, log }, async (second) => {
      await ask(second, CLOSING.replace("/", "/later"));
      const now = await second.waitForLog("route=/later");
      assert(!now.includes("/evidence"));
      assertStringIncludes(await Deno.readTextFile(`${log}.1`), "route=/evidence");
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("log: a reload names each log as what it is", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const args = ["--access-log", `${folder}/access`];
    await withServer({ workers: 1, args }, async (server) => {
      server.kill("SIGHUP");
      const log = await server.waitForLog("main [EXECUTOR] reloaded: ");
      const logs = `the log ${server.logFile}, reopened, the access log ${folder}/access, reopened`;
      assertStringIncludes(log, logs);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("log: only a reload that succeeds prints what it has read", () =>
  withServer({ workers: 1 }, async (server) => {
    server.kill("SIGHUP");
    const log = await server.waitForLog("main [EXECUTOR] reloaded: ");
    assertStringIncludes(log, `the log ${server.logFile}`);
    await waitFor(() => server.stdout.includes("async-deno: reloaded: "), {
      what: "a line on standard output",
    });
    await Deno.rename(server.logFile, `${server.logFile}.2`);
    await Deno.mkdir(server.logFile);
    server.kill("SIGHUP");
    await waitFor(() => server.stderr.includes("the old values stay in use"), {
      what: "a warning",
    });
    await server.stop();
    assertEquals(server.stdout.split("reloaded").length, 2);
    // Warnings are in the log too.
    assertStringIncludes(
      await Deno.readTextFile(`${server.logFile}.2`),
      "main [EXECUTOR] reload incomplete",
    );
  }));
