/**
 * Ranges of real files, by fixtures/semantics/ranges.json: the status, the fields, and each byte. A multipart
 * response is parsed here by the rules of RFC 2046.
 */

import { assert, assertEquals } from "@std/assert";
import { field, type HttpAnswer } from "../../support/http_client.ts";
import { readTable, representationOf, type RequestRow } from "../../support/semantics_tables.ts";
import { withSite } from "../../support/site.ts";
import { askRow, bytesOf, makeFiles, reasonToSkip } from "./table_files.ts";

interface RangeRow extends RequestRow {
  expect: "full" | "unsatisfiable" | [start: number, end: number][];
  now?: number;
}

const ROWS = readTable<RangeRow>("ranges").filter((row) => !reasonToSkip(row));

Deno.test("ranges of files: every row of the table gets its status, fields and bytes", (test) =>
  withSite({}, async (site) => {
    await makeFiles(ROWS, site);
    for (const row of ROWS) {
      await test.step(row.name, async () => checkAnswer(row, await askRow(site.server, row)));
    }
  }));

function checkAnswer(row: RangeRow, answer: HttpAnswer): void {
  const { size } = representationOf(row);
  const { expect } = row;
  if (expect === "full") {
    assertEquals(answer.status, 200, row.spec);
    assertEquals(field(answer, "accept-ranges"), "bytes");
    assertEquals(field(answer, "content-length"), String(size));
    const body = row.method === "HEAD" ? new Uint8Array(0) : bytesOf(row, 0, size);
    return assertEquals(answer.body, body);
  }
  if (expect === "unsatisfiable") {
    assertEquals(answer.status, 416, row.spec);
    return assertEquals(field(answer, "content-range"), `bytes */${size}`);
  }
  assertEquals(answer.status, 206, row.spec);
  const [only, ...more] = expect;
  if (only === undefined || more.length > 0) return checkParts(row, answer, expect);
  assertEquals(field(answer, "content-range"), `bytes ${only[0]}-${only[1] - 1}/${size}`);
  assertEquals(field(answer, "content-type"), "application/octet-stream");
  assertEquals(answer.body, bytesOf(row, ...only));
}

function checkParts(row: RangeRow, answer: HttpAnswer, expect: [number, number][]): void {
  const { size } = representationOf(row);
  // RFC 9110 section 15.3.7.2: not in the header section of a multipart response.
  assertEquals(field(answer, "content-range"), undefined);
  const boundary = /^multipart\/byteranges; boundary=([0-9A-Za-z'+_.-]{1,70})$/
    .exec(field(answer, "content-type") ?? "")?.[1] ?? "";
  assert(boundary !== "", field(answer, "content-type"));
  const parts = partsOf(new TextDecoder("latin1").decode(answer.body), boundary);
  assertEquals(
    parts.map(({ range }) => range),
    expect.map(([start, end]) => {
      return `bytes ${start}-${end - 1}/${size}`;
    }),
  );
  for (const [at, [start, end]] of expect.entries()) {
    const text = new TextDecoder("latin1").decode(bytesOf(row, start, end));
    assert(parts[at]!.content === text, `part ${at} has other bytes`);
  }
}

/** RFC 2046 section 5.1.1, without a preamble and an epilogue. */
function partsOf(body: string, boundary: string): { range: string | undefined; content: string }[] {
  const [preamble, ...rest] = `\r\n${body}`.split(`\r\n--${boundary}`);
  assertEquals(preamble, "");
  assertEquals(rest.pop(), "--\r\n", "the closing delimiter");
  return rest.map((part) => {
    const end = part.indexOf("\r\n\r\n");
    const head = part.slice(0, end);
    assert(head.startsWith("\r\n") && end > 0, "a delimiter is a line, and a part has a head");
    return {
      range: /^content-range: (.*)$/im.exec(head)?.[1]?.trim(),
      content: part.slice(end + 4),
    };
  });
}
