import { assertEquals, assertThrows } from "@std/assert";
import { CERT_FILE, KEY_FILE, writeCertificate } from "./certificate.ts";
import { closeAll, openIdleSockets } from "./idle_sockets.ts";
import { findProgram } from "./tools.ts";
import { bytesPerConnection, parseFootprint } from "./memory.ts";

const ROLLUP = [
  "55d0-7ffe ---p 00000000 00:00 0    [rollup]",
  "Rss:               20480 kB",
  "Pss:               19000 kB",
  "Pss_Anon:           9000 kB",
  "Anonymous:         10240 kB",
  "",
].join("\n");

Deno.test("parseFootprint reads Rss and Anonymous, but not other lines with these endings", () => {
  assertEquals(parseFootprint(ROLLUP), { resident: 20480 * 1024, anonymous: 10240 * 1024 });
});

Deno.test("parseFootprint refuses a text without these lines", () => {
  for (const text of ["", ROLLUP.replace("Rss", "Ross"), ROLLUP.replace("Anonymous", "Anon")]) {
    assertThrows(() => parseFootprint(text), RangeError);
  }
});

Deno.test("bytesPerConnection: the growth from none, and the slope without one-time growth", () => {
  const once = 1_000_000;
  const stages = {
    connections: [0, 1000, 5000],
    footprints: [
      { resident: 5e6, anonymous: 1e6 },
      { resident: 5e6 + once + 1000 * 800, anonymous: 0 },
      { resident: 5e6 + once + 5000 * 800, anonymous: 1e6 + 5000 * 700 },
    ],
  } as const;
  assertEquals(bytesPerConnection(stages), [1000, 700, 800]);
});

Deno.test("openIdleSockets opens the requested number, or names the port that refused", async () => {
  let left = 40;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    if (left-- <= 0) return new Response(null, { status: 503 });
    return Deno.upgradeWebSocket(request).response;
  });
  try {
    const open = await openIdleSockets(server.addr.port, 40);
    assertEquals(open.length, 40);
    closeAll(open);
    const refused = await openIdleSockets(server.addr.port, 1).catch((error: Error) => error);
    assertEquals(String(refused).includes("503"), true);
  } finally {
    await server.shutdown();
  }
});

Deno.test("openIdleSockets refuses a server without permessage-deflate", async () => {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => Deno.upgradeWebSocket(request).response,
  );
  try {
    const opened = openIdleSockets(server.addr.port, 1, "websocket-deflate");
    const refused = await opened.catch((error: Error) => error);
    assertEquals(String(refused).includes("no websocket-deflate on port"), true);
  } finally {
    await server.shutdown();
  }
});

Deno.test({
  name: "openIdleSockets opens TLS connections, each after one answer (apt-get install openssl)",
  ignore: findProgram("openssl") === undefined,
  async fn() {
    await writeCertificate();
    let answered = 0;
    const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
    const tls = { cert: Deno.readTextFileSync(CERT_FILE), key: Deno.readTextFileSync(KEY_FILE) };
    const server = Deno.serve({ ...options, ...tls }, () => {
      answered++;
      return new Response("ok");
    });
    try {
      const open = await openIdleSockets(server.addr.port, 40, "tls");
      assertEquals([open.length, answered], [40, 40]);
      closeAll(open);
    } finally {
      await server.shutdown();
    }
  },
});
