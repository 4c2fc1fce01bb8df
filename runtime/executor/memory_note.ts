/**
 * Bytes that go along with the memory of the channels to the server that replaces this one, behind it in the same file.
 *
 * In: the file, and the number of bytes of the memory. Out: the bytes; undefined, if the old server has written none, as it is of a version
 * that does not.
 *
 * ```text
 * memory | u32 number of bytes | bytes
 * ```
 */

import { type MemoryFile, SystemError } from "../os/mod.ts";

const LENGTH_BYTES = 4;

/** Writes them. @throws {SystemError} if there is no memory */
export function writeNote(file: MemoryFile, memoryBytes: number, note: Uint8Array): void {
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, note.length);
  file.write(length, memoryBytes);
  file.write(note, memoryBytes + LENGTH_BYTES);
}

/** Reads them. */
export function readNote(file: MemoryFile, memoryBytes: number): Uint8Array | undefined {
  const length = new Uint8Array(LENGTH_BYTES);
  try {
    file.read(length, memoryBytes);
    const note = new Uint8Array(new DataView(length.buffer).getUint32(0));
    file.read(note, memoryBytes + LENGTH_BYTES);
    return note;
  } catch (error) {
    // The file ends with the memory.
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}
