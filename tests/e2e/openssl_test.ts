/**
 * What OpenSSL on the epoll transport does that Deno's TLS does not, or does otherwise; by `openssl s_client`.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Authority, OPENSSL, presentedName, tlsArguments } from "../support/certificates.ts";
import { ask, HttpConnection } from "../support/http_client.ts";
import {
  authorityTest,
  endpointOf,
  NO_OPENSSL_TESTS,
  opensslTest,
} from "../support/openssl_tests.ts";
import { expectProgram, runProgram } from "../support/program.ts";
import { bytesOf } from "../support/protocol_cases.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { runServer, type Server, waitFor, withServer } from "../support/server.ts";
import { OVER_TLS } from "../support/suite_tls.ts";

const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const VERSIONS = ["-tls1_2", "-tls1_3"] as const;

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
      // s_client tells of each; in TLS 1.2 the one is part of the handshake.
      const tickets = first.match(/Post-Handshake New Session Ticket arrived/g) ?? [];
      assertEquals(tickets.length, version === "-tls1_3" ? 1 : 0, first);
      // At the same time: one after the other, the same worker would serve them all.
      const resume = () => client(server, [version, "-sess_in", session]);
      for (const next of await Promise.all(Array.from({ length: 12 }, resume))) {
        assertStringIncludes(next, "Reused, TLSv1", version);
        // A client that uses each ticket once, as RFC 8446 wants it, has one for its next connection.
        if (version === "-tls1_3") assertStringIncludes(next, "New Session Ticket arrived");
      }
    }
    await reload(server, 1);
    assertStringIncludes(await client(server, ["-sess_in", session]), "Reused, TLSv1", "old key");
    // The tickets of the last three keys are accepted.
    for (let times = 2; times <= 4; times++) await reload(server, times);
    assertStringIncludes(await client(server, ["-sess_in", session]), "New, TLSv1");
    const workers = new Set((await server.log()).match(/ w\d+ (?=\[ACCEPT\])/g));
    assert(workers.size > 1, `only ${[...workers]} accepted`);
  },
);

/** Sends the signal for the `times`th time, and waits until it is obeyed. */
async function reload(server: Server, times: number): Promise<string> {
  server.kill("SIGHUP");
  return await server.waitForLog("reloaded: ", times);
}

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
    const endpoint = endpointOf(server, authority);
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
    // The suite over TLS adds its own certificate to a command line that names none.
    for (const args of OVER_TLS ? [asOptions] : [inFile, asOptions]) {
      await withServer({ workers: 2, args }, async (server) => {
        for (const [host, name] of rows) assertEquals(await nameFor(server, host), name, host);
        await install(await authority.sign("three", "DNS:two.example,DNS:three.example"));
        const log = await reload(server, 1);
        assertStringIncludes(log, `reloaded: ${one.cert}, ${one.key}, ${used.cert}, ${used.key}, `);
        assertEquals(await nameFor(server, "three.example"), "three");
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

authorityTest(
  "a file that is no OCSP response is not stapled, with a warning, also of --check and of a reload",
  async (authority) => {
    const one = await authority.sign("one");
    const args = [...tlsArguments(one), "--tls", "openssl"];
    const rows: [content: string, reason: RegExp][] = [
      ["", /the file is empty/],
      ["-----BEGIN OCSP RESPONSE-----\n", /it is no OCSP response in DER: /],
      // SEQUENCE { ENUMERATED 3 }: tryLater.
      ["\x30\x03\x0a\x01\x03", /the responder has answered with the error 3/],
      ["\x30\x03\x0a\x01\x00more", /4 bytes follow the response/],
    ];
    for (const [content, reason] of rows) {
      await Deno.writeFile(`${one.cert}.ocsp`, bytesOf(content));
      const { code, stderr } = await runServer(["1", "127.0.0.1", "0", ...args, "--check"]);
      assertEquals(code, 0, stderr);
      assertMatch(
        stderr,
        /^async-deno: the OCSP response \S+one.pem.ocsp is not stapled: [^\n]+\n$/,
      );
      assertMatch(stderr, reason);
    }
    await withServer({ workers: 1, args }, async (server) => {
      const warned = (reason: string) =>
        waitFor(() => server.stderr.includes(`one.pem.ocsp is not stapled: ${reason}\n`), {
          what: "a warning",
        });
      await warned("4 bytes follow the response");
      const answer = await client(server, ["-status"]);
      assertStringIncludes(answer, "OCSP response: no response sent");
      assertStringIncludes(answer, "200 OK");
      // A renewed certificate is used all the same.
      const renewed = await authority.sign("renewed");
      for (const kind of ["cert", "key"] as const) await Deno.copyFile(renewed[kind], one[kind]);
      await Deno.writeTextFile(`${one.cert}.ocsp`, "");
      server.kill("SIGHUP");
      await warned("the file is empty");
      await waitFor(async () => await nameFor(server, undefined) === "renewed", { what: "it" });
      await server.stop(); // which has warned
    });
  },
);

authorityTest(
  "if only OpenSSL refuses a certificate, the error names --tls deno",
  async (authority) => {
    // By its security level OpenSSL refuses SHA-1.
    const one = await authority.sign("one", undefined, "/CN=one", ["-sha1"]);
    const start = (args: readonly string[]) =>
      runServer(["1", "127.0.0.1", "0", "--log", "off", ...tlsArguments(one), ...args]);
    const { code, stderr } = await start([]);
    assertEquals(code, 1, stderr);
    assertMatch(
      stderr,
      /cannot be used together: [^\n]+ \(OpenSSL [^\n]+--tls deno can use them\)\n$/,
    );
    const demanding = await start(["--transport", "epoll"]);
    assert(!demanding.stderr.includes("--tls deno"), demanding.stderr);
    const byDeno = await start(["--tls", "deno", "--check"]);
    assertEquals(byDeno.code, 0, byDeno.stderr);
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
    const nobody = await authority.sign("nobody", undefined, "/");
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
        // The authority's own certificate is not a part of the server's chain.
        const shown = await client(server, [...known, "-showcerts"]);
        assertEquals(shown.match(/BEGIN CERTIFICATE/g)?.length, 1);
        const unnamed = ["-cert", nobody.cert, "-key", nobody.key, version];
        assertStringIncludes(await client(server, unnamed), "200 OK");
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
      assertMatch(log, / \[TLS\] fd=\d+ client \(empty\)\n/);
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
  name: `openssl: it is used if it can be loaded; if not, the start says why${NO_OPENSSL_TESTS}`,
  ignore: NO_OPENSSL_TESTS !== "",
  fn: async () => {
    await using authority = await Authority.make();
    const files = tlsArguments(await authority.sign("one"));
    await Deno.writeTextFile(`${authority.folder}/libssl.so.3`, "no library\n".repeat(10));
    const env = { LD_LIBRARY_PATH: authority.folder };
    await withServer({ workers: 1, args: files }, (server) => {
      assertMatch(server.stdout, /\nTLS: OpenSSL 3\.\S+\n/);
      return Promise.resolve();
    });
    const check = ["1", "127.0.0.1", "0", ...files, "--check"];
    assertMatch((await runServer(check)).stdout, /\n# TLS: OpenSSL 3\.\S+\n/);
    assertMatch((await runServer(check, env)).stdout, /\n# TLS: Deno \(libssl\.so\.3 [^\n]+\)\n/);
    await withServer({ workers: 1, args: files, env }, async (server) => {
      assertMatch(server.stdout, /\nTLS: Deno \(libssl\.so\.3 cannot be used: [^\n]+\)\n/);
      assertEquals(await presentedName(server.port), "one");
    });
    for (const args of [["--tls", "openssl"], ["--transport", "epoll"]]) {
      const { code, stderr } = await runServer(["1", "127.0.0.1", "0", ...files, ...args], env);
      assertEquals(code, 1);
      assertMatch(stderr, /^async-deno: --\S+ [^\n]*libssl\.so\.3 cannot be used: [^\n]+\n$/);
    }
  },
});
