/**
 * Content codings of real files, by fixtures/semantics/content_codings.json: precompressed files `.br`, `.zst` and
 * `.gz`, whose contents here say which one was sent; and what the server compresses itself, decoded again.
 */

import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import zlib, { brotliDecompressSync, gunzipSync } from "node:zlib";
import { ask, type Endpoint, field, type HttpAnswer } from "../../support/http_client.ts";
import { readTable, type Row } from "../../support/semantics_tables.ts";
import { type Site, withSite } from "../../support/site.ts";

interface CodingRow extends Row {
  input: string | null;
  available: string[];
  expect: string;
}

/** The server's order between equal weights is fixed: other orders are for the unit tests alone. */
const ORDER = ["br", "zstd", "gzip", "identity"];
const ROWS = readTable<CodingRow>("content_codings").filter(({ available }) => {
  return available.includes("identity") &&
    available.join() === ORDER.filter((coding) => available.includes(coding)).join();
});
const ENDINGS: Readonly<Record<string, string>> = { br: ".br", zstd: ".zst", gzip: ".gz" };
type Reader = (bytes: Uint8Array) => Uint8Array;
/** Only if the runtime has it; the executable under test may have another runtime. */
const ZSTD: Readonly<Record<string, Reader>> =
  "zstdDecompressSync" in zlib && !Deno.env.has("ASYNC_DENO_EXECUTABLE")
    ? { zstd: zlib.zstdDecompressSync as Reader }
    : {};
const LONG_TEXT = "what is said again and again\n".repeat(1_000);

/** For each set of codings a file with those precompressed files; too short to be compressed on the fly. */
async function fill({ folder }: Site): Promise<void> {
  for (const { available } of ROWS) {
    const path = `${folder}${pathFor(available)}`;
    await Deno.writeTextFile(path, "identity");
    for (const coding of available) {
      if (coding !== "identity") await Deno.writeTextFile(path + ENDINGS[coding], coding);
    }
  }
  for (const name of ["long.txt", "long.html", "long.bin"]) {
    await Deno.writeTextFile(`${folder}/${name}`, LONG_TEXT);
  }
  await Deno.writeTextFile(`${folder}/short.txt`, "short");
}

function pathFor(available: readonly string[]): string {
  return `/${available.join("-")}.txt`;
}

function get(endpoint: Endpoint, path: string, accepted: string | null): Promise<HttpAnswer> {
  const line = accepted === null ? "" : `Accept-Encoding: ${accepted}\r\n`;
  return ask(endpoint, `GET ${path} HTTP/1.1\r\nHost: a\r\n${line}\r\n`);
}

Deno.test("codings of files: every row of the table gets its coding", (test) =>
  withSite({}, async (site) => {
    await fill(site);
    const { server } = site;
    for (const row of ROWS) {
      await test.step(row.name, async () => {
        const answer = await get(server, pathFor(row.available), row.input);
        if (row.expect === "not acceptable") return assertEquals(answer.status, 406, row.spec);
        assertEquals(answer.status, 200);
        assertEquals(answer.text, row.expect, row.spec);
        const said = row.expect === "identity" ? undefined : row.expect;
        assertEquals(field(answer, "content-encoding"), said);
        assertEquals(field(answer, "content-type"), "text/plain; charset=utf-8");
        assertStringIncludes(field(answer, "vary")?.toLowerCase() ?? "", "accept-encoding");
      });
    }
  }));

Deno.test("codings of files: each has its own ETag, and its own bytes for ranges", () =>
  withSite({}, async (site) => {
    await fill(site);
    const { server } = site;
    const path = pathFor(ORDER);
    const tags = new Set<string | undefined>();
    for (const coding of ORDER) {
      const whole = await get(server, path, coding);
      assertEquals(whole.text, coding);
      tags.add(field(whole, "etag"));
      const lines = `Accept-Encoding: ${coding}\r\nRange: bytes=1-\r\nIf-Range: ${
        field(whole, "etag")
      }\r\n`;
      const part = await ask(server, `GET ${path} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
      assertEquals([part.status, part.text], [206, coding.slice(1)]);
    }
    assertEquals(tags.size, ORDER.length);
  }));

Deno.test("codings of files: text above 1 KiB is compressed in the requested coding", () =>
  withSite({}, async (site) => {
    await fill(site);
    const { server } = site;
    const plain = await get(server, "/long.txt", null);
    assertEquals(plain.text, LONG_TEXT);
    const readers = { br: brotliDecompressSync, gzip: gunzipSync, ...ZSTD };
    for (const path of ["/long.txt", "/long.html"]) {
      for (const [coding, read] of Object.entries(readers)) {
        // The second one comes from memory.
        for (const time of ["first", "second"]) {
          const answer = await get(server, path, coding);
          assertEquals(field(answer, "content-encoding"), coding, `${path}, ${time}`);
          assert(answer.body.length < LONG_TEXT.length / 10);
          assertEquals(new TextDecoder().decode(read(answer.body)), LONG_TEXT);
          assertNotEquals(field(answer, "etag"), field(plain, "etag"));
          assertStringIncludes(field(answer, "vary")?.toLowerCase() ?? "", "accept-encoding");
        }
      }
    }
  }));

Deno.test("codings of files: what the server compresses is negotiated by weight, and by the server's order if weights are equal", () =>
  withSite({}, async (site) => {
    await fill(site);
    const zstd = "zstd" in ZSTD ? "zstd" : undefined;
    const rows: [accepted: string, coding: string | undefined][] = [
      ["gzip, deflate, br, zstd", "br"],
      ["gzip, zstd", zstd ?? "gzip"],
      ["zstd;q=0.5, gzip", "gzip"],
      ["zstd, br;q=0.9", zstd ?? "br"],
      ["zstd;q=0, br;q=0", undefined],
      ["zstd", zstd],
    ];
    for (const [accepted, coding] of rows) {
      const answer = await get(site.server, "/long.txt", accepted);
      assertEquals(field(answer, "content-encoding"), coding, accepted);
      assertEquals(field(answer, "vary"), "Accept-Encoding");
    }
  }));

Deno.test("codings of files: an empty precompressed file is ignored", () =>
  withSite(
    {
      files: {
        ...{ "a.txt": "text", "a.txt.br": "", "a.txt.zst": "", "a.txt.gz": "gzip" },
        ...{ "b.txt": "text", "b.txt.br": "br", "b.txt.zst": "", "b.txt.gz": "" },
      },
    },
    async ({ server }) => {
      const rows = [["/a.txt", "br, zstd, gzip;q=0.5", "gzip"], [
        "/b.txt",
        "br;q=0.5, zstd, gzip",
        "br",
      ]];
      for (const [path = "", accepted = "", coding] of rows) {
        const answer = await get(server, path, accepted);
        assertEquals([field(answer, "content-encoding"), answer.text], [coding, coding]);
      }
    },
  ));

Deno.test("codings of files: short files, and files that are not text, are sent uncompressed", () =>
  withSite({}, async (site) => {
    await fill(site);
    const { server } = site;
    for (const path of ["/short.txt", "/long.bin"]) {
      const answer = await get(server, path, "gzip, deflate, br, zstd");
      assertEquals(field(answer, "content-encoding"), undefined, path);
    }
  }));
