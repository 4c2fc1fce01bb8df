/**
 * Behind a proxy: PROXY headers at the start of a connection, and which client address handlers see.
 */

import { assertEquals } from "@std/assert";
import { type Config, DEFAULT_CONFIG, Executor } from "../../runtime/mod.ts";
import { parseCidr } from "../../protocol/mod.ts";
import { HttpConnection } from "../support/http_client.ts";
import { runServer, withServer } from "../support/server.ts";
import { OVER_DENO_TRANSPORT } from "../support/suite_transport.ts";
import "../support/load_libc.ts";

const NO_PROXY = DEFAULT_CONFIG.proxy;
const HANDLERS = new URL("../support/handlers_thread.ts", import.meta.url);
const REQUEST = "GET /client HTTP/1.1\r\nHost: a\r\n";
const LINE = "PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\r\n";
const BINARY = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\x00\x02\x07\x0a\x00\x00\x01\x12\x67\x00\x50";

/** A server whose endpoint returns the address of its client. */
async function withClientEndpoint(
  config: Partial<Config>,
  body: (port: number) => Promise<void>,
): Promise<void> {
  const whole: Config = {
    ...DEFAULT_CONFIG,
    ...{ workers: 1, hostname: "127.0.0.1", port: 0, log: "off" },
    transport: OVER_DENO_TRANSPORT ? "deno" : "auto",
    ...config,
  };
  const executor = await Executor.start(whole, { warn: () => {}, workerModule: HANDLERS });
  try {
    await body(executor.address.port);
  } finally {
    executor.stop();
    await executor.ended;
  }
}

async function seenClient(port: number, before: string, fields = ""): Promise<string> {
  using connection = await HttpConnection.open({ hostname: "127.0.0.1", port });
  await connection.send(`${before}${REQUEST}${fields}\r\n`);
  return (await connection.answer()).text;
}

Deno.test("proxy: the PROXY header sets the client's address, in version 1 and 2", () =>
  withClientEndpoint({ proxy: { ...NO_PROXY, protocol: true } }, async (port) => {
    assertEquals(await seenClient(port, LINE), "192.0.2.1 false");
    assertEquals(await seenClient(port, BINARY), "192.0.2.7 false");
    assertEquals(await seenClient(port, "PROXY UNKNOWN\r\n"), "127.0.0.1 false");
    assertEquals(await seenClient(port, LINE, "X-Forwarded-For: 1.1.1.1\r\n"), "192.0.2.1 false");
  }));

Deno.test("proxy: X-Forwarded-For and -Proto are used only from trusted proxies", async () => {
  const fields = "X-Forwarded-For: 9.9.9.9, 192.0.2.1\r\nX-Forwarded-Proto: https\r\n";
  const trust = (text: string) => ({
    proxy: { ...NO_PROXY, trustedProxies: [parseCidr(text)!] },
  });
  await withClientEndpoint(trust("127.0.0.0/8"), async (port) => {
    assertEquals(await seenClient(port, "", fields), "192.0.2.1 true");
    assertEquals(
      await seenClient(port, "", 'Forwarded: for="[2001:db8::1]"\r\n'),
      "2001:db8::1 false",
    );
    assertEquals(await seenClient(port, ""), "127.0.0.1 false");
  });
  await withClientEndpoint(trust("10.0.0.0/8"), async (port) => {
    assertEquals(await seenClient(port, "", fields), "127.0.0.1 false");
  });
});

