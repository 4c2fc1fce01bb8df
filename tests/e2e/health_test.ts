/**
 * `async-deno health`, which container platforms run: against a healthy server, no server, a peer that does not speak
 * HTTP, and one that never answers.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { runServer, withServer } from "../support/server.ts";
import { OVER_DENO_TRANSPORT } from "../support/suite_transport.ts";

function health(port: number, ...args: string[]) {
  return runServer(["health", "1", "127.0.0.1", String(port), ...args]);
}

/** A port that sends this answer to each client, and then closes. */
async function withPeer(answer: string | null, use: (port: number) => Promise<void>) {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.Conn[] = [];
  const served = (async () => {
    for await (const connection of listener) {
      open.push(connection);
      if (answer === null) continue;
      await connection.write(new TextEncoder().encode(answer));
      await connection.closeWrite();
    }
  })();
  await use(listener.addr.port);
  listener.close();
  await served.catch((error) => {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  });
  open.forEach((connection) => connection.close());
}

Deno.test("health: a healthy server is exit code 0", () =>
  withServer({ workers: 1 }, async (server) => {
    assertEquals(await health(server.port), { code: 0, signal: null, stdout: "ok\n", stderr: "" });
  }));

Deno.test("health: the check finds a server on all addresses whose options are in variables", () =>
  withServer({ workers: 1, ip: "::" }, async (server) => {
    const variables = { ASYNC_DENO_IP: "::", ASYNC_DENO_PORT: String(server.port) };
    assertEquals((await runServer(["health"], variables)).code, 0);
  }));

// The Deno transport has no Unix sockets.
if (!OVER_DENO_TRANSPORT) {
  Deno.test("health: the check finds a server on a Unix socket, without further permissions", async () => {
    const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
    try {
      const unix = ["--unix", `${folder}/server.sock`];
      await withServer({ workers: 1, args: unix }, async () => {
        const well = { code: 0, signal: null, stdout: "ok\n", stderr: "" };
        assertEquals(await runServer(["health", ...unix]), well);
        assertEquals(await runServer(["health"], { ASYNC_DENO_UNIX: unix[1]! }), well);
      });
      const { code, stderr } = await runServer(["health", ...unix]);
      const reason = `${unix[1]} does not answer: no such file or directory`;
      assertEquals([code, stderr], [1, `async-deno: ${reason}\n`]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("health: without a server the check prints one line and exits with 1", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { code, stdout, stderr } = await health(port);
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, /^async-deno: 127\.0\.0\.1 port \d+ does not answer: .*refused.*\n$/);
  assertEquals((await health(0)).code, 1);
});

for (
  const [name, answer, says] of [
    ["a 503", "HTTP/1.1 503 Service Unavailable\r\n\r\n", /answers with status 503\n$/],
    ["no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", /the answer is not HTTP\/1\.1\n$/],
    ["nothing", "", /the answer is not HTTP\/1\.1\n$/],
    ["silence", null, /no answer in time\n$/],
  ] as const
) {
  Deno.test(`health: a peer that answers with ${name} is not healthy`, () =>
    withPeer(answer, async (port) => {
      const { code, stdout, stderr } = await health(port);
      assertEquals([code, stdout], [1, ""]);
      assertMatch(stderr, says);
    }));
}
