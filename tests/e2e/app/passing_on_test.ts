/**
 * An app that passes on what other servers answer, and requests that it keeps: each client gets its own, whole.
 */

import { assertEquals } from "@std/assert";
import { gunzipSync, gzipSync } from "node:zlib";
import { withApp } from "../../support/app_server.ts";
import { ask, field, HttpConnection } from "../../support/http_client.ts";
import { OVER_TLS } from "../../support/suite_tls.ts";

const TEXT = "hello hello hello ".repeat(50);
const encoded = gzipSync(TEXT);

/** Runs `body` beside a server that answers each connection with these bytes. */
async function withUpstream(
  bytes: Uint8Array,
  body: (url: string) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const conn of listener) {
      await conn.read(new Uint8Array(4096));
      for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
      conn.close();
    }
  })();
  try {
    await body(`http://127.0.0.1:${listener.addr.port}/`);
  } finally {
    listener.close();
    await serving;
  }
}

function answerOf(head: string, body: Uint8Array): Uint8Array {
  return new Uint8Array([...new TextEncoder().encode(`HTTP/1.1 200 OK\r\n${head}\r\n`), ...body]);
}

/** The ways in which apps pass an answer on with its own body. */
const WAYS = [
  "/as-it-is",
  "/body-and-init",
  "/headers-changed",
  "/clone",
  "/clone-of-clone-and-init",
  "/record",
  "/bytes",
];

Deno.test("app: an answer of fetch may be passed on, though its body was decoded", async (test) => {
  // Not Deno.serve's own way: these fields are what an upstream sends.
  const head = "Content-Encoding: gzip\r\nX-Own: kept\r\nContent-MD5: x\r\n" +
    `Content-Length: ${encoded.length}\r\nConnection: close\r\n`;
  await withUpstream(answerOf(head, encoded), async (url) => {
    await withApp("passes_on.js", async (server) => {
      const from = encodeURIComponent(url);
      for (const path of WAYS) {
        await test.step(path, async () => {
          using connection = await HttpConnection.open(server);
          for (let i = 0; i < 2; i++) {
            await connection.send(`GET ${path}?from=${from} HTTP/1.1\r\nHost: a\r\n\r\n`);
            const answer = await connection.answer();
            assertEquals(answer.text, TEXT);
            const names = ["Content-Encoding", "Connection", "X-Own"];
            assertEquals(names.map((name) => field(answer, name)), [undefined, undefined, "kept"]);
          }
        });
      }
      await test.step("/instances", async () => {
        const { text } = await ask(
          server,
          `GET /instances?from=${from} HTTP/1.1\r\nHost: a\r\n\r\n`,
        );
        assertEquals(JSON.parse(text), [true, true, true, true, true, true, false, false, false]);
      });
      await test.step("/encoded, as the app has asked for no coding", async () => {
        const answer = await ask(server, `GET /encoded?from=${from} HTTP/1.1\r\nHost: a\r\n\r\n`);
        // Deno 2.4 decodes it all the same.
        const coding = field(answer, "Content-Encoding");
        const body = coding === "gzip" ? gunzipSync(answer.body) : answer.body;
        assertEquals(new TextDecoder().decode(body), TEXT);
      });
    }, ["--app-allow", "net"]);
  });
});

Deno.test("app: an answer of fetch is passed on without the fields of its connection", async (test) => {
  const body = new TextEncoder().encode(TEXT);
  const head = "X-Own: kept\r\nX-Hop: of the connection\r\nKeep-Alive: timeout=5\r\n" +
    `Content-Length: ${body.length}\r\nConnection: close, X-Hop\r\n`;
  await withUpstream(answerOf(head, body), async (url) => {
    await withApp("passes_on.js", async (server) => {
      const from = encodeURIComponent(url);
      const asked = async (path: string, text: string, length: string | undefined) => {
        using connection = await HttpConnection.open(server);
        for (let i = 0; i < 2; i++) {
          await connection.send(`GET ${path}?from=${from} HTTP/1.1\r\nHost: a\r\n\r\n`);
          const answer = await connection.answer();
          assertEquals(answer.text, text);
          if (path !== "/record") assertEquals(field(answer, "X-Hop"), undefined);
          const names = ["Connection", "Keep-Alive", "X-Own", "Content-Length"];
          assertEquals(
            names.map((name) => field(answer, name)),
            [undefined, undefined, "kept", length],
          );
        }
      };
      for (const path of WAYS) {
        await test.step(path, () => asked(path, TEXT, `${body.length}`));
      }
      // The length was that of the other body.
      await test.step("/other-body", () => asked("/other-body", TEXT.repeat(2), undefined));
    }, ["--app-allow", "net"]);
  });
});

Deno.test("app: a request whose error() fails shows no other client's, however long it is kept", async () => {
  await withApp("passes_on.js", async (server) => {
    const paths = ["/error-throws", "/error-rejects", "/rejects"];
    for (const path of paths) {
      const answer = await ask(server, `PUT ${path} HTTP/1.1\r\nHost: a\r\nCookie: mine\r\n\r\n`);
      assertEquals(answer.status, 500, path);
    }
    const { text } = await ask(server, "GET /told HTTP/1.1\r\nHost: a\r\nCookie: other\r\n\r\n");
    const told: string[] = JSON.parse(text);
    assertEquals(told.length, paths.length);
    for (const [i, words] of told.entries()) {
      const own = `${OVER_TLS ? "https" : "http"}://a${paths[i]} mine`;
      assertEquals(words === own || words.startsWith("Request closed"), true, words);
    }
    assertEquals((await server.stop()).code, 0); // its errors are on stderr
  });
});

Deno.test("app: fields of another server's handshake are not sent with server.upgrade", async () => {
  await withApp("passes_on.js", async (server) => {
    using connection = await HttpConnection.open(server);
    const handshake = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    await connection.send(`GET /upgrade HTTP/1.1\r\nHost: a\r\n${handshake}\r\n`);
    const answer = await connection.answer();
    const names = answer.fields.map(([name]) => name.toLowerCase()).sort();
    assertEquals([answer.status, ...names], [
      101,
      ...["connection", "date", "sec-websocket-accept", "upgrade", "x-own"],
    ]);
    assertEquals(field(answer, "Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  });
});
