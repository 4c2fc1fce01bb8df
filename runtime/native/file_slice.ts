/**
 * Sends parts of files to a socket in slices, so that other connections get their turn.
 *
 * In: an open file and the range to send. Out: how much the socket took. sendfile(2) blocks if the page cache
 * does not hold the bytes: a socket can answer "not now", a disk cannot. So the next slice is requested from
 * the disk before this one is sent, and the disk works while the peer reads. What still blocks is the first
 * slice of a file that was not read lately, and a disk that is slower than the peer.
 */

import type { OpenFile } from "../net/mod.ts";
import { EIO, type Os } from "../os/mod.ts";

/**
 * Bytes of files that one connection sends per turn: about 200 µs of a core. nginx: sendfile_max_chunk 2m. A
 * socket takes about 1.4 MB at once; with 512 KiB per turn, the additional calls cost a third more
 * (tests/bench: file of 100 MiB).
 */
export const FILE_SLICE = 2 * 1024 * 1024;

/** A range of a file that is to be sent. */
export interface FileSlice {
  readonly file: OpenFile;
  /** The first byte of the slice. */
  readonly start: number;
  /** Bytes of the slice. */
  readonly length: number;
  /** End of the part that the slice belongs to. */
  readonly end: number;
}

/**
 * Sends one slice.
 *
 * @returns bytes sent, or a negated errno: EIO if the file has become too short
 */
export function sendSlice(os: Os, descriptor: number, slice: FileSlice): number {
  const { file, start, length, end } = slice;
  const ahead = Math.min(end - start - length, FILE_SLICE);
  if (ahead > 0) os.readAhead(file.descriptor, start + length, ahead);
  const sent = os.sendFile(descriptor, file.descriptor, start, length);
  return sent === 0 ? -EIO : sent;
}
