/**
 * What OpenSSL on the epoll transport does that Deno's TLS does not, or does otherwise; by `openssl s_client`.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Authority, OPENSSL, presentedName, tlsArguments } from "../support/certificates.ts";
import { ask, HttpConnection } from "../support/http_client.ts";
import { countDescriptors } from "../support/process_facts.ts";
import { OpensslPeer, writeAll } from "../support/openssl_peer.ts";
import { expectProgram, runProgram } from "../support/program.ts";
import { bytesOf } from "../support/protocol_cases.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { runServer, type Server, waitFor, withServer } from "../support/server.ts";
import { NO_LIBSSL } from "../support/tls_ways.ts";

const MISSING = OPENSSL === undefined
  ? " (skipped, to install it: apt-get install openssl)"
  : NO_LIBSSL;
const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const VERSIONS = ["-tls1_2", "-tls1_3"] as const;

function opensslTest(
  name: string,
  run: (server: Server, authority: Authority) => Promise<void>,
  args: readonly string[] = [],
): void {
  Deno.test({
    name: `openssl: ${name}${MISSING}`,
    ignore: MISSING !== "",
    fn: async () => {
      await using authority = await Authority.make();
      const own = [...tlsArguments(await authority.sign("one")), "--tls", "openssl"];
      await withServer({ workers: 4, args: [...own, ...args] }, (server) => run(server, authority));
    },
  });
}

/** What s_client writes about a connection on which it sends one request. */
async function client(server: Server, args: readonly string[], request = REQUEST): Promise<string> {
  const own = ["s_client", "-connect", `127.0.0.1:${server.port}`, "-ign_eof"];
  const input = bytesOf(request);
  const { stdout, stderr } = await runProgram(OPENSSL!, [...own, ...args], input);
  return stdout + stderr;
}

