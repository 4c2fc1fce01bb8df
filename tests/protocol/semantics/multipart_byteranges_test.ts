/** Multipart bodies: their format, and that their length is known in advance. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { multipartByteranges, type PartsOf } from "../../../protocol/semantics/mod.ts";
import { textOf } from "../../support/protocol_cases.ts";

const CONTENT = "0123456789".repeat(100);
const OF: PartsOf = {
  size: CONTENT.length,
  contentType: "text/plain; charset=utf-8",
  boundary: "b",
};
const RANGES = [{ start: 0, end: 3 }, { start: 500, end: 501 }, { start: 990, end: 1000 }];

/** The body as it would be sent. */
function bodyOf(of: PartsOf): string {
  const { heads, closing } = multipartByteranges(RANGES, of);
  const parts = RANGES.map(({ start, end }, at) => textOf(heads[at]!) + CONTENT.slice(start, end));
  return parts.join("") + textOf(closing);
}

Deno.test("multipart: the format of RFC 9110 section 14.6", () => {
  assertEquals(
    bodyOf(OF),
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 0-2/1000\r\n\r\n012" +
      "\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 500-500/1000\r\n\r\n0" +
      "\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 990-999/1000\r\n\r\n0123456789" +
      "\r\n--b--\r\n",
  );
});

Deno.test("multipart: the length is that of the body, with and without a type", () => {
  for (const contentType of [undefined, "image/png"]) {
    const of = { ...OF, contentType };
    assertEquals(multipartByteranges(RANGES, of).contentLength, bodyOf(of).length);
    assertEquals(bodyOf(of).includes("Content-Type"), contentType !== undefined);
  }
});

Deno.test("multipart: Content-Type names the boundary, and an invalid boundary is refused", () => {
  const longest = "aZ09'+_.-".padEnd(70, "x");
  const { contentType } = multipartByteranges(RANGES, { ...OF, boundary: longest });
  assert(contentType === `multipart/byteranges; boundary=${longest}`);
  for (const boundary of ["", "a b", "a\r\n", `${longest}x`, "a;b", '"', "ä"]) {
    assertThrows(() => multipartByteranges(RANGES, { ...OF, boundary }), TypeError, "boundary");
  }
});
