/**
 * The folder that every server serves in the rows with files.
 *
 * In: nothing. Out: dist/bench/scratch/site/: a file of each size in files/, and `healthz`, which shows
 * that a server that only serves files is up. Each run writes it again. The bytes do not repeat, so that
 * no server gains by compressing them.
 */

import { SITE } from "./paths.ts";
import type { FileRow } from "./rows.ts";

const PIECE_BYTES = 1 << 20;

/** A requested file. */
export interface BenchFile {
  /** Its name in the folder files/. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** Writes the files of these rows. */
export async function writeSite(rows: readonly FileRow[]): Promise<void> {
  await Deno.mkdir(`${SITE}files`, { recursive: true });
  await Deno.writeTextFile(`${SITE}healthz`, "ok");
  for (const { file } of rows) {
    using handle = await Deno.create(`${SITE}files/${file.name}`);
    for (let at = 0; at < file.size; at += PIECE_BYTES) {
      await writeAll(handle, pieceOf(at, Math.min(PIECE_BYTES, file.size - at)));
    }
  }
}

/** The content of the file from `at` on. A multiplicative hash: cheap, the same in each run, no zeros. */
function pieceOf(at: number, length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(at + i * 4 + 1, 0x9e3779b1) ^ i;
  return new Uint8Array(words.buffer, 0, length);
}

async function writeAll(handle: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await handle.write(bytes.subarray(done));
}