Deno.test("proxy: a forwarding field that the proxy does not write is not trusted", async () => {
  const trusting = (trustedField: Config["proxy"]["trustedField"]) => ({
    proxy: { ...NO_PROXY, trustedProxies: [parseCidr("127.0.0.0/8")!], trustedField },
  });
  const byOurs = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n";
  const byStandard = 'Forwarded: for="[2001:db8::1]:4711";proto=https\r\n';
  const same = "Forwarded: for=192.0.2.1;proto=https\r\n";
  // A list in several field lines, with empty members.
  const lines = "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: , 192.0.2.7 ,\r\n";
  const rows: [field: Config["proxy"]["trustedField"], fields: string, said: string][] = [
    ["auto", byOurs, "192.0.2.1 true"],
    ["auto", byStandard, "2001:db8::1 true"],
    ["auto", byOurs + byStandard, "127.0.0.1 true"],
    ["auto", byOurs + same, "192.0.2.1 true"],
    ["auto", byOurs + "Forwarded: for=9.9.9.9\r\n", "127.0.0.1 false"],
    ["auto", lines, "192.0.2.7 false"],
    ["x-forwarded-for", byOurs + byStandard, "192.0.2.1 true"],
    ["x-forwarded-for", byStandard, "127.0.0.1 false"],
    ["forwarded", byOurs + byStandard, "2001:db8::1 true"],
    ["forwarded", byOurs, "127.0.0.1 false"],
    ["forwarded", byOurs + "Forwarded: for=9.9.9.9\r\n", "9.9.9.9 false"],
    ["forwarded", "Forwarded: for=1.1.1.1\r\nForwarded: for=192.0.2.7\r\n", "192.0.2.7 false"],
    ["forwarded", 'Forwarded: for="\r\nForwarded: for=192.0.2.7\r\n', "192.0.2.7 false"],
  ];
  for (const choice of ["auto", "x-forwarded-for", "forwarded"] as const) {
    await withClientEndpoint(trusting(choice), async (port) => {
      for (const [field, fields, said] of rows) {
        if (field === choice) {
          assertEquals(await seenClient(port, "", fields), said, field + fields);
        }
      }
    });
  }
});

Deno.test("proxy: a header may arrive byte by byte; a missing or malformed one closes the connection without an answer", () =>
  withServer(
    { workers: 1, args: ["--proxy-protocol", "--head-timeout", "0.5"] },
    async (server) => {
      using slow = await HttpConnection.open(server);
      for (const byte of LINE) await slow.send(byte);
      await slow.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
      assertEquals((await slow.answer()).text, "ok");
      await slow.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
      assertEquals((await slow.answer()).text, "ok", "the second request needs no header");
      for (
        const wrong of [
          "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
          "PROXY TCP4 nonsense\r\n",
          "PROXY TCP4 1",
        ]
      ) {
        using connection = await HttpConnection.open(server);
        await connection.send(wrong);
        await connection.isAtEnd();
        assertEquals((await connection.rest().catch(() => new Uint8Array(0))).length, 0, wrong);
      }
      // Silent after its header: HTTP's own deadline holds.
      using silent = await HttpConnection.open(server);
      await silent.send(LINE);
      assertEquals((await silent.rest()).length, 0);
      // The operator is warned once.
      const { code, stderr } = await server.stop();
      assertEquals([code, stderr.trimEnd().split("\n").length], [0, 1], stderr);
    },
  ));

Deno.test("proxy: invalid values of the proxy options are usage errors", async () => {
  const rows: [args: string[], said: RegExp][] = [
    [["--trust-proxy", "10.1.0.0/8"], /--trust-proxy must be an IP address, a block/],
    [
      ["--trust-proxy-field", "x-real-ip"],
      /--trust-proxy-field must be one of auto, x-forwarded-for, for/,
    ],
    [
      ["--trust-proxy-field", "forwarded"],
      /--trust-proxy-field has no effect without --trust-proxy/,
    ],
    [
      ["--proxy-protocol", "--tls-cert", "a", "--tls-key", "b"],
      /--proxy-protocol cannot be used with --tls-cert/,
    ],
  ];
  for (const [args, said] of rows) {
    const { code, stderr } = await runServer(["1", "127.0.0.1", "0", ...args]);
    assertEquals([code, said.test(stderr)], [2, true], stderr);
  }
});
