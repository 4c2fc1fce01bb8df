/**
 * Parts of files on their way to a socket, a slice at a time, so that other connections have their turn.
 *
 * In: an open file and how much of it is to be sent. Out: what the socket took. sendfile(2) blocks where
 * the page cache does not have the bytes: a socket can say "not now", a disk cannot. So the slice after
 * this one is asked for before this one is sent, and while the peer reads it the disk is at work. What
 * still blocks is the first slice of a file that nobody read lately, and a disk that is slower than the
 * peer.
 */

import type { OpenFile } from "../net/mod.ts";
import { EIO, type Os } from "../os/mod.ts";

/**
 * How much of files one connection sends before the others have their turn: some 200 µs of a core.
 * nginx: sendfile_max_chunk 2m. A socket takes about 1.4 MB at once; with 512 KiB a turn, the calls
 * between cost a third more (tests/bench: file of 100 MiB).
 */
export const FILE_SLICE = 2 * 1024 * 1024;

/** Where the bytes of a file are that are to be sent. */
export interface FileSlice {
  readonly file: OpenFile;
  /** The first byte of the slice. */
  readonly start: number;
  /** Bytes of the slice. */
  readonly length: number;
  /** Where the part ends that the slice belongs to. */
  readonly end: number;
}

/**
 * Sends one slice.
 *
 * @returns bytes sent, or a negated errno: EIO where the file has become too short
 */
export function sendSlice(os: Os, descriptor: number, slice: FileSlice): number {
  const { file, start, length, end } = slice;
  const ahead = Math.min(end - start - length, FILE_SLICE);
  if (ahead > 0) os.readAhead(file.descriptor, start + length, ahead);
  const sent = os.sendFile(descriptor, file.descriptor, start, length);
  return sent === 0 ? -EIO : sent;
}
