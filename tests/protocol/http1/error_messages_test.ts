/** The texts of errors, which clients see. The tables of fixtures_test.ts compare their codes. */

import { assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../../protocol/errors.ts";
import { HTTP1_LIMITS } from "../../../protocol/limits.ts";
import { DateField, Http1Connection, REQUEST, RequestHead } from "../../../protocol/http1/mod.ts";
import { bytesOf } from "../../support/protocol_cases.ts";
import { TEST_TIME } from "./dialogue.ts";

Deno.test("an error of a chunk-size line names what is wrong: the size, or what follows it", () => {
  const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const noSize = "A chunk does not begin with a hexadecimal size";
  const wrongEnd = "A chunk size is followed by neither CRLF nor an extension";
  const rows: [line: string, message: string][] = [
    ["\r\n", `${noSize} (found 0x0d)`],
    ["g\r\n", `${noSize} (found 0x67)`],
    ["3\n", `${wrongEnd} (found 0x0a)`],
    ["3 \r\n", `${wrongEnd} (found 0x0d)`],
    ["0x3\r\n", `${wrongEnd} (found 0x78)`],
  ];
  for (const [line, message] of rows) {
    const connection = new Http1Connection({
      head: new RequestHead(),
      limits: HTTP1_LIMITS,
      date: new DateField(TEST_TIME),
    });
    const bytes = bytesOf(head + line);
    connection.receive(bytes, 0, bytes.length);
    assertEquals(connection.next(), REQUEST);
    assertThrows(() => connection.next(), ProtocolError, message, line);
  }
});
