import { assert, assertEquals } from "@std/assert";
import { CLOSES, DateField } from "../../../../protocol/mod.ts";
import {
  FAILED,
  NOT_FOUND,
  otherMethod,
  statusLine,
} from "../../../../runtime/serve/session/responses.ts";
import { lastAnswer, shortAnswer, UNAVAILABLE } from "../../../../runtime/serve/answers/mod.ts";
import { textOf } from "../../../support/protocol_cases.ts";

Deno.test("responses: a status has its reason phrase, or `Unknown`", () => {
  assertEquals(statusLine(404), "404 Not Found");
  assertEquals(statusLine(408), "408 Request Timeout");
  assertEquals(statusLine(599), "599 Unknown");
});

Deno.test("responses: every answer is one line of plain text with a line end", () => {
  for (const answer of [FAILED, NOT_FOUND, UNAVAILABLE, otherMethod("PUT", ["GET"])]) {
    assert(/^[A-Z][^\n]+\n$/.test(textOf(answer.body)), textOf(answer.body));
    assertEquals(answer.fields[0], ["Content-Type", "text/plain; charset=utf-8"]);
  }
});

Deno.test("responses: 405 names the methods in Allow and in its text, OPTIONS among them", () => {
  for (const methods of [["GET", "HEAD"], ["GET", "HEAD", "OPTIONS"]]) {
    const answer = otherMethod("POST", methods);
    assertEquals(answer.status, 405);
    assertEquals(answer.fields.at(-1), ["Allow", "GET, HEAD, OPTIONS"]);
    assertEquals(textOf(answer.body), "Method not allowed; allowed here: GET, HEAD, OPTIONS\n");
  }
});

Deno.test("responses: OPTIONS gets Allow and nothing else", () => {
  const { status, fields, body } = otherMethod("OPTIONS", ["GET"]);
  assertEquals([status, fields, body.length], [204, [["Allow", "GET, OPTIONS"]], 0]);
  assertEquals(otherMethod("options", ["GET"]).status, 405);
});

Deno.test("responses: without a session a short answer is a whole message with Connection: close", () => {
  const date = new DateField(784_111_777_000);
  const answer = lastAnswer(shortAnswer(503, "no", [["Retry-After", "1"]]), date);
  assert(answer.closes);
  assertEquals(
    textOf(answer.bytesFor(false, CLOSES)),
    "HTTP/1.1 503 Service Unavailable\r\n" +
      "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" +
      "Content-Type: text/plain; charset=utf-8\r\n" +
      "Retry-After: 1\r\n" +
      "Content-Length: 3\r\n" +
      "Connection: close\r\n" +
      "\r\n" +
      "no\n",
  );
});
