/** The tables of codes: unique, in their ranges, and short enough for a close frame. */

import { assert, assertEquals } from "@std/assert";
import {
  CLIENT_ERRORS,
  DISCONNECTS,
  reconnects,
  resubscribes,
  UNSUBSCRIBES,
} from "../../../protocol/centrifuge/mod.ts";

/** RFC 6455 section 5.5: 125 bytes, of which the code takes two. */
const MAX_REASON = 123;

const codesOf = (table: Readonly<Record<string, { readonly code: number }>>) =>
  Object.values(table).map(({ code }) => code);

Deno.test("Centrifuge codes: each is there once, in order", () => {
  for (const table of [CLIENT_ERRORS, DISCONNECTS, UNSUBSCRIBES]) {
    const codes = codesOf(table);
    assertEquals(codes, [...new Set(codes)].sort((a, b) => a - b));
  }
  assertEquals(codesOf(CLIENT_ERRORS), Array.from({ length: 13 }, (_, i) => 100 + i));
});

Deno.test("Centrifuge codes: reasons fit into a close frame", () => {
  for (const { reason } of Object.values(DISCONNECTS)) {
    // Without one, clients come back after every code.
    assert(reason.length > 0 && reason.length <= MAX_REASON);
  }
});

Deno.test("Centrifuge codes: clients come back below 3500, and after what is no code of the protocol", () => {
  for (const [name, { code }] of Object.entries(DISCONNECTS)) {
    assertEquals(reconnects(code), code < 3500, name);
  }
  const rows: [number, boolean][] = [
    [1000, true],
    [1006, true],
    [1009, false],
    [3499, true],
    [3999, false],
    [4000, true],
    [4499, true],
    [4500, false],
    [4999, false],
    [5000, true],
  ];
  for (const [code, comes] of rows) assertEquals(reconnects(code), comes, `${code}`);
});

Deno.test("Centrifuge codes: only 100 and 111 are temporary", () => {
  const temporary = Object.values(CLIENT_ERRORS).filter(({ temporary }) => temporary);
  assertEquals(temporary.map(({ code }) => code), [100, 111]);
});

Deno.test("Centrifuge codes: clients subscribe again from 2500 on", () => {
  const again = Object.values(UNSUBSCRIBES).filter(({ code }) => resubscribes(code));
  assertEquals(again.map(({ code }) => code), [2500, 2501]);
});
