/**
 * A server without root's capabilities, as a service runs: it serves and stops as usual.
 * If root runs the tests, the server has root's user id and no capabilities.
 */

import { assertEquals } from "@std/assert";
import { Authority, NO_OPENSSL, OPENSSL, tlsArguments } from "../support/certificates.ts";
import { ask, HttpConnection } from "../support/http_client.ts";
import { type ServerOptions, withServer } from "../support/server.ts";

const HEALTH = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
const HALF = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345";

/** A capability that is not in the bounding set is lost at exec, by root too. */
const WITHOUT_RIGHTS: Partial<ServerOptions> = Deno.uid() === 0
  ? { through: ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] }
  : {};

for (const transport of ["auto", "deno"]) {
  Deno.test(`without rights: --transport=${transport} finishes open requests when it is stopped`, () =>
    withServer(
      { ...WITHOUT_RIGHTS, workers: 2, args: [`--transport=${transport}`] },
      async (server) => {
        assertEquals((await ask(server, HEALTH)).text, "ok");
        using connection = await HttpConnection.open(server);
        await connection.send(HEALTH);
        await connection.answer(); // proves that a worker has the connection
        await connection.send(HALF);
        server.kill("SIGTERM");
        await connection.send("67890");
        assertEquals((await connection.answer()).text, "1234567890");
        const { code, stderr } = await server.exit;
        assertEquals([code, stderr], [0, ""]);
      },
    ));
}

Deno.test({
  name: `without rights: a TLS server stops without output on stderr${NO_OPENSSL}`,
  ignore: OPENSSL === undefined,
  fn: async () => {
    await using authority = await Authority.make();
    const args = [...tlsArguments(await authority.sign("server")), "--redirect-http", "0"];
    await withServer({ ...WITHOUT_RIGHTS, workers: 2, args }, async (server) => {
      const { code, stderr } = await server.stop();
      assertEquals([code, stderr], [0, ""]);
    });
  },
});
