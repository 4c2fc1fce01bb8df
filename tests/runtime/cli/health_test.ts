/**
 * Whom the health check asks, and how: a socket of each kind that a server can listen on.
 */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { sickness } from "../../../runtime/cli/health.ts";
import { type Config, DEFAULT_CONFIG } from "../../../runtime/config/mod.ts";
import { Authority, NO_OPENSSL, OPENSSL } from "../../support/certificates.ts";

const CONFIG: Config = { ...DEFAULT_CONFIG, workers: 1, hostname: "127.0.0.1", port: 0 };

/** Answers one client with 200, and gives what it asked by. */
async function answerOne(listener: Deno.Listener): Promise<string> {
  using connection = await listener.accept();
  const buffer = new Uint8Array(1024);
  const count = await connection.read(buffer);
  await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"));
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
}

Deno.test("health: a Unix socket is left to who may connect to it", async () => {
  const reason = await sickness({ ...CONFIG, unix: { path: "/run/a", mode: 0o660 } });
  assertStringIncludes(String(reason), "curl --unix-socket /run/a");
});

Deno.test("health: a server that wants PROXY headers is sent one of our own connection", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const asked = answerOne(listener);
  const proxy = { ...CONFIG.proxy, protocol: true };
  assertEquals(await sickness({ ...CONFIG, port: listener.addr.port, proxy }), undefined);
  assertEquals((await asked).split("\r\n").slice(0, 2), ["PROXY UNKNOWN", "GET /healthz HTTP/1.1"]);
});

Deno.test({
  name: `health: with TLS, a certificate that is not trusted here is an answer${NO_OPENSSL}`,
  ignore: OPENSSL === undefined,
  fn: async () => {
    await using authority = await Authority.make();
    const files = await authority.sign("server");
    const [cert, key] = [Deno.readTextFileSync(files.cert), Deno.readTextFileSync(files.key)];
    using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
    const refused = listener.accept().then(async (connection) => {
      await assertRejects(() => connection.handshake());
      connection.close();
    });
    const config = { ...CONFIG, port: listener.addr.port, tls: { ...CONFIG.tls, ...files } };
    assertEquals(await sickness(config), undefined);
    await refused;
  },
});

Deno.test("health: with TLS, who speaks none is not well", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const asked = answerOne(listener);
  const tls = { ...CONFIG.tls, cert: "/no/such/file" };
  const reason = await sickness({ ...CONFIG, port: listener.addr.port, tls });
  assertStringIncludes(String(reason), "does not answer");
  await asked;
});
