/** Close codes and close payloads: all 65,536 codes, and both ways. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { makeClosePayload, parseClosePayload } from "../../../protocol/websocket/close_payload.ts";
import { isCloseCode } from "../../../protocol/websocket/mod.ts";

Deno.test("exactly the codes of section 7.4 and of the registry are allowed in a frame", () => {
  const named = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
  for (let code = 0; code <= 0xffff; code++) {
    const wanted = named.includes(code) || (code >= 3000 && code <= 4999);
    if (isCloseCode(code) !== wanted) throw new Error(`wrong result for ${code}`);
  }
});

Deno.test("an encoded payload parses to the same code and reason", () => {
  for (const code of [1000, 1001, 1011, 3000, 4999]) {
    for (const reason of ["", "bye", "é€😀", "x".repeat(123), "\ufeffmark"]) {
      const payload = makeClosePayload(code, reason);
      assertEquals(parseClosePayload(payload, 0, payload.length), { code, reason });
    }
  }
});

Deno.test("no code is an empty payload, and an empty payload has no code", () => {
  assertEquals(makeClosePayload(1005, "").length, 0);
  assertEquals(parseClosePayload(new Uint8Array(9), 4, 4), { code: 1005, reason: "" });
});

Deno.test("a code or reason that must not be sent is a RangeError", () => {
  for (const code of [0, 999, 1004, 1006, 1015, 2999, 5000, 1000.5, NaN]) {
    assertThrows(() => makeClosePayload(code, ""), RangeError, "close code");
  }
  assertThrows(() => makeClosePayload(1005, "a reason without a code"), RangeError);
  assertThrows(() => makeClosePayload(1000, "x".repeat(124)), RangeError, "124 bytes");
  assertThrows(() => makeClosePayload(1000, "€".repeat(42)), RangeError, "126 bytes");
  assert(makeClosePayload(1000, "€".repeat(41)).length === 125);
});
