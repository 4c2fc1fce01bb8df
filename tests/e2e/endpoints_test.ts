/**
 * Every endpoint of the README with every kind of method, over a real socket, by the table
 * fixtures/e2e/endpoints.json. Each row also says whether the connection is kept afterwards.
 */

import { assert, assertEquals } from "@std/assert";
import { bytesOf, type HttpCase, readCases } from "../support/e2e_cases.ts";
import { expectAnswer } from "../support/expect_answer.ts";
import { ask, field, HttpConnection } from "../support/http_client.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { withServer } from "../support/server.ts";
import { sharedServer } from "../support/shared_server.ts";

const ROWS = readCases<HttpCase>("endpoints");

const onServer = sharedServer("endpoints", { workers: 2 });

onServer("every row of the table gets its status, headers and body", async (server, test) => {
  for (const { name, input, expect } of ROWS) {
    await test.step(name, async () => {
      const bytes = bytesOf(input);
      using connection = await HttpConnection.open(server);
      await connection.send(bytes);
      await expectAnswer(connection, methodOf(bytes), expect);
    });
  }
});

onServer("a client that has the page gets 304", async (server) => {
  const page = await ask(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const etag = field(page, "etag");
  assert(etag !== undefined, "the page has no ETag");
  const request = `GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: "other", ${etag}\r\n\r\n`;
  const again = await ask(server, request);
  assertEquals([again.status, field(again, "etag")], [304, etag]);
});

onServer("HEAD has the Content-Length of GET", async (server) => {
  for (const path of ["/", "/healthz", "/nothing"]) {
    const head = await ask(server, `HEAD ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const get = await ask(server, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assertEquals(field(head, "content-length"), String(get.body.length), path);
    assertEquals(field(head, "content-type"), field(get, "content-type"), path);
  }
});

onServer("/echo returns a body of every size unchanged", async (server) => {
  using connection = await HttpConnection.open(server);
  for (const size of [0, 1, 1_023, 16_384, 65_535, 65_536, 65_537, 1_048_576]) {
    const body = Uint8Array.from({ length: size }, (_, i) => i * 31 & 255);
    const head = `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`;
    await connection.send(head);
    const [answer] = await Promise.all([connection.answer(), connection.send(body)]);
    assertEquals(answer.status, 200);
    assert(sameBytes(answer.body, body), `${size} bytes came back changed`);
  }
});

onServer("/echo returns a chunked body that was sent in many pieces", async (server) => {
  using connection = await HttpConnection.open(server);
  await connection.send(
    "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Type: a/b\r\n\r\n",
  );
  for (let i = 0; i < 200; i++) await connection.send(`3;i=${i}\r\n${i + 100}\r\n`);
  await connection.send("0\r\n\r\n");
  const answer = await connection.answer();
  assertEquals(answer.text, Array.from({ length: 200 }, (_, i) => i + 100).join(""));
  assertEquals(field(answer, "content-type"), "a/b");
});

onServer("a head that arrives byte by byte is answered", async (server) => {
  using connection = await HttpConnection.open(server);
  const request = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nslow";
  for (const byte of request) await connection.send(byte);
  assertEquals((await connection.answer()).text, "slow");
});

onServer("100 Continue is sent only to a client that expects it", async (server) => {
  using connection = await HttpConnection.open(server);
  const head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n";
  await connection.send(`${head}Expect: 100-Continue\r\n\r\n`);
  assertEquals((await connection.answer()).status, 100);
  await connection.send("hello");
  assertEquals((await connection.answer()).text, "hello");
  await connection.send(`${head}\r\nagain`);
  assertEquals((await connection.answer()).text, "again");
});

onServer(
  "a client that waits for a 100 Continue that is not sent gets the answer and the end",
  async (server) => {
    using connection = await HttpConnection.open(server);
    await connection.send(
      "POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    );
    // RFC 9110 section 10.1.1: the server cannot know whether the body still follows, so it closes.
    await expectAnswer(connection, "POST", { status: 404, closes: true });
  },
);

Deno.test("endpoints: a server on IPv6 answers", () =>
  withServer({ workers: 2, ip: "::1" }, async (server) => {
    const answer = await ask(server, `GET /healthz HTTP/1.1\r\nHost: [::1]:${server.port}\r\n\r\n`);
    assertEquals(answer.text, "ok");
  }));

function methodOf(request: Uint8Array): string {
  return new TextDecoder().decode(request).trimStart().split(" ", 1)[0]!;
}
