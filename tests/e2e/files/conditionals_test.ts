/** Conditional requests for real files, by fixtures/semantics/preconditions.json. */

import { assertEquals } from "@std/assert";
import { ask, field } from "../../support/http_client.ts";
import { readTable, type RequestRow } from "../../support/semantics_tables.ts";
import { withSite } from "../../support/site.ts";
import { askRow, contentOf, makeFiles, pathOf, reasonToSkip } from "./table_files.ts";

interface ConditionRow extends RequestRow {
  expect: 200 | 304 | 412;
}

const ROWS = readTable<ConditionRow>("preconditions").filter((row) => !reasonToSkip(row));

Deno.test("conditional requests for files: every row of the table gets its status and fields", (test) =>
  withSite({}, async (site) => {
    await makeFiles(ROWS, site);
    const { server } = site;
    for (const row of ROWS) {
      await test.step(row.name, async () => {
        const answer = await askRow(server, row);
        assertEquals(answer.status, row.expect, row.spec);
        if (row.expect === 200 && row.method !== "HEAD") {
          assertEquals(answer.body.length, contentOf(0, 10_000).length);
        }
        if (row.expect !== 304) return;
        // RFC 9110 section 15.4.5: the fields for caches, as in a 200, and no content.
        const whole = await ask(server, `HEAD ${pathOf(row)} HTTP/1.1\r\nHost: a\r\n\r\n`);
        for (const name of ["etag", "cache-control", "vary", "expires", "content-location"]) {
          assertEquals(field(answer, name), field(whole, name), name);
        }
        assertEquals(field(answer, "content-type"), undefined);
        assertEquals(answer.body.length, 0);
      });
    }
  }));

Deno.test("conditional requests for files: Last-Modified is the file's time in seconds, if it has one", () =>
  withSite({}, async (site) => {
    await makeFiles(ROWS, site);
    const { server } = site;
    for (const row of ROWS) {
      const answer = await ask(server, `GET ${pathOf(row)} HTTP/1.1\r\nHost: a\r\n\r\n`);
      const isDated = row.representation?.lastModified !== null;
      const expected = isDated ? "Sun, 06 Nov 1994 08:49:37 GMT" : undefined;
      assertEquals(field(answer, "last-modified"), expected, pathOf(row));
    }
  }));

Deno.test("conditional requests for files: conditions on a missing file are ignored", () =>
  withSite({}, async ({ server }) => {
    for (const line of ["If-None-Match: *", "If-Match: *", "Range: bytes=0-0"]) {
      const answer = await ask(server, `GET /nothing HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`);
      assertEquals(answer.status, 404, line);
    }
  }));
