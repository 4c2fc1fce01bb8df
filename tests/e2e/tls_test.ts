/**
 * HTTPS and WSS with real clients: curl, openssl and the npm `ws`.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  Authority,
  NO_OPENSSL,
  OPENSSL,
  presentedName,
  tlsArguments,
} from "../support/certificates.ts";
import { ask, HttpConnection } from "../support/http_client.ts";
import { expectProgram, runProgram } from "../support/program.ts";
import { findProgram } from "../support/process_facts.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { runServer, type Server, waitFor, withServer } from "../support/server.ts";
import { TLS_WAYS, type TlsWay } from "../support/tls_ways.ts";
import { WsClient } from "../support/ws_client.ts";

const CURL = findProgram("curl");
const MISSING = CURL === undefined ? " (skipped, to install it: apt-get install curl)" : NO_OPENSSL;

function tlsTest(
  name: string,
  run: (server: Server, authority: Authority, way: TlsWay) => Promise<void>,
  args: readonly string[] = [],
): void {
  for (const way of TLS_WAYS) {
    Deno.test({
      name: `tls by ${way}: ${name}${MISSING}`,
      ignore: MISSING !== "",
      fn: async () => {
        await using authority = await Authority.make();
        const own = [...tlsArguments(await authority.sign("one")), "--tls", way];
        await withServer(
          { workers: 2, args: [...own, ...args] },
          (server) => run(server, authority, way),
        );
      },
    });
  }
}

function curl(authority: Authority, args: readonly string[], input?: Uint8Array<ArrayBuffer>) {
  const own = ["-q", "-sS", "--noproxy", "*", "--max-time", "20", "--cacert", authority.file];
  return expectProgram(CURL!, [...own, ...args], input);
}

tlsTest(
  "the banner says https and what implements TLS, and the server uses the given certificate",
  async (server, _authority, way) => {
    const implementation = way === "deno" ? "Deno" : "OpenSSL 3";
    const said = `https://127.0.0.1:${server.port}/\nTLS: ${implementation}`;
    assertStringIncludes(server.stdout, said);
    assertEquals(await presentedName(server.port), "one");
  },
);

tlsTest("curl: GET, HEAD, and a body of 1 MiB echoed", async (server, authority) => {
  assertEquals(await curl(authority, [`${server.url}/healthz`]), "ok");
  const head = await curl(authority, ["-I", `${server.url}/`]);
  assert(head.startsWith("HTTP/1.1 200 OK\r\n"), head);
  const body = new Uint8Array(1024 * 1024).fill(0x61);
  const back = await curl(authority, ["--data-binary", "@-", `${server.url}/echo`], body);
  assert(sameBytes(new TextEncoder().encode(back), body));
});

tlsTest("an offer of HTTP/2 is answered with HTTP/1.1", async (server, authority) => {
  const say = ["--http2", "-o", "/dev/null", "-w", "%{http_version} %{http_code}"];
  assertEquals(await curl(authority, [...say, `${server.url}/healthz`]), "1.1 200");
});

tlsTest("a client that offers HTTP/1.0 alone is served", async (server, authority) => {
  // Not by the version of the answer's status line, which is the server's own (RFC 9110 section 2.5).
  const say = ["--http1.0", "-o", "/dev/null", "-w", "%{http_code}"];
  assertEquals(await curl(authority, [...say, `${server.url}/healthz`]), "200");
});

tlsTest("keep-alive, pipelined and large answers arrive in order", async (server, authority) => {
  using connection = await HttpConnection.open({ ...endpoint(server), ca: authority.pem });
  for (let round = 0; round < 50; round++) {
    await connection.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    assertEquals((await connection.answer()).text, "ok");
  }
  const [, script = ""] =
    /src="?([^" >]+\.js)/.exec((await ask(tls(server, authority), PAGE)).text) ?? [];
  const large = `GET ${script} HTTP/1.1\r\nHost: a\r\n\r\n`;
  await connection.send(large.repeat(20));
  const first = await connection.answer();
  assertEquals(first.status, 200);
  for (let i = 1; i < 20; i++) assert(sameBytes((await connection.answer()).body, first.body));
});

tlsTest(
  "wss: messages from 1 byte to 1 MiB are echoed, and the close is answered",
  async (server, authority) => {
    await using socket = await WsClient.open(`${server.wsUrl}/echo`, {}, authority.pem);
    for (const length of [1, 125, 126, 65_535, 65_536, 1024 * 1024]) {
      const sent = new Uint8Array(length).fill(length & 0xff);
      socket.send(sent);
      assert(sameBytes((await socket.next()).data, sent), `${length} bytes`);
    }
    assertEquals(await socket.ping("are you there"), "are you there");
    assertEquals(await socket.close(1000, "done"), { code: 1000, reason: "done" });
  },
);

tlsTest("wss: a stop closes WebSockets with 1001", async (server, authority) => {
  await using socket = await WsClient.open(`${server.wsUrl}/echo`, {}, authority.pem);
  const { code } = await server.stop();
  assertEquals([code, (await socket.closed).code], [0, 1001]);
});

tlsTest(
  "a client that does not speak TLS, or stops in the handshake, is closed",
  async (server, authority, way) => {
    using plain = await HttpConnection.open(endpoint(server));
    await plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    if (way === "openssl") {
      const { status, text } = await plain.answer();
      assertEquals([status, /use https:/.test(text)], [400, true], text);
      await plain.expectEnd();
    } else {
      // A TLS alert, then the end: nothing that a client could take for an answer.
      const said = await plain.rest();
      assert(said[0] === 0x15 || said.length === 0, `${said}`);
    }
    using silent = await HttpConnection.open(endpoint(server));
    // The beginning of a ClientHello.
    await silent.send(Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01));
    assertEquals((await silent.rest()).length, 0);
    assertEquals((await ask(tls(server, authority), PAGE)).status, 200);
    const { code, stderr } = await server.stop();
    assertEquals([code, stderr.trimEnd().split("\n").length], [0, 1], stderr);
  },
  ["--head-timeout", "2"],
);

tlsTest("connections above the limit get 503", async (server, authority) => {
  using first = await HttpConnection.open(tls(server, authority));
  await first.send(PAGE);
  assertEquals((await first.answer()).status, 200);
  assertEquals((await ask(tls(server, authority), PAGE)).status, 503);
  await waitFor(() => server.stderr.includes("503"), { what: "the warning" });
  await server.stop();
}, ["--max-connections", "1"]);

const BASE = ["1", "127.0.0.1", "0", "--log", "off"];

Deno.test({
  name: `tls: an unusable certificate is an error that names its option${MISSING}`,
  ignore: MISSING !== "",
  fn: async () => {
    await using authority = await Authority.make();
    const one = await authority.sign("one");
    const two = await authority.sign("two");
    const encrypted = `${authority.folder}/encrypted.key`;
    const encrypt = ["pkey", "-aes256", "-passout", "pass:x", "-in", one.key, "-out", encrypted];
    await expectProgram(OPENSSL!, encrypt);
    const rows: [args: string[], code: number, said: RegExp][] = [
      [["--tls-cert", one.cert], 2, /--tls-cert needs --tls-key/],
      [["--tls-key", one.key], 2, /--tls-key needs --tls-cert/],
      [["--tls-cert", one.cert, ...tlsArguments(one)], 2, /2 --tls-cert and 1 --tls-key/],
      [
        [...tlsArguments(one), ...tlsArguments(two), "--tls", "deno"],
        2,
        /several --tls-cert need OpenSSL/,
      ],
      [
        [...tlsArguments(one), "--tls-client-ca", authority.file, "--tls", "deno"],
        2,
        /--tls-client-ca needs OpenSSL/,
      ],
      [["--tls-client-ca", authority.file], 2, /--tls-client-ca has no effect without --tls-cert/],
      [
        [...tlsArguments(one), "--tls-client-auth", "request"],
        2,
        /--tls-client-auth has no effect without --tls-client-ca/,
      ],
      [[...tlsArguments(one), "--tls", "deno", "--transport", "epoll"], 2, /--tls deno needs Deno/],
      [[...tlsArguments(one), "--tls", "openssl", "--transport", "deno"], 2, /--tls openssl needs/],
      [["--tls", "openssl"], 2, /--tls has no effect without --tls-cert/],
      [["--redirect-http", "0"], 2, /--redirect-http needs --tls-cert/],
      [
        tlsArguments({ ...one, cert: "/no/such" }),
        1,
        /--tls-cert \/no\/such: the file does not exist/,
      ],
      [tlsArguments({ ...one, key: one.cert }), 1, /--tls-key \S+one\.pem .* swapped\?/],
      [tlsArguments({ ...one, key: encrypted }), 1, /--tls-key \S+ is encrypted with a passphrase/],
      [tlsArguments({ ...one, cert: one.key }), 1, /--tls-cert \S+one\.key/],
      ...TLS_WAYS.map((way): [string[], number, RegExp] => {
        const mixed = tlsArguments({ cert: one.cert, key: two.key });
        return [[...mixed, "--tls", way], 1, /one\.pem and --tls-key \S+two\.key/];
      }),
    ];
    for (const [args, code, said] of rows) {
      // The faults do not depend on the transport that the suite is run over.
      const transport = args.includes("--transport") ? [] : ["--transport", "auto"];
      const exit = await runServer([...BASE, ...transport, ...args]);
      assertEquals(exit.code, code, exit.stderr);
      assert(said.test(exit.stderr), exit.stderr);
      assertEquals(exit.stderr.trimEnd().split("\n").length, 1, "one line");
    }
  },
});

tlsTest("--check reports the same errors as a start", async (_server, authority, way) => {
  const [one, two] = [await authority.sign("one"), await authority.sign("two")];
  const check = (...args: string[]) => runServer([...args, "--tls", way, "--check"]);
  const right = await check(...tlsArguments(one));
  assertEquals([right.code, right.stderr], [0, ""]);
  assertStringIncludes(right.stdout, `\n# TLS: ${way === "deno" ? "Deno" : "OpenSSL 3"}`);
  const mixed = await check("--tls-cert", one.cert, "--tls-key", two.key);
  assertEquals(mixed.code, 2);
  assertStringIncludes(mixed.stderr, "cannot be used together");
  const missing = await check("--tls-cert", one.cert, "--tls-key", `${authority.folder}/none`);
  assertEquals([missing.code, missing.stderr.split("\n").length], [2, 2], missing.stderr);
});

tlsTest("plain HTTP is redirected to https with 308, host and query kept", async (server) => {
  const port = redirectPort(server);
  const rows: [host: string, path: string, location: string | null][] = [
    ["example.com", "/a/b?c=d&e", `https://example.com:${server.port}/a/b?c=d&e`],
    [`example.com:${port}`, "/", `https://example.com:${server.port}/`],
    ["127.0.0.1", "//x.org/y", `https://127.0.0.1:${server.port}//x.org/y`],
    ["[::1]:8080", "/", `https://[::1]:${server.port}/`],
    ["a_b.example", "/%2e", `https://a_b.example:${server.port}/%2e`],
    ["a%62.", "/", `https://a%62.:${server.port}/`],
    [".:99999", "/", `https://.:${server.port}/`],
    ["a", "http://[::ffff:1.2.3.4]:80?c", `https://[::ffff:1.2.3.4]:${server.port}/?c`],
    ["a", "http://:80/", null],
    ...["a:b", "a:80:80", "[::1", "[::1]x", "::1", "%zz", "[zz]", "[1.2.3.4]", "[1]", ":80", ""]
      .map((host) => [host, "/", null] as [string, string, null]),
  ];
  for (const [host, path, location] of rows) {
    const request = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 2\r\n\r\nhi`;
    const answer = await ask({ hostname: "127.0.0.1", port }, request);
    assertEquals(answer.status, location === null ? 400 : 308, `${host} ${path}`);
    const found = answer.fields.find(([name]) => name === "Location")?.[1] ?? null;
    assertEquals(found, location);
  }
  const asterisk = await ask(
    { hostname: "127.0.0.1", port },
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
  );
  assertEquals(asterisk.status, 204);
}, ["--redirect-http", "0"]);

tlsTest("curl follows the redirect", async (server, authority) => {
  const url = `http://127.0.0.1:${redirectPort(server)}/echo`;
  assertEquals(await curl(authority, ["-L", "--data", "kept", url]), "kept");
  const { code } = await runProgram(CURL!, ["-q", "-sS", `${server.url}/healthz`]);
  assertEquals(code, 60, "without the authority curl must not trust it");
}, ["--redirect-http", "0"]);

const PAGE = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

function endpoint({ hostname, port }: Server) {
  return { hostname, port };
}

function tls(server: Server, authority: Authority) {
  return { ...endpoint(server), ca: authority.pem };
}

function redirectPort(server: Server): number {
  return Number(/:(\d+)\/ redirects there/.exec(server.stdout)?.[1]);
}
