/** The driver reaches a real nats-server over TLS, and nobody else in its place. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { connectTls } from "../../../../../runtime/serve/engine/nats/nats_tls.ts";
import { Authority, OPENSSL } from "../../../../support/certificates.ts";
import { attemptAt, EngineNode, publicationOf } from "../../../../support/engine_node.ts";
import { freePort } from "../../../../support/free_port.ts";
import { NATS_SERVER, NatsEngine, NO_NATS } from "../../../../support/nats_engine.ts";
import { waitFor } from "../../../../support/wait_for.ts";

Deno.test("nats over TLS: a server that is silent, at first or in the handshake, is given up", async () => {
  for (const start of ["", 'INFO {"tls_required":true}\r\n']) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepted = listener.accept();
    const late = assertRejects(
      () => connectTls(listener.addr.port, { host: "127.0.0.1" }, 200),
      Error,
      "timeout",
    );
    using peer = await accepted;
    await peer.write(new TextEncoder().encode(start));
    await late;
  }
});

Deno.test({
  name: `nats over TLS: authorities, names, and what is wrong${NO_NATS}`,
  ignore: NATS_SERVER === undefined || OPENSSL === undefined,
  async fn(t) {
    await using authority = await Authority.make();
    const { cert, key } = await authority.sign("nats");
    const other = await authority.sign("other", "DNS:nats.example");
    const configOf = (files: { readonly cert: string; readonly key: string }) =>
      `tls { cert_file: "${files.cert}", key_file: "${files.key}" }`;
    const { pem: ca } = authority;
    await using engine = await NatsEngine.start({
      config: `${configOf({ cert, key })}\nauthorization { user: app, password: secret }`,
    });
    const { port } = engine;

    await t.step("by address and by name", async () => {
      for (const host of ["127.0.0.1", "localhost"]) {
        const url = `tls://app@${host}:${port}`;
        await using node = await EngineNode.start(url, { ca, password: "secret" });
        assertEquals((await node.driver.listen("c")).status, "done");
        assertEquals((await node.driver.publish("c", publicationOf(host))).status, "stored");
        await waitFor(() => node.texts.includes(host), { what: `the message over ${url}` });
        await engine.kill();
        await node.waitFor("lost");
        await engine.start();
        await node.waitFor("up");
        assertEquals((await node.driver.publish("c", publicationOf("x"))).status, "stored");
      }
    });

    await t.step("several addresses: the servers of a cluster, and its members alone", async () => {
      await using stack = new AsyncDisposableStack();
      const ports = Array.from({ length: 3 }, freePort);
      const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join();
      const servers = await Promise.all(ports.map(async (port, i) =>
        stack.use(
          await NatsEngine.start({
            config: `${configOf({ cert, key })}\nserver_name: s${i}
cluster { name: test, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
          }),
        )
      ));
      const url = `tls://${servers.map(({ port }) => `localhost:${port}`).join()}`;
      // JetStream does not answer at all before the servers have a leader.
      const node = stack.use(await EngineNode.start(url, { ca, timeoutMs: 3000 }));
      assertEquals((await node.driver.publish("c", publicationOf("1"))).status, "stored");
      await servers[0]!.kill();
      await waitFor(
        async () => (await node.driver.publish("c", publicationOf("2"))).status === "stored",
        { what: "a publication by the others", timeoutMs: 60_000 },
      );
      const { reason = "no fault" } = await attemptAt(url);
      assertStringIncludes(reason, "known authority: engine_ca_file");
    });

    await t.step("what is wrong is said", async () => {
      await using plain = await NatsEngine.start();
      await using stranger = await NatsEngine.start({ config: configOf(other) });
      const secret = { ca, password: "secret" };
      const rows: [string, Parameters<typeof attemptAt>[1], string][] = [
        [`tls://app@127.0.0.1:${port}`, { password: "secret" }, "known authority: engine_ca_file"],
        [`tls://app@127.0.0.1:${port}`, { ca, password: "wrong" }, "engine_password_file"],
        [`nats://app@127.0.0.1:${port}`, secret, "begin engine with tls://"],
        [`tls://127.0.0.1:${plain.port}`, { ca }, "begin engine with nats://"],
        [`tls://127.0.0.1:${stranger.port}`, { ca }, "not valid for name"],
        [`tls://localhost:${stranger.port}`, { ca }, "not valid for name"],
      ];
      for (const [url, more, text] of rows) {
        const { reason = "no fault" } = await attemptAt(url, more);
        assertStringIncludes(reason, text, url);
      }
    });
  },
});
