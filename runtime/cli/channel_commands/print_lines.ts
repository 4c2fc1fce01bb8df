/**
 * Prints JSON, one value a line.
 *
 * In: JSON texts without line breaks. Out: the same on standard output; nothing if there are none.
 */

import type { CommandIo } from "./command_io.ts";

const UTF8 = new TextDecoder();

/** Prints them; the result is the exit code. */
export async function printLines(io: CommandIo, lines: readonly Uint8Array[]): Promise<number> {
  if (lines.length === 0) return 0;
  return await io.print(lines.map((line) => UTF8.decode(line)).join("\n"));
}
