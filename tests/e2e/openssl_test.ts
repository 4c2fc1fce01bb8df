/**
 * What OpenSSL on the epoll transport does that Deno's TLS does not, or does otherwise; by `openssl s_client`.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Authority, OPENSSL, presentedName, tlsArguments } from "../support/certificates.ts";
import { ask, HttpConnection } from "../support/http_client.ts";
import { countDescriptors } from "../support/process_facts.ts";
import { runProgram } from "../support/program.ts";
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
  const input = new TextEncoder().encode(request);
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
    const input = new TextEncoder().encode(`${command}\n${twice}`);
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

Deno.test({
  name:
    `openssl: if the library cannot be used, Deno implements TLS, or the start says why${MISSING}`,
  ignore: MISSING !== "",
  fn: async () => {
    await using authority = await Authority.make();
    const files = tlsArguments(await authority.sign("one"));
    await Deno.writeTextFile(`${authority.folder}/libssl.so.3`, "no library\n".repeat(10));
    const env = { LD_LIBRARY_PATH: authority.folder };
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
