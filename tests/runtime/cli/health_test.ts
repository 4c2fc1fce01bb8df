/**
 * The health check over each kind of socket that a server can listen on.
 */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { healthProblem } from "../../../runtime/cli/health.ts";
import { type Config, DEFAULT_CONFIG } from "../../../runtime/config/mod.ts";
import { hasLibc } from "../../../runtime/os/mod.ts";
import { Authority, NO_OPENSSL, OPENSSL } from "../../support/certificates.ts";
import { UnixPeer } from "../../support/unix_peer.ts";

// Loads libc once per process; within the first test it would count as a leak.
hasLibc();

const CONFIG: Config = { ...DEFAULT_CONFIG, workers: 1, hostname: "127.0.0.1", port: 0 };

/** Answers one client with 200, and returns its request. */
async function answerOne(listener: Deno.Listener): Promise<string> {
  using connection = await listener.accept();
  const buffer = new Uint8Array(1024);
  const count = await connection.read(buffer);
  await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"));
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
}

/** Runs `body` with the path of a Unix socket in a folder of its own. */
async function withPath(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    await body(`${folder}/server.sock`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("health: a Unix socket is checked by its path", () =>
  withPath(async (path) => {
    const config = { ...CONFIG, unix: { path, mode: 0o660 } };
    assertEquals(
      await healthProblem(config),
      `${path} does not answer: no such file or directory`,
    );
    const proxy = { ...CONFIG.proxy, protocol: true };
    for (const row of [config, { ...config, proxy }]) {
      await using peer = await UnixPeer.start(path, "HTTP/1.1 200 OK\r\n\r\n");
      assertEquals(await healthProblem(row), undefined);
      const expected = row.proxy.protocol ? "PROXY UNKNOWN\r\nGET /healthz" : "GET /healthz";
      assertStringIncludes(await peer.request(), expected);
    }
    await using _peer = await UnixPeer.start(path, "HTTP/1.1 503 Busy\r\n\r\n");
    assertEquals(await healthProblem(config), `${path} answers with status 503`);
  }));

Deno.test("health: a server that requires PROXY headers gets one", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const asked = answerOne(listener);
  const proxy = { ...CONFIG.proxy, protocol: true };
  assertEquals(await healthProblem({ ...CONFIG, port: listener.addr.port, proxy }), undefined);
  assertEquals((await asked).split("\r\n").slice(0, 2), ["PROXY UNKNOWN", "GET /healthz HTTP/1.1"]);
});

Deno.test({
  name: `health: with TLS, an untrusted certificate counts as an answer${NO_OPENSSL}`,
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
    assertEquals(await healthProblem(config), undefined);
    await refused;
  },
});

Deno.test("health: with TLS, a peer without TLS is not healthy", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const asked = answerOne(listener);
  const tls = { ...CONFIG.tls, cert: "/no/such/file" };
  const reason = await healthProblem({ ...CONFIG, port: listener.addr.port, tls });
  assertStringIncludes(String(reason), "does not answer");
  await asked;
});
