import { assert, assertEquals } from "@std/assert";
import {
  FAILED,
  methodNotAllowed,
  NOT_FOUND,
  shortAnswer,
  shortAnswerBytes,
  statusLine,
  UNAVAILABLE,
} from "../../../runtime/session/responses.ts";
import { textOf } from "../../support/protocol_cases.ts";

Deno.test("responses: a status is said with its words, known or not", () => {
  assertEquals(statusLine(404), "404 Not Found");
  assertEquals(statusLine(408), "408 Request Timeout");
  assertEquals(statusLine(599), "599 Unknown");
});

Deno.test("responses: every answer is one line of plain text that ends", () => {
  for (const answer of [FAILED, NOT_FOUND, UNAVAILABLE, methodNotAllowed(["GET"])]) {
    assert(/^[A-Z][^\n]+\n$/.test(textOf(answer.body)), textOf(answer.body));
    assertEquals(answer.fields[0], ["Content-Type", "text/plain; charset=utf-8"]);
  }
});

Deno.test("responses: 405 names the methods in Allow and in its text", () => {
  const answer = methodNotAllowed(["GET", "HEAD"]);
  assertEquals(answer.status, 405);
  assertEquals(answer.fields.at(-1), ["Allow", "GET, HEAD"]);
  assertEquals(textOf(answer.body), "Method not allowed; allowed here: GET, HEAD\n");
});

Deno.test("responses: as bytes a short answer is a whole message that ends its connection", () => {
  assertEquals(
    textOf(shortAnswerBytes(shortAnswer(503, "no", [["Retry-After", "1"]]))),
    "HTTP/1.1 503 Service Unavailable\r\n" +
      "Content-Type: text/plain; charset=utf-8\r\n" +
      "Retry-After: 1\r\n" +
      "Content-Length: 3\r\n" +
      "Connection: close\r\n" +
      "\r\n" +
      "no\n",
  );
});