opensslTest(
  "TLS 1.2 and 1.3 are served with AEAD suites, older versions are not",
  async (server) => {
    for (const version of VERSIONS) {
      const said = await client(server, [version]);
      assertStringIncludes(said, `TLSv${version.slice(-3).replace("_", ".")}`);
      assertMatch(said, /Cipher is (ECDHE-\w+-AES\d+-GCM|ECDHE-\w+-CHACHA20|TLS_)/);
      assertMatch(said, /HTTP\/1\.1 200 OK[^]*\r\n\r\nok/);
    }
    const old = await client(server, ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    assertMatch(old, /Cipher is \(NONE\)/);
    const noAead = await client(server, ["-tls1_2", "-cipher", "AES128-SHA"]);
    assertMatch(noAead, /Cipher is \(NONE\)/);
  },
);

opensslTest("ALPN: http/1.1 is chosen, an offer without it is refused", async (server) => {
  for (const version of VERSIONS) {
    const both = await client(server, [version, "-alpn", "h2,http/1.1"]);
    assertStringIncludes(both, "ALPN protocol: http/1.1");
    const none = await client(server, [version]);
    assertStringIncludes(none, "No ALPN negotiated");
    const other = await client(server, [version, "-alpn", "h2"]);
    assertStringIncludes(other, "no application protocol");
  }
});

opensslTest(
  "every worker resumes the sessions of all, in both versions",
  async (server, { folder }) => {
    const session = `${folder}/session`;
    for (const version of VERSIONS) {
      const first = await client(server, [version, "-sess_out", session]);
      assertStringIncludes(first, "New, TLSv1");
      for (let i = 0; i < 12; i++) {
        const next = await client(server, [version, "-sess_in", session]);
        assertStringIncludes(next, "Reused, TLSv1", `${version}, connection ${i}`);
      }
    }
    const workers = new Set((await server.log()).match(/ w\d+ (?=\[ACCEPT\])/g));
    assert(workers.size > 1, `only ${[...workers]} accepted`);
  },
);

opensslTest("renegotiation is refused, and a KeyUpdate is answered", async (server) => {
  const twice = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
  // A line with one letter is a command: R renegotiates, K updates both keys.
  const own = ["s_client", "-connect", `127.0.0.1:${server.port}`, "-no_ign_eof"];
  const say = async (version: string, command: string) => {
    const input = bytesOf(`${command}\n${twice}`);
    const { stdout, stderr } = await runProgram(OPENSSL!, [...own, version], input);
    return stdout + stderr;
  };
  assertMatch(await say("-tls1_2", "R"), /no renegotiation|RENEGOTIATING/);
  assertStringIncludes(await say("-tls1_3", "K"), "KEYUPDATE");
  assertEquals((await client(server, ["-tls1_3"])).includes("200 OK"), true);
});

opensslTest(
  "20 MB go up and come back, also if the client reads late",
  async (server, authority) => {
    const endpoint = { hostname: server.hostname, port: server.port, ca: authority.pem };
    using connection = await HttpConnection.open(endpoint);
    const body = new Uint8Array(20_000_000).map((_, i) => (i * i) >> 7);
    const head = `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;
    await connection.send(head);
    await connection.send(body);
    assert(sameBytes((await connection.answer()).body, body));
    assertEquals((await ask(endpoint, REQUEST)).text, "ok");
  },
  ["--max-body", "32m"],
);

opensslTest(
  "a flood of handshakes that never end leaves no descriptor open",
  async (server, authority) => {
    const before = countDescriptors(server.pid);
    const hello = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3);
    const silent: HttpConnection[] = [];
    for (let i = 0; i < 200; i++) {
      const connection = await HttpConnection.open({
        hostname: server.hostname,
        port: server.port,
      });
      silent.push(connection);
      if (i % 2 === 0) await connection.send(hello);
    }
    const endpoint = { hostname: server.hostname, port: server.port, ca: authority.pem };
    assertEquals((await ask(endpoint, REQUEST)).text, "ok");
    // Half of them leave, the others are closed at the end of the head time.
    for (const connection of silent.slice(0, 100)) connection.close();
    await waitFor(() => countDescriptors(server.pid) <= before, { what: "all of them closed" });
    for (const connection of silent.slice(100)) connection.close();
  },
  ["--head-timeout", "2"],
);

opensslTest(
  "above a limit, plain and TLS clients are answered 503 or closed, and nothing stays",
  async (server, authority) => {
    const endpoint = { hostname: server.hostname, port: server.port, ca: authority.pem };
    const before = countDescriptors(server.pid);
    {
      using first = await HttpConnection.open(endpoint);
      await first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await first.answer();
      for (let i = 0; i < 10; i++) assertEquals((await ask(endpoint, REQUEST)).status, 503);
      using plain = await HttpConnection.open({ hostname: server.hostname, port: server.port });
      await plain.send(REQUEST);
      await plain.rest().catch(() => undefined); // an end or a reset
    }
    await waitFor(() => countDescriptors(server.pid) <= before, { what: "all of them closed" });
    await waitFor(async () => (await ask(endpoint, REQUEST)).status === 200, { what: "room" });
    await server.stop();
  },
  ["--max-connections", "1"],
);

function authorityTest(name: string, fn: (authority: Authority) => Promise<void>): void {
  Deno.test({
    name: `openssl: ${name}${MISSING}`,
    ignore: MISSING !== "",
    fn: async () => {
      await using authority = await Authority.make();
      await fn(authority);
    },
  });
}

/** The common name in the certificate that a client gets who asks for `host`. */
async function nameFor(server: Server, host: string | undefined): Promise<string | undefined> {
  const args = host === undefined ? ["-noservername"] : ["-servername", host];
  return /subject=.*CN ?= ?(\S+)/.exec(await client(server, args))?.[1];
}

authorityTest(
  "of several certificates the client gets that of its host name",
  async (authority) => {
    const one = await authority.sign("one", "DNS:one.example,DNS:*.wild.example");
    const two = await authority.sign("two", "DNS:two.example");
    const used = { cert: `${authority.folder}/used.pem`, key: `${authority.folder}/used.key` };
    const install = async (from: { cert: string; key: string }) => {
      await Deno.copyFile(from.cert, used.cert);
      await Deno.copyFile(from.key, used.key);
    };
    await install(two);
    const file = `${authority.folder}/site.toml`;
    const tables = [one, used].map(({ cert, key }) => {
      return `[[tls.certificates]]\ncert = "${cert}"\nkey = "${key}"\n`;
    });
    await Deno.writeTextFile(file, tables.join(""));
    const rows: [host: string | undefined, name: string][] = [
      ["one.example", "one"],
      ["two.example", "two"],
      ["TWO.example", "two"],
      ["a.wild.example", "one"],
      ["other.example", "one"],
      [undefined, "one"],
    ];
    const inFile = ["--config", file];
    const asOptions = [...tlsArguments(one), ...tlsArguments(used), "--tls", "openssl"];
    for (const args of [inFile, asOptions]) {
      await withServer({ workers: 2, args }, async (server) => {
        for (const [host, name] of rows) assertEquals(await nameFor(server, host), name, host);
        await install(await authority.sign("three", "DNS:two.example,DNS:three.example"));
        server.kill("SIGHUP");
        const isNew = async () => await nameFor(server, "three.example") === "three";
        await waitFor(isNew, { what: "the new certificate" });
        assertEquals(await nameFor(server, "one.example"), "one");
        await install(two);
      });
    }
  },
);

authorityTest(
  "an OCSP response beside the certificate is stapled, a new one after SIGHUP",
  async (authority) => {
    const one = await authority.sign("one");
    const response = `${one.cert}.ocsp`;
    await writeOcsp(authority, { cert: one.cert, response, minutes: 60 });
    const args = [...tlsArguments(one), "--tls", "openssl"];
    await withServer({ workers: 2, args }, async (server) => {
      const next = async () => /Next Update: (.*)/.exec(await client(server, ["-status"]))?.[1];
      const first = await next();
      assert(first !== undefined);
      for (const version of VERSIONS) {
        assertMatch(await client(server, ["-status", version]), /OCSP Response Status: successful/);
        assert(!(await client(server, [version])).includes("OCSP Response"), "nobody asked");
      }
      await writeOcsp(authority, { cert: one.cert, response, minutes: 120 });
      server.kill("SIGHUP");
      await waitFor(async () => ![first, undefined].includes(await next()), {
        what: "the new one",
      });
      await Deno.remove(response);
      server.kill("SIGHUP");
      await waitFor(async () => await next() === undefined, { what: "none" });
    });
  },
);

/** Writes the response of the authority that its certificate is valid for so many minutes. */
async function writeOcsp(
  { folder, file }: Authority,
  { cert, response, minutes }: { cert: string; response: string; minutes: number },
): Promise<void> {
  const serial = await expectProgram(OPENSSL!, ["x509", "-in", cert, "-noout", "-serial"]);
  const line = ["V", "301231000000Z", "", serial.trim().split("=")[1], "unknown", "/CN=one"];
  await Deno.writeTextFile(`${folder}/index`, `${line.join("\t")}\n`);
  const request = `${folder}/request`;
  const asked = ["-issuer", file, "-cert", cert, "-reqout", request, "-no_nonce"];
  await expectProgram(OPENSSL!, ["ocsp", ...asked]);
  const signer = ["-CA", file, "-rsigner", file, "-rkey", `${folder}/ca.key`];
  const own = ["-index", `${folder}/index`, "-reqin", request, "-respout", response];
  await expectProgram(OPENSSL!, ["ocsp", ...own, ...signer, "-nmin", String(minutes)]);
}

for (const auth of ["require", "request"] as const) {
  authorityTest(`client certificates: ${auth}`, async (authority) => {
    await using others = await Authority.make();
    const one = await authority.sign("one");
    const alice = await authority.sign("alice");
    const mallory = await others.sign("mallory");
    const args = [...tlsArguments(one), "--tls-client-ca", authority.file];
    if (auth === "request") args.push("--tls-client-auth", "request");
    await withServer({ workers: 2, args }, async (server) => {
      for (const version of VERSIONS) {
        const known = ["-cert", alice.cert, "-key", alice.key, version];
        const answer = await client(server, known);
        assertStringIncludes(answer, "200 OK");
        // A session with a ticket could be resumed after the certificate has expired.
        assert(!/session ticket:/i.test(answer), answer);
        const foreign = ["-cert", mallory.cert, "-key", mallory.key, version];
        assert(!(await client(server, foreign)).includes("200 OK"), "another authority's");
        const anonymous = await client(server, [version]);
        assertEquals(anonymous.includes("200 OK"), auth === "request", anonymous);
      }
      const at = ["--ip", "127.0.0.1", "--port", String(server.port), ...tlsArguments(one)];
      const { code } = await runServer(["health", ...at], { DENO_CERT: authority.file });
      assertEquals(code, 0, "health has no certificate");
      const log = await server.waitForLog("client CN=alice", 2);
      assertMatch(log, / \[TLS\] fd=\d+ client CN=alice\n/);
      assert(!log.includes("mallory"), log);
      assertMatch(log, / refused TLS_HANDSHAKE certificate verify failed\n/);
      assertEquals(log.includes("peer did not return a certificate"), auth === "require", log);
    });
  });
}

authorityTest(
  "an unusable file of client authorities is an error that names it",
  async (authority) => {
    const one = await authority.sign("one");
    const broken = `${authority.folder}/broken.pem`;
    for (const text of ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]) {
      await Deno.writeTextFile(broken, text);
      const args = [...tlsArguments(one), "--tls-client-ca", broken];
      const { code, stderr } = await runServer(["1", "127.0.0.1", "0", "--log", "off", ...args]);
      assertEquals(code, 1, stderr);
      assertMatch(stderr, /^async-deno: --tls-client-ca \S+broken.pem cannot be used: [^\n]+\n$/);
    }
  },
);

Deno.test({
  name: `openssl: if the library is needed and cannot be used, the start says why${MISSING}`,
  ignore: MISSING !== "",
  fn: async () => {
    await using authority = await Authority.make();
    const files = tlsArguments(await authority.sign("one"));
    await Deno.writeTextFile(`${authority.folder}/libssl.so.3`, "no library\n".repeat(10));
    const env = { LD_LIBRARY_PATH: authority.folder };
    await withServer({ workers: 1, args: files, env }, async (server) => {
      assertMatch(server.stdout, /\nTLS: Deno\n/);
      assertEquals(await presentedName(server.port), "one");
    });
    for (const args of [["--tls", "openssl"], ["--transport", "epoll"]]) {
      const { code, stderr } = await runServer(["1", "127.0.0.1", "0", ...files, ...args], env);
      assertEquals(code, 1);
      assertMatch(stderr, /^async-deno: --\S+ [^\n]*libssl\.so\.3 cannot be used: [^\n]+\n$/);
    }
  },
});

opensslTest(
  "more refused connections than get an answer end no worker",
  async (server) => {
    const held: Deno.Conn[] = [];
    try {
      const open = () => Deno.connect({ hostname: "127.0.0.1", port: server.port });
      // The first one has the only place; of the others 256 wait for their handshake in each worker.
      for (let i = 0; i < 1 + 4 * 256 + 64; i++) held.push(await open());
      held.shift()!.close();
      await waitFor(async () => {
        const answer = await client(server, []);
        return answer.includes("200 OK");
      }, { what: "a place, and an answer" });
    } finally {
      for (const connection of held) connection.close();
    }
    const { code, stderr } = await server.stop();
    assertEquals([code, stderr.match(/died/)], [0, null], stderr);
  },
  ["--max-connections", "1"],
);

/** A client that begins a handshake and never ends it. */
async function beginHandshake(server: Server): Promise<Deno.Conn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await connection.write(Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3));
  return connection;
}

async function hasEnded(connection: Deno.Conn): Promise<boolean> {
  const count = await connection.read(new Uint8Array(1024)).catch(() => null);
  return count === null;
}

opensslTest(
  "handshakes in progress count for --max-memory: the oldest are ended",
  async (server, authority) => {
    const held: Deno.Conn[] = [];
    try {
      // Of each worker's share, 26 handshakes fit.
      for (let i = 0; i < 600; i++) held.push(await beginHandshake(server));
      let ended = 0;
      for (const each of held) void hasEnded(each).then((is) => ended += Number(is));
      await waitFor(() => ended >= 400, { what: "an end of most" });
      const endpoint = { hostname: server.hostname, port: server.port, ca: authority.pem };
      assertEquals((await ask(endpoint, REQUEST)).text, "ok");
      assert(ended < 600, "those that fit stay");
    } finally {
      for (const connection of held) connection.close();
    }
    await server.stop(); // which has warned
  },
  ["--max-memory", "4m", "--head-timeout", "1h"],
);

opensslTest(
  "a refused client that does not shake hands loses its place soon",
  async (server) => {
    const before = countDescriptors(server.pid);
    const held: Deno.Conn[] = [];
    try {
      for (let i = 0; i < 21; i++) held.push(await beginHandshake(server));
      const ends = held.map(hasEnded);
      // The first one is not refused, and is within its time.
      await waitFor(() => countDescriptors(server.pid) <= before + 1, { what: "their ends" });
      await Promise.race(ends);
    } finally {
      for (const connection of held) connection.close();
    }
    await server.stop(); // which has warned
  },
  ["--max-connections", "1", "--write-timeout", "1h", "--head-timeout", "1h"],
);

/** Sends a request by a client that reads only after `meanwhile`; whether the end said that nothing is missing. */
async function endIsTold(
  server: Server,
  request: string,
  meanwhile: () => Promise<unknown>,
): Promise<boolean> {
  using peer = new OpensslPeer();
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await peer.shakeHands(connection);
  peer.write(bytesOf(request));
  await writeAll(connection, peer.ciphertext());
  await meanwhile();
  const buffer = new Uint8Array(64 * 1024);
  for (let count: number | null = 0; count !== null;) {
    count = await connection.read(buffer);
    peer.take(buffer.slice(0, count ?? 0));
    while (peer.plaintext().length > 0);
  }
  return peer.hasEnd;
}

authorityTest(
  "a whole answer ends with close_notify, one that is cut off does not",
  async (authority) => {
    const { folder } = authority;
    const own = tlsArguments(await authority.sign("one"));
    await Deno.writeFile(`${folder}/large`, new Uint8Array(30_000_000));
    const args = [...own, "--tls", "openssl", "--root", folder];
    await withServer({ workers: 1, args }, async (server) => {
      assertEquals(await endIsTold(server, REQUEST, () => Promise.resolve()), true);
      const large = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
      // The buffers between server and client hold a part of it.
      const cutOff = async () => {
        await server.waitForLog("route=/large");
        await Deno.truncate(`${folder}/large`);
      };
      assertEquals(await endIsTold(server, large, cutOff), false);
    });
  },
);
