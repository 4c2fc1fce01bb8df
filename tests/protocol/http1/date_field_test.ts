import { assertEquals, assertThrows } from "@std/assert";
import { DATE_LENGTH, DateField } from "../../../protocol/http1/mod.ts";
import { Random } from "../../support/random.ts";
import { textOf } from "../../support/protocol_cases.ts";

const LAST_MILLISECOND = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

function written(epochMilliseconds: number): string {
  return textOf(new DateField(epochMilliseconds).bytes);
}

Deno.test("the date of RFC 9110 section 5.6.7", () => {
  assertEquals(written(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
  assertEquals(written(784_111_777_000).length, DATE_LENGTH);
});

Deno.test("dates equal those of Date: edges of years, months and leap days", () => {
  for (const year of [1970, 1972, 1999, 2000, 2001, 2024, 2026, 2100, 2400, 9999]) {
    for (let month = 0; month < 12; month++) {
      const first = Date.UTC(year, month, 1);
      for (const time of [first - 1000, first, first + 86_399_000]) {
        if (time < 0) continue;
        assertEquals(written(time), new Date(time).toUTCString());
      }
    }
  }
});

Deno.test("dates equal those of Date: random times", () => {
  const random = new Random(1);
  const date = new DateField();
  for (let i = 0; i < 10_000; i++) {
    const time = Math.floor((random.uint32() / 2 ** 32) * LAST_MILLISECOND);
    date.set(time);
    assertEquals(textOf(date.bytes), new Date(time).toUTCString());
  }
});

Deno.test("the version changes once per second", () => {
  const date = new DateField(10_000);
  const { bytes, version } = date;
  date.set(10_999);
  assertEquals(date.version, version);
  date.set(11_000);
  assertEquals(date.version, version + 1);
  assertEquals(textOf(bytes), "Thu, 01 Jan 1970 00:00:11 GMT");
  date.set(10_000);
  assertEquals(date.version, version + 2);
});

Deno.test("times outside 1970 to 9999 are refused and change nothing", () => {
  const date = new DateField(LAST_MILLISECOND);
  assertEquals(textOf(date.bytes), "Fri, 31 Dec 9999 23:59:59 GMT");
  for (const time of [LAST_MILLISECOND + 1, -1, NaN, Infinity]) {
    assertThrows(() => date.set(time), RangeError);
  }
  assertEquals(textOf(date.bytes), "Fri, 31 Dec 9999 23:59:59 GMT");
});
