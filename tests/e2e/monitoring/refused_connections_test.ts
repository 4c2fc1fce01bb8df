/**
 * What the operator sees of connections that are refused before a request: a count for each reason, a line in the
 * log, and one warning if the operator can fix the cause, however many there are.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { withAdmin } from "../../support/admin.ts";
import { Authority, NO_OPENSSL, tlsArguments } from "../../support/certificates.ts";
import { HttpConnection } from "../../support/http_client.ts";
import { Metrics } from "../../support/metrics.ts";
import { type Server, waitFor } from "../../support/server.ts";
import { TLS_WAYS } from "../../support/tls_ways.ts";

const REFUSED = "async_deno_connections_refused_total";
const REASONS = [
  "connections",
  "connections_per_address",
  "proxy_header",
  "plain_text",
  "tls_handshake",
] as const;
const TIMES = 5;

/** A TLS record whose handshake message has an unknown type. */
const NO_HELLO = "\x16\x03\x01\x00\x05\x63\x00\x00\x01\x00";

type Reason = (typeof REASONS)[number];

/** Sends the bytes on several connections, each read to its end. */
async function send(server: Server, bytes: string): Promise<void> {
  for (let i = 0; i < TIMES; i++) {
    using connection = await HttpConnection.open({ hostname: server.hostname, port: server.port });
    await connection.send(bytes);
    await connection.rest().catch(() => undefined); // an end or a reset
  }
}

/** Waits until one reason has this count, and checks that the others are 0. */
async function expectCounted(adminUrl: string, reason: Reason, count: number): Promise<void> {
  let metrics = await Metrics.of(adminUrl);
  await waitFor(async () => {
    metrics = await Metrics.of(adminUrl);
    return metrics.sum(REFUSED, { reason }) === count;
  }, { what: () => `${count} of ${reason}, not ${metrics.sum(REFUSED, { reason })}` });
  for (const other of REASONS.filter((each) => each !== reason)) {
    assertEquals(metrics.sum(REFUSED, { reason: other }), 0, other);
  }
}

function lineCount(log: string, pattern: RegExp): number {
  return log.split("\n").filter((line) => pattern.test(line)).length;
}

Deno.test("refused connections: a missing PROXY header is counted and logged", () =>
  withAdmin({ workers: 2, args: ["--proxy-protocol"] }, async (server, adminUrl) => {
    await send(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await expectCounted(adminUrl, "proxy_header", TIMES);
    const { code, stderr } = await server.stop();
    assertEquals(code, 0);
    assertMatch(stderr, /^async-deno: closed a connection without a PROXY header[^\n]+\n$/);
    assertEquals(
      lineCount(await server.log(), / \[PROXY\] fd=\d+( from \S+)? refused PROXY/),
      TIMES,
    );
  }));

Deno.test("refused connections: a connection limit is counted and logged, with a warning also in the log", () => {
  const args = ["--max-connections", "1"];
  return withAdmin({ workers: 1, args }, async (server, adminUrl) => {
    const first = await HttpConnection.open(server);
    await first.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    await first.answer();
    await send(server, "");
    await expectCounted(adminUrl, "connections", TIMES);
    first.close();
    const { code, stderr } = await server.stop();
    assertEquals(code, 0);
    assertEquals(
      stderr,
      "async-deno: the limit of 1 connections is reached (--max-connections): refusing more with 503\n",
    );
    assertEquals(lineCount(await server.log(), /main \[EXECUTOR\] the limit of 1 conn/), 1);
  });
});

for (
  const [reason, bytes, log, said] of [
    [
      "plain_text",
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      / \[TLS\] fd=\d+ refused PLAIN_TEXT /,
      /^async-deno: closed a connection that does not speak TLS, most likely http:\/\/[^\n]+\n$/,
    ],
    // Scanners never stop: the operator of a public port is not warned about each.
    ["tls_handshake", NO_HELLO, / \[TLS\] fd=\d+ refused TLS_HANDSHAKE /, /^$/],
  ] as const
) {
  for (const way of TLS_WAYS) {
    Deno.test({
      name:
        `refused connections: ${reason} on the https port (TLS by ${way}) is counted and logged${NO_OPENSSL}`,
      ignore: NO_OPENSSL !== "",
      fn: async () => {
        await using authority = await Authority.make();
        const args = [...tlsArguments(await authority.sign("one")), "--tls", way];
        await withAdmin({ workers: 2, args }, async (server, adminUrl) => {
          await send(server, bytes);
          await expectCounted(adminUrl, reason, TIMES);
          using good = await HttpConnection.open({
            hostname: server.hostname,
            port: server.port,
            ca: authority.pem,
          });
          await good.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
          assertEquals((await good.answer()).text, "ok");
          const { code, stderr } = await server.stop();
          assertEquals(code, 0);
          assertMatch(stderr, said);
          assert(lineCount(await server.log(), log) === TIMES, await server.log());
        });
      },
    });
  }
}
