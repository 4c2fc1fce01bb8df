/**
 * A connection that goes on in a new one: after each part of every row of the frame tables, however it was received, the bytes of
 * `unfinishedInput` bring the new one to the same place.
 */

import { assert, assertEquals } from "@std/assert";
import {
  FrameReaderPool,
  MessageBufferPool,
  WebSocketConnection,
} from "../../../protocol/websocket/mod.ts";
import { Drive, type Way, WAYS } from "./drive.ts";
import {
  expectedLines,
  type FrameCase,
  inputBytes,
  limitsOf,
  loadFrameCases,
  rolesOf,
} from "./frame_cases.ts";

/** Longer inputs are cut near their ends; the longest, of megabytes, add nothing. */
const LONG = 300;
const LONGEST = 70_000;
const ENDS = 8;

Deno.test("websocket: a connection goes on in a new one, wherever its input was cut", () => {
  let moves = 0;
  for (const row of loadFrameCases()) {
    if (!rolesOf(row).includes("server")) continue;
    const bytes = inputBytes(row, "server");
    if (bytes.length > LONGEST) continue;
    for (const way of WAYS) {
      for (const cut of cutsOf(bytes.length)) {
        const lines = runMoved(row, way, [bytes.subarray(0, cut), bytes.subarray(cut)]);
        if (lines === undefined) continue;
        moves++;
        assertEquals(lines, expectedLines(row), `${row.name}, cut at ${cut}`);
      }
    }
  }
  assert(moves > 5_000, `${moves} moves`);
});

function cutsOf(length: number): number[] {
  const cuts = Array.from({ length: length + 1 }, (_, cut) => cut);
  return length <= LONG ? cuts : cuts.filter((cut) => cut < ENDS || cut > length - ENDS);
}

/** The transcript, or undefined: the connection is not open any more after the first part. */
function runMoved(row: FrameCase, way: Way, parts: [Uint8Array, Uint8Array]): string[] | undefined {
  const readers = new FrameReaderPool("server", limitsOf(row), new MessageBufferPool());
  const [first, rest] = parts;
  const left = new WebSocketConnection(readers);
  const before = new Drive(left, way, first.length);
  before.feed(first);
  if (before.over || left.state !== "OPEN") return undefined;
  const unfinished = left.unfinishedInput();
  left.dispose();
  const after = new Drive(
    new WebSocketConnection(readers),
    way,
    Math.max(unfinished.length, rest.length),
  );
  after.feed(unfinished);
  after.feed(rest);
  return [...before.lines, ...after.end(row.eof === true)];
}
