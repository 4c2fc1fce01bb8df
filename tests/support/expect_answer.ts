/**
 * Comparing an answer of the server with a row of a table.
 *
 * In: a connection on which the request was sent, and the expectation. Out: nothing, or an assertion
 * error that names the differing part of the row. An expected end is waited for; an expected kept
 * connection is checked with a further request.
 */

import { assertEquals } from "@std/assert";
import type { HttpExpectation } from "./e2e_cases.ts";
import { field, type HttpAnswer, type HttpConnection } from "./http_client.ts";

/** A request with a known answer, to check that a connection is kept. */
const PROBE = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

/** Reads one answer and compares it; then checks whether the connection ends or is kept. */
export async function expectAnswer(
  connection: HttpConnection,
  method: string,
  expected: HttpExpectation,
): Promise<HttpAnswer> {
  const answer = await connection.answer(method);
  assertEquals(answer.status, expected.status, `status; body: ${answer.text}`);
  for (const [name, value] of Object.entries(expected.fields ?? {})) {
    assertEquals(field(answer, name) ?? null, value, name);
  }
  if (expected.body !== undefined) assertEquals(answer.text, expected.body);
  if (expected.closes === true) {
    // RFC 9112 section 9.6: a server that closes says so in the last answer.
    assertEquals(field(answer, "connection")?.toLowerCase(), "close");
    await connection.expectEnd();
  }
  if (expected.closes === false) {
    await connection.send(PROBE);
    assertEquals((await connection.answer()).text, "ok", "the connection is not kept");
  }
  return answer;
}
