/**
 * What the server refuses, over a real socket, by the table fixtures/e2e/refusals.json: the client gets the status
 * of each refusal, and the connection ends if the following bytes cannot be framed.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bytesOf, type HttpCase, readCases } from "../support/e2e_cases.ts";
import { expectAnswer } from "../support/expect_answer.ts";
import { ask, HttpConnection, latin1 } from "../support/http_client.ts";
import { sharedServer } from "../support/shared_server.ts";

const ROWS = readCases<HttpCase>("refusals");

const onServer = sharedServer("refusals", { workers: 2 });

onServer("every row of the table gets its status", async (server, test) => {
  for (const { name, input, expect } of ROWS) {
    await test.step(name, async () => {
      using connection = await HttpConnection.open(server);
      await connection.send(bytesOf(input));
      await expectAnswer(connection, "GET", expect);
    });
  }
  await test.step("the server still answers afterwards", async () => {
    assertEquals((await ask(server, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")).text, "ok");
  });
});

onServer("413 reaches a client that is still sending", async (server) => {
  using connection = await HttpConnection.open(server);
  await connection.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const chunk = latin1(`100000\r\n${"x".repeat(0x100000)}\r\n`);
  let sent = 0;
  const sending = (async () => {
    for (; sent < 64; sent++) await connection.send(chunk);
  })();
  const [answer, ending] = await Promise.allSettled([connection.answer(), sending]);
  if (answer.status === "rejected") throw answer.reason;
  assertEquals(answer.value.status, 413);
  // The rest is read and dropped, or cut off: both are correct once the answer has arrived.
  if (ending.status === "rejected") assertCutOff(ending.reason);
});

onServer("the answer says what is wrong and repeats nothing of the request", async (server) => {
  const answer = await ask(server, "GET / HTTP/1.1\r\nHost: a\r\nX : <script>secret\r\n\r\n");
  assertEquals(answer.status, 400);
  assert(answer.text.length > 0 && answer.text.length < 500, "a short text was expected");
  assert(!answer.text.includes("secret"), "the request's bytes came back");
  assertStringIncludes(JSON.stringify(answer.fields), "text/plain");
});

function assertCutOff(reason: unknown): void {
  const { ConnectionReset, BrokenPipe } = Deno.errors;
  assert(reason instanceof ConnectionReset || reason instanceof BrokenPipe, String(reason));
}
