/**
 * The rows of fixtures/semantics as requests to a served folder.
 *
 * In: rows of a request's fields and a representation. Out: files of that size and time, requests whose
 * `"v1"` is the file's real ETag, and the reason if a row cannot be sent over a socket.
 */

import { assert } from "@std/assert";
import { ask, type Endpoint, field, type HttpAnswer } from "../../support/http_client.ts";
import { representationOf, type RequestRow } from "../../support/semantics_tables.ts";
import type { Site } from "../../support/site.ts";

/** A modification time that means no date: archives without times are unpacked with it. */
const NO_DATE = 1;
/** Larger files are sparse: all bytes are 0. */
const LARGEST_WRITTEN = 1 << 20;

/** Why a row is for the unit tests alone; undefined if it can be requested. */
export function reasonToSkip(row: RequestRow & { now?: number }): string | undefined {
  if (!["GET", "HEAD"].includes(row.method ?? "GET")) return "files answer GET and HEAD";
  if (row.representation?.etag !== undefined) return "the ETag of a file is strong";
  if (row.now !== undefined) return "the server's clock cannot be set";
  const sendable = Object.values(row.fields).every((value) => /^[\0-\xff]*$/.test(value));
  return sendable ? undefined : "a character is above U+00FF";
}

/** The path of a row's file, with an ending that is not compressed. */
export function pathOf(row: RequestRow): string {
  const { size, lastModified } = representationOf(row);
  return `/${size}-${lastModified}.bin`;
}

/** Creates the files of all rows. */
export async function makeFiles(rows: readonly RequestRow[], { folder }: Site): Promise<void> {
  for (const row of rows) {
    const { size, lastModified } = representationOf(row);
    const path = folder + pathOf(row);
    await Deno.writeFile(path, size > LARGEST_WRITTEN ? new Uint8Array(0) : contentOf(0, size));
    if (size > LARGEST_WRITTEN) await Deno.truncate(path, size);
    const time = new Date((lastModified ?? NO_DATE) * 1000);
    await Deno.utime(path, time, time);
  }
}

/** Bytes `[start, end)` of a file that is written: the content depends on the position. */
export function contentOf(start: number, end: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: end - start }, (_, at) => (start + at) % 251);
}

/** Bytes `[start, end)` of a row's file. */
export function bytesOf(row: RequestRow, start: number, end: number): Uint8Array<ArrayBuffer> {
  const isHole = representationOf(row).size > LARGEST_WRITTEN;
  return isHole ? new Uint8Array(end - start) : contentOf(start, end);
}

/** Sends the request of a row. */
export async function askRow(endpoint: Endpoint, row: RequestRow): Promise<HttpAnswer> {
  const path = pathOf(row);
  const head = await ask(endpoint, `HEAD ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  const etag = field(head, "etag") ?? "none";
  assert(/^"[^"]+"$/.test(etag), `a strong ETag was expected: ${etag}`);
  const lines = Object.entries(row.fields).map(([name, value]) => {
    return `${name}: ${value.replaceAll('"v1"', etag)}\r\n`;
  });
  return await ask(
    endpoint,
    `${row.method ?? "GET"} ${path} HTTP/1.1\r\nHost: a\r\n${lines.join("")}\r\n`,
  );
}
