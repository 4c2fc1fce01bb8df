/**
 * The access log over a real socket: a line for every answer, whatever its status, with the client's address,
 * in both formats; nothing that a client sends can add a line.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { hashPassword } from "../../../runtime/serve/auth/mod.ts";
import { ask, HttpConnection } from "../../support/http_client.ts";
import { runServer, type Server, waitFor, withServer } from "../../support/server.ts";
import { WsClient } from "../../support/ws_client.ts";

/** `ADDRESS - USER [TIME] "REQUEST" STATUS BYTES "REFERER" "AGENT" ID MICROSECONDS WORKER`. */
const COMBINED =
  /^(?<address>\S+) - (?<user>\S+) \[(?<time>[^\]]+)\] "(?<request>[^"]*)" (?<status>\d{3}) (?<bytes>\d+) "(?<referer>[^"]*)" "(?<agent>[^"]*)" (?<id>\S+) (?<microseconds>\d+) (?<worker>\d+)$/;

/** Starts a server with an access log, and returns its lines once there are `count`. */
async function withAccessLog(
  options: { args?: string[]; ip?: string; workers?: number },
  body: (server: Server, lines: (count: number) => Promise<string[]>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  const file = `${folder}/access.log`;
  const args = ["--access-log", file, ...(options.args ?? [])];
  const lines = async (count: number) => {
    let found: string[] = [];
    await waitFor(async () => {
      const text = await Deno.readTextFile(file);
      found = text.split("\n").slice(0, -1);
      return found.length >= count;
    }, { what: () => `${count} lines in the access log:\n${found.join("\n")}` });
    return found;
  };
  try {
    await withServer({ workers: 1, ...options, args }, (server) => body(server, lines));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function groups(line: string | undefined): Record<string, string> {
  assertMatch(line ?? "", COMBINED);
  return { ...COMBINED.exec(line!)!.groups };
}

Deno.test("access log: the combined format has a line for each answer of a connection", () =>
  withAccessLog({}, async (server, lines) => {
    using connection = await HttpConnection.open(server);
    const fields = "Host: a\r\nReferer: http://b/c\r\nUser-Agent: tester/1\r\n\r\n";
    await connection.send(`GET /healthz HTTP/1.1\r\n${fields}`);
    await connection.answer();
    await connection.send(`HEAD /healthz?q=1 HTTP/1.1\r\n${fields}`);
    await connection.answer("HEAD");
    await connection.send("POST /echo HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello");
    await connection.answer();
    const [first, second, third, ...more] = (await lines(3)).map(groups);
    assertEquals(more, []);
    const { time, microseconds, ...rest } = first!;
    assertEquals(rest, {
      address: "127.0.0.1",
      user: "-",
      request: "GET /healthz HTTP/1.1",
      status: "200",
      bytes: "2",
      referer: "http://b/c",
      agent: "tester/1",
      id: "0-1-1",
      worker: "0",
    });
    const [day, month, year, clock] = /^(\d\d)\/(\w{3})\/(\d{4}):(\S+) \+0000$/.exec(time!)!.slice(
      1,
    );
    const age = Date.now() - Date.parse(`${day} ${month} ${year} ${clock} UTC`);
    assert(age > -1000 && age < 30_000, time);
    assert(Number(microseconds) < 5e6, microseconds);
    assertEquals(second!["request"], "HEAD /healthz?q=1 HTTP/1.1");
    assertEquals([second!["status"], second!["bytes"], second!["id"]], ["200", "0", "0-1-2"]);
    assertEquals(third!["request"], "POST /echo HTTP/1.0");
    assertEquals([third!["bytes"], third!["referer"], third!["agent"]], ["5", "-", "-"]);
  }));

const HOST = "Host: a\r\n\r\n";
/** Sends a request on a connection of its own, and compares the line's status and request. */
const STATUSES: readonly (readonly [send: string, status: number, request: string])[] = [
  [`GET /nothing HTTP/1.1\r\n${HOST}`, 404, "GET /nothing HTTP/1.1"],
  [`DELETE / HTTP/1.1\r\n${HOST}`, 405, "DELETE / HTTP/1.1"],
  [`GET /ws HTTP/1.1\r\n${HOST}`, 426, "GET /ws HTTP/1.1"],
  ["GET / HTTP/1.1\r\n\r\n", 400, "-"],
  [`GET / HTTP/3.0\r\n${HOST}`, 505, "-"],
  [`GET /${"x".repeat(9000)} HTTP/1.1\r\n${HOST}`, 414, "-"],
  [`GET / HTTP/1.1\r\nA: ${"x".repeat(40_000)}\r\n${HOST}`, 431, "-"],
  [`POST /echo HTTP/1.1\r\nContent-Length: 99\r\n${HOST}`, 413, "-"],
  [
    `POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${HOST}ffff\r\n`,
    413,
    "POST /echo HTTP/1.1",
  ],
  [`POST /echo HTTP/1.1\r\nContent-Length: 5\r\n${HOST}ab`, 408, "POST /echo HTTP/1.1"],
  ["GET / HTTP/1.1\r\nHos", 408, "-"],
];

for (const format of ["combined", "json"]) {
  Deno.test(`access log: every status has its line, ${format}`, () => {
    const args = ["--access-log-format", format, "--head-timeout", "1", "--max-body", "10"];
    return withAccessLog({ args, workers: 2 }, async (server, lines) => {
      for (const [i, [send, status, request]] of STATUSES.entries()) {
        assertEquals((await ask(server, send)).status, status, send.slice(0, 60));
        const line = (await lines(i + 1))[i]!;
        const found = format === "json" ? fromJson(line) : groups(line);
        assertEquals([Number(found["status"]), found["request"]], [status, request]);
      }
    });
  });
}

/** The members of a line of JSON that the combined format has too. */
function fromJson(line: string): Record<string, unknown> {
  const { method, path, protocol, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const request = method === null ? "-" : `${method} ${path} ${protocol}`;
  return { ...rest, request };
}

Deno.test("access log: a JSON line has every member, with its type", () =>
  withAccessLog({ args: ["--access-log-format=json"] }, async (server, lines) => {
    await ask(server, `GET /a?b HTTP/1.1\r\nUser-Agent: "\\\t\xe9\r\n${HOST}`);
    const { time, microseconds, ...rest } = JSON.parse((await lines(1))[0]!);
    assertEquals(rest, {
      id: "0-1-1",
      address: "127.0.0.1",
      user: null,
      method: "GET",
      path: "/a?b",
      protocol: "HTTP/1.1",
      status: 404,
      bytes: 10,
      worker: 0,
      referer: null,
      user_agent: '"\\\t\xe9',
    });
    assertEquals(new Date(time).toISOString(), time);
    assertEquals(Number.isInteger(microseconds), true);
  }));

Deno.test("access log: a WebSocket is logged with 101, at its handshake", () =>
  withAccessLog({}, async (server, lines) => {
    await using client = await WsClient.open(`${server.wsUrl}/echo`);
    client.send("a message is not a request");
    await client.next();
    const [line, ...more] = (await lines(1)).map(groups);
    assertEquals([line!["request"], line!["status"]], ["GET /echo HTTP/1.1", "101"]);
    assertEquals(more, []);
    await client.close(1000);
  }));

Deno.test("access log: a client that ends in the middle of its request is logged with 400", () =>
  withAccessLog({}, async (server, lines) => {
    {
      using connection = await HttpConnection.open(server);
      await connection.send(`POST /echo HTTP/1.1\r\nContent-Length: 9\r\n${HOST}half`);
      // The answer to another request shows that the worker has read the half.
      await ask(server, `GET /healthz HTTP/1.1\r\n${HOST}`);
    }
    const found = (await lines(2)).map(groups);
    assertEquals(found.map(({ status }) => status).sort(), ["200", "400"]);
  }));

Deno.test("access log: the addresses of an IPv6 client, and of an IPv4 client on ::, are logged", () =>
  withAccessLog({ ip: "::" }, async (server, lines) => {
    for (const hostname of ["::1", "127.0.0.1"]) {
      await ask({ hostname, port: server.port }, `GET /healthz HTTP/1.1\r\n${HOST}`);
    }
    const found = (await lines(2)).map(groups);
    assertEquals(found.map(({ address }) => address), ["::1", "127.0.0.1"]);
  }));

Deno.test("access log: a valid X-Request-Id is used, an invalid one is replaced", () =>
  withAccessLog({}, async (server, lines) => {
    for (const id of ["4f1c-aB.9:x", "two words", 'quo"te', "", "x".repeat(65)]) {
      await ask(server, `GET /healthz HTTP/1.1\r\nX-Request-Id: ${id}\r\n${HOST}`);
    }
    const ids = (await lines(5)).map((line) => groups(line)["id"]);
    assertEquals(ids, ["4f1c-aB.9:x", "0-2-1", "0-3-1", "0-4-1", "0-5-1"]);
  }));

const HOSTILE = 'x" 200 0 "-" "-" 1 1 1\\n\\"\t[31m\xff';
const LONG = "y".repeat(6_000);

for (const format of ["combined", "json"]) {
  Deno.test(`access log: what a client sends cannot leave its field, ${format}`, () =>
    withAccessLog({ args: ["--access-log-format", format] }, async (server, lines) => {
      const fields = `Referer: ${HOSTILE}\r\nUser-Agent: ${LONG}\xe2\x80\xa8\tz\r\n`;
      await ask(server, `GET /%0a"'\\${LONG} HTTP/1.1\r\n${fields}${HOST}`);
      await ask(server, `GET /last HTTP/1.1\r\n${HOST}`);
      const [first, last, ...more] = await lines(2);
      assertEquals(more, []);
      assertMatch(first!, /^[\x20-\x7e]+$/);
      assert(first!.length < 5_000, `${first!.length} characters`);
      if (format === "json") assertEquals(JSON.parse(first!).referer, HOSTILE);
      else assert(groups(first)["referer"]!.startsWith("x\\x22 200 0 "), first);
      assert(last!.includes("/last"));
    }));
}

Deno.test("access log: lines are complete while all workers write, and none is lost at the end", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  const file = `${folder}/access.log`;
  await Deno.writeTextFile(file, "an older line\n");
  const [clients, rounds] = [8, 200];
  await withServer({ workers: 4, args: ["--access-log", file] }, async (server) => {
    await Promise.all(Array.from({ length: clients }, async (_, i) => {
      using connection = await HttpConnection.open(server);
      await connection.send(`GET /client-${i} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(rounds));
      for (let round = 0; round < rounds; round++) await connection.answer();
    }));
    await server.stop();
  });
  const [older, ...lines] = (await Deno.readTextFile(file)).slice(0, -1).split("\n");
  await Deno.remove(folder, { recursive: true });
  assertEquals(older, "an older line");
  assertEquals(lines.length, clients * rounds);
  assertEquals(new Set(lines.map((line) => groups(line)["id"])).size, lines.length);
});

Deno.test("access log: - is standard output, and the error names a file that cannot be opened", async () => {
  await withServer({ workers: 1, args: ["--access-log", "-"] }, async (server) => {
    await ask(server, `GET /seen HTTP/1.1\r\n${HOST}`);
    await waitFor(() => server.stdout.includes('"GET /seen HTTP/1.1" 404'), {
      what: () => `the line in ${server.stdout}`,
    });
  });
  const exit = await runServer([
    "1",
    "127.0.0.1",
    "0",
    "--log=off",
    "--access-log",
    "/nowhere/access.log",
  ]);
  assertEquals(exit.code, 1);
  assertEquals(
    exit.stderr,
    "async-deno: cannot write the access log /nowhere/access.log: " +
      "no such file or directory; choose another with --access-log\n",
  );
});

Deno.test("access log: the client's address behind a trusted proxy, and from a PROXY header, is logged", async () => {
  const fields = "Host: a\r\nX-Forwarded-For: 9.9.9.9, 192.0.2.1\r\n\r\n";
  const trust = ["--trust-proxy", "127.0.0.0/8"];
  const rows: [args: string[], before: string, address: string, more?: string][] = [
    [trust, "", "192.0.2.1"],
    [["--trust-proxy", "10.0.0.0/8"], "", "127.0.0.1"],
    [trust, "", "127.0.0.1", "Forwarded: for=192.0.2.2\r\n"],
    [
      [...trust, "--trust-proxy-field", "forwarded"],
      "",
      "192.0.2.2",
      "Forwarded: for=192.0.2.2\r\n",
    ],
    [["--proxy-protocol"], "PROXY TCP6 2001:db8::7 ::1 4711 80\r\n", "2001:db8::7"],
  ];
  for (const [args, before, address, more = ""] of rows) {
    await withAccessLog({ args }, async (server, lines) => {
      await ask(server, `${before}GET /healthz HTTP/1.1\r\n${more}${fields}`);
      await ask(server, `${before}nonsense\r\n\r\n`);
      const [answered, refused] = (await lines(2)).map(groups);
      assertEquals(answered?.["address"], address, args.join(" "));
      // If the header is unreadable, the sender itself is logged.
      assertEquals(refused?.["address"], before === "" ? "127.0.0.1" : address);
    });
  }
});

const NAME = 'Zoë "Z" \\';

/** Sends a request with credentials, if any, and compares the status and user of its line. */
const ASKED: readonly (readonly [send: string, status: number, user: string | null])[] = [
  ["GET /nothing HTTP/1.1\r\nHost: a\r\n", 401, null],
  [`GET /nothing HTTP/1.1\r\n${credentials("alice:battery staple")}`, 401, null],
  [`GET /nothing HTTP/1.1\r\n${credentials("mallory:correct horse")}`, 401, null],
  // First by the hash, then by the cached result.
  [`GET /nothing HTTP/1.1\r\n${credentials("alice:correct horse")}`, 404, "alice"],
  [`GET /nothing HTTP/1.1\r\n${credentials("alice:correct horse")}`, 404, "alice"],
  [
    `POST /echo HTTP/1.1\r\nContent-Length: 2\r\n${credentials(`${NAME}:a:b`)}\r\nok`,
    200,
    NAME,
  ],
  [`GET /ws HTTP/1.1\r\n${credentials("alice:correct horse")}`, 426, "alice"],
  // The health check needs no password: credentials are ignored.
  [`GET /healthz HTTP/1.1\r\n${credentials("alice:correct horse")}`, 200, null],
  [`nonsense\r\n${credentials("alice:correct horse")}`, 400, null],
];

function credentials(pair: string): string {
  const bytes = new TextEncoder().encode(pair);
  return `Host: a\r\nAuthorization: Basic ${btoa(String.fromCharCode(...bytes))}\r\n`;
}

for (const format of ["combined", "json"]) {
  Deno.test(`access log: the user is logged if the password was right, ${format}`, async () => {
    const passwords = await Deno.makeTempFile({ prefix: "async-deno-test-" });
    const args = ["--access-log-format", format];
    for (const [user, password] of [["alice", "correct horse"], [NAME, "a:b"]] as const) {
      const line = `${user}:${await hashPassword(password)}\n`;
      await Deno.writeTextFile(passwords, line, { append: true });
      args.push("--basic-auth", `${user}:${passwords}`);
    }
    await withAccessLog({ args }, async (server, lines) => {
      using connection = await HttpConnection.open(server);
      // One connection for all: a name must not be kept with it.
      for (const [i, [send, status, user]] of ASKED.entries()) {
        await connection.send(send.endsWith("ok") ? send : `${send}\r\n`);
        assertEquals((await connection.answer()).status, status, send);
        const line = (await lines(i + 1))[i]!;
        const found = format === "json" ? JSON.parse(line).user : groups(line)["user"];
        const wanted = format === "json" ? user : escapedName(user);
        assertEquals(found, wanted, send);
      }
    }).finally(() => Deno.remove(passwords));
  });
}

function escapedName(user: string | null): string {
  if (user === null) return "-";
  return user === NAME ? "Zo\\xeb\\x20\\x22Z\\x22\\x20\\x5c" : user;
}
