/** Runs the table of HTTP dates, and compares with JavaScript's Date. */

import { assertEquals } from "@std/assert";
import { formatHttpDate, parseHttpDate } from "../../../protocol/semantics/mod.ts";
import { Random } from "../../support/random.ts";
import { NOW, readTable, type Row } from "../../support/semantics_tables.ts";

interface DateRow extends Row {
  input: string;
  /** The current time as an ISO date; by default that of all tables. */
  now?: string;
  /** An ISO date; null: the value is not a date. */
  expect: string | null;
}

for (const row of readTable<DateRow>("http_dates")) {
  Deno.test(`HTTP date: ${row.name}`, () => {
    const now = row.now === undefined ? NOW : Date.parse(row.now) / 1000;
    const expected = row.expect === null ? undefined : Date.parse(row.expect) / 1000;
    assertEquals(parseHttpDate(row.input, now), expected, row.spec);
  });
}

Deno.test("HTTP dates: a formatted date parses to the same time and equals that of Date", () => {
  const random = new Random(1);
  const last = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;
  const seconds = [0, 1, 784_111_777, last, Date.UTC(2000, 1, 29) / 1000];
  for (let i = 0; i < 2_000; i++) seconds.push(Math.floor(random.uint32() / 2 ** 32 * last));
  for (const second of seconds) {
    const text = formatHttpDate(second);
    assertEquals(text, new Date(second * 1000).toUTCString());
    assertEquals(parseHttpDate(text ?? "", NOW), second);
  }
});

Deno.test("HTTP dates: times without a four-digit year are not formatted", () => {
  assertEquals(formatHttpDate(784_111_777.9), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (const second of [-1, -0.5, 253_402_300_800, NaN, Infinity, -Infinity]) {
    assertEquals(formatHttpDate(second), undefined, String(second));
  }
});
