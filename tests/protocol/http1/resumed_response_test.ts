/** What goes on from a connection of another process: the bytes of its request, and the rest of the answer. */

import { assertEquals, assertThrows } from "@std/assert";
import { CLOSED, PAUSED } from "../../../protocol/http1/mod.ts";
import { bytesOf, textOf } from "../../support/protocol_cases.ts";
import { Dialogue } from "./dialogue.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

function fed(...parts: readonly string[]): Dialogue {
  const dialogue = new Dialogue({ answers: false });
  dialogue.feed(bytesOf(parts.join("")));
  return dialogue;
}

Deno.test("an answer that another connection has begun goes on in chunks, or until the close, and is the last one", () => {
  for (const version of ["1.1", "1.0"]) {
    const { connection, out } = fed(`GET / HTTP/${version}\r\nHost: a\r\n\r\n`);
    connection.resumeResponse();
    connection.sendData(out, bytesOf(GET), 0, 3);
    connection.sendEnd(out);
    assertEquals(textOf(out.view()), version === "1.1" ? "3\r\nGET\r\n0\r\n\r\n" : "GET");
    assertEquals([connection.keepAlive, connection.next()], [false, CLOSED]);
    assertThrows(() => connection.resumeResponse(), TypeError);
  }
});

Deno.test("an answer that goes on belongs to a request whose body was read there", () => {
  for (const field of ["Content-Length: 5", "Transfer-Encoding: chunked", "Expect: 100-continue"]) {
    const length = field.startsWith("E") ? "Content-Length: 5\r\n" : "";
    const { connection, out } = fed(`POST / HTTP/1.1\r\nHost: a\r\n${length}${field}\r\n\r\n`);
    connection.resumeResponse();
    assertEquals([connection.awaitsBody, connection.next()], [false, PAUSED]);
    connection.sendEnd(out);
    assertEquals([textOf(out.view()), connection.next()], ["0\r\n\r\n", CLOSED]);
  }
});

Deno.test("the bytes of a head are those that were received", () => {
  const { heads } = fed("\r\n", GET, GET);
  assertEquals(heads.map((head) => textOf(head.toBytes())), [GET]);
});
