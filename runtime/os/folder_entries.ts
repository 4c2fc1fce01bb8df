/**
 * The names in an open folder, by getdents64(2).
 *
 * In: a descriptor opened for reading. Out: names in no particular order, without "." and "..", one buffer full
 * per call, or the negated errno. A name that is not UTF-8 is left out: no URL can request it. Deno's
 * readDirSync takes a path, which may lead to another folder by now than when the folder was opened.
 *
 *   struct linux_dirent64: inode u64 | offset s64 | record length u16 | type u8 | name, NUL
 */

import { libc } from "./libc.ts";
import { result } from "./syscall.ts";

const SYS_GETDENTS64 = Deno.build.arch === "aarch64" ? 61 : 217;
const RECORD_LENGTH = 16;
const NAME = 19;
/** Room for some thousand names. */
const BUFFER_BYTES = 64 * 1024;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The next names; null at the end. */
export function readNames(descriptor: number): string[] | null | number {
  const bytes = new Uint8Array(BUFFER_BYTES);
  const count = result(
    libc().syscall_getdents64(SYS_GETDENTS64, descriptor, bytes, BUFFER_BYTES),
  );
  if (count <= 0) return count === 0 ? null : count;
  const names: string[] = [];
  addNames(bytes.subarray(0, count), names);
  return names;
}

function addNames(bytes: Uint8Array, names: string[]): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + NAME < bytes.length; at += view.getUint16(at + RECORD_LENGTH, true)) {
    const end = bytes.indexOf(0, at + NAME);
    const name = decodeName(bytes.subarray(at + NAME, end));
    if (name !== undefined && name !== "." && name !== "..") names.push(name);
  }
}

/** A name or path as text; undefined: it is not UTF-8. */
export function decodeName(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined; // not UTF-8
    throw error;
  }
}
