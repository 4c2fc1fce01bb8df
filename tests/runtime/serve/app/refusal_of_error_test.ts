/**
 * Which errors of an app go to a client, and how.
 */

import { assertEquals } from "@std/assert";
import { closeReason } from "../../../../runtime/serve/session/close_reason.ts";
import { refusalOfError } from "../../../../runtime/serve/app/refusal_of_error.ts";

Deno.test("refusal of an error: codes of the protocol and of applications go to the client", () => {
  const rows: [thrown: unknown, refusal: ReturnType<typeof refusalOfError>][] = [
    [{ code: 103, message: "no" }, { error: { code: 103, message: "no", temporary: false } }],
    [Object.assign(new Error("later"), { code: 400, temporary: true }), {
      error: { code: 400, message: "later", temporary: true },
    }],
    [{ code: 1999 }, { error: { code: 1999, message: "", temporary: false } }],
    [{ code: 4501, message: "banned" }, { disconnect: { code: 4501, reason: "banned" } }],
    [{ code: 3503 }, { disconnect: { code: 3503, reason: "disconnected" } }],
    [{ code: 99 }, undefined],
    [{ code: 2000 }, undefined],
    [{ code: 5000 }, undefined],
    [{ code: 403.5 }, undefined],
    [{ code: "403" }, undefined],
    [Object.assign(new Error("node"), { code: "ENOENT" }), undefined],
    [new DOMException("too late", "TimeoutError"), undefined],
    [new Error("a fault"), undefined],
    ["text", undefined],
    [{ code: 400, message: Object.create(null) }, undefined],
    [null, undefined],
    [undefined, undefined],
  ];
  for (const [thrown, refusal] of rows) assertEquals(refusalOfError(thrown), refusal);
});

Deno.test("refusal of an error: the reason of a disconnect fits into a close frame", () => {
  const refusal = refusalOfError({ code: 4000, message: "x".repeat(200) });
  assertEquals(refusal, { disconnect: { code: 4000, reason: "x".repeat(123) } });
});

Deno.test("close reason: no half character stands at its end", () => {
  for (let before = 118; before <= 124; before++) {
    const text = `${"x".repeat(before)}😀end`;
    let expected = "";
    for (const character of text) {
      if (new TextEncoder().encode(expected + character).length > 123) break;
      expected += character;
    }
    assertEquals(closeReason(text), expected);
  }
});
