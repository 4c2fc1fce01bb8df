/**
 * Every row of the frame tables, received in every way: whole, byte by byte, split at every offset, with
 * trailing bytes; by views and by direct receive; eager and paused.
 */

import { assert, assertEquals } from "@std/assert";
import {
  FrameReaderPool,
  MessageBufferPool,
  type Role,
  WebSocketConnection,
} from "../../../protocol/websocket/mod.ts";
import { Drive, type Way, WAYS } from "./drive.ts";
import {
  buildFrame,
  concat,
  expectedLines,
  type FrameCase,
  inputBytes,
  limitsOf,
  loadFrameCases,
  payloadLine,
  rolesOf,
} from "./frame_cases.ts";

/** Inputs up to this length are split at every offset, longer ones near their ends and thresholds. */
const SPLIT_EVERYWHERE = 300;
/** Longer inputs are fed byte by byte only in the first way. */
const BYTEWISE_IN_EVERY_WAY = 20_000;

for (const row of loadFrameCases()) {
  for (const role of rolesOf(row)) {
    Deno.test(`websocket ${row.table}: ${row.name} (${role})`, () => runCase(row, role));
  }
}

Deno.test("websocket tables: each row names its section and its outcome", () => {
  const rows = loadFrameCases();
  assert(rows.length >= 120, `${rows.length} rows`);
  for (const row of rows) assert(/^RFC 6455 section \d/.test(row.spec), row.name);
});

function runCase(row: FrameCase, role: Role): void {
  const bytes = inputBytes(row, role);
  const expected = expectedLines(row);
  for (const way of WAYS) {
    const label = `direct ${way.direct}, lazy ${way.lazy}`;
    assertEquals(run(row, role, way, [bytes]), expected, `whole, ${label}`);
    for (const split of splitsOf(bytes.length)) {
      const pieces = [bytes.subarray(0, split), bytes.subarray(split)];
      assertEquals(run(row, role, way, pieces), expected, `split at ${split}, ${label}`);
    }
    if (bytes.length <= BYTEWISE_IN_EVERY_WAY || way === WAYS[0]) {
      assertEquals(run(row, role, way, bytewise(bytes)), expected, `byte by byte, ${label}`);
    }
    runTrailing(row, role, way, bytes);
  }
}

/** Bytes after a complete row belong to the next frame; bytes after a close or an error are ignored. */
function runTrailing(row: FrameCase, role: Role, way: Way, bytes: Uint8Array): void {
  if (row.partial || row.eof) return;
  const expected = expectedLines(row);
  const over = row.error !== undefined || expected.some((line) => line.startsWith("CLOSE "));
  const trailing = buildFrame({ opcode: "PING", text: "trailing" }, role);
  if (!over) expected.push(payloadLine("PING", new TextEncoder().encode("trailing")));
  assertEquals(run(row, role, way, [concat([bytes, trailing])]), expected, "trailing bytes");
  assertEquals(run(row, role, way, [bytes, trailing]), expected, "trailing bytes, apart");
}

function run(row: FrameCase, role: Role, way: Way, pieces: Uint8Array[]): string[] {
  const pool = new MessageBufferPool();
  const readers = new FrameReaderPool(role, limitsOf(row), pool);
  const connection = new WebSocketConnection(readers, () => 0);
  const drive = new Drive(
    connection,
    way,
    pieces.reduce((most, piece) => Math.max(most, piece.length), 0),
  );
  for (const piece of pieces) drive.feed(piece);
  const lines = drive.end(row.eof ?? false);
  connection.dispose();
  assertEquals(pool.lentBytes, 0, "every buffer is given back");
  return lines;
}

function bytewise(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
}

function splitsOf(length: number): number[] {
  const splits = Array.from({ length: Math.max(0, length - 1) }, (_, at) => at + 1);
  if (length <= SPLIT_EVERYWHERE) return splits;
  const near = [0, length / 2, 4096, 65536, 256 * 1024, length];
  return splits.filter((split) => near.some((at) => Math.abs(split - at) <= 15));
}
