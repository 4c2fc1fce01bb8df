/** What `server.requestIP` says of clients: on both transports, with TLS, on IPv6, behind proxies, on a Unix socket. */

import { assertEquals } from "@std/assert";
import { appFile, withApp } from "../../support/app_server.ts";
import { Authority, NO_OPENSSL, tlsArguments } from "../../support/certificates.ts";
import { type Server, withServer } from "../../support/server.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";
import { OVER_TLS } from "../../support/suite_tls.ts";
import { TLS_WAYS } from "../../support/tls_ways.ts";

interface Client {
  readonly address: string;
  readonly port: number;
  readonly family: string;
}

/** How a client asks. */
interface Asking {
  /** Sent before the request. */
  readonly before?: string;
  /** Field lines of the request. */
  readonly fields?: string;
}

/** What the app says of one client: at once, and after an await. Also the client's own port. */
async function clientSeen(
  conn: Deno.Conn,
  { before = "", fields = "" }: Asking = {},
): Promise<[at: Client | null, later: Client | null, port: number]> {
  const head = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}`;
  const requests = `${head("/ip")}\r\n${head("/ip-later")}Connection: close\r\n\r\n`;
  await conn.write(new TextEncoder().encode(before + requests));
  const text = await new Response(conn.readable).text();
  const [at, later] = text.split("HTTP/1.1 200 OK\r\n").slice(1).map((answer) =>
    JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4))
  );
  return [at, later, "port" in conn.localAddr ? conn.localAddr.port : 0];
}

const connect = ({ hostname, port }: Server) => Deno.connect({ hostname, port });

async function isSeen(conn: Deno.Conn, wanted: Partial<Client>, asking?: Asking): Promise<void> {
  const [at, later, port] = await clientSeen(conn, asking);
  const client = { address: "127.0.0.1", family: "IPv4", port, ...wanted };
  assertEquals([at, later], [client, client]);
}

// With TLS for the whole suite the tests below choose it themselves.
const TEST = { ignore: OVER_TLS };

Deno.test(
  "app: requestIP is the client's address and port",
  TEST,
  () =>
    withApp("web.js", async (server) => {
      await isSeen(await connect(server), {});
      // No proxy is trusted.
      await isSeen(await connect(server), {}, { fields: "X-Forwarded-For: 192.0.2.1\r\n" });
    }),
);

Deno.test(
  "app: requestIP of IPv6, and of IPv4 on ::",
  TEST,
  () =>
    withServer({ workers: 1, ip: "::", args: ["--app", appFile("web.js")] }, async ({ port }) => {
      await isSeen(await Deno.connect({ hostname: "::1", port }), {
        address: "::1",
        family: "IPv6",
      });
      await isSeen(await Deno.connect({ hostname: "127.0.0.1", port }), {});
    }),
);

Deno.test(
  "app: requestIP behind a trusted proxy is what its field says, without a port",
  TEST,
  () =>
    withApp("web.js", async (server) => {
      const fields = "X-Forwarded-For: 192.0.2.1\r\n";
      await isSeen(await connect(server), { address: "192.0.2.1", port: 0 }, { fields });
      await isSeen(await connect(server), {}); // the proxy's own request
    }, ["--trust-proxy", "127.0.0.1"]),
);

Deno.test(
  "app: requestIP is the client of a PROXY header, with its port",
  TEST,
  () =>
    withApp("web.js", async (server) => {
      const before = "PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\n";
      await isSeen(await connect(server), { address: "192.0.2.1", port: 4711 }, { before });
      await isSeen(await connect(server), {}, { before: "PROXY UNKNOWN\r\n" });
    }, ["--proxy-protocol"]),
);

for (const way of TLS_WAYS) {
  const ignore = OVER_TLS || NO_OPENSSL !== "";
  Deno.test(`app: requestIP with TLS by ${way}${NO_OPENSSL}`, { ignore }, async () => {
    await using authority = await Authority.make();
    const args = [...tlsArguments(await authority.sign("server")), "--tls", way];
    await withApp("web.js", async ({ hostname, port }) => {
      await isSeen(await Deno.connectTls({ hostname, port, caCerts: [authority.pem] }), {});
    }, args);
  });
}

Deno.test("app: requestIP of a client of a Unix socket is null", {
  ignore: OVER_TLS || OVER_DENO_TRANSPORT,
}, async () => {
  const path = `${await Deno.makeTempDir({ prefix: "async-deno-test-" })}/socket`;
  await withApp("web.js", async () => {
    const [at, later] = await clientSeen(await Deno.connect({ transport: "unix", path }));
    assertEquals([at, later], [null, null]);
  }, ["--unix", path]);
  await Deno.remove(path.slice(0, path.lastIndexOf("/")), { recursive: true });
});
