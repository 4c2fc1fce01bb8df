/**
 * What a file server asks of the operating system: the seam between it and the disk.
 *
 * `linux_files.ts` is the real one. Paths are relative to an open folder and never lead out of it: the
 * kernel itself sees to that, so that no check here races with somebody who moves things about.
 * Every result is a count or a descriptor, or the negated errno. All calls block for as long as the
 * disk takes: names and contents that were used lately are in memory, and then none does.
 */

import type { FileStatus } from "./file_status.ts";

/** How paths are looked up. */
export interface LookUp {
  /** Follow symbolic links wherever they lead; else only those that lead to what is in the folder. */
  readonly followLinks: boolean;
}

/** The calls of a file server. */
export interface FileSystem {
  /** Opens a folder by a path of the operator's: a descriptor for the others' `folder`. */
  openFolder(path: string): number;
  /** The status of what is at a path of the operator's. */
  statusOfPath(path: string, into: FileStatus): number;
  /**
   * Opens `path` beneath `folder` for reading. Never waits for the other end of a FIFO; what it is must
   * be asked of its status. `-EXDEV` or `-ELOOP`: a link leads out.
   */
  open(folder: number, path: string, how: LookUp): number;
  /** The status of an open file. */
  status(descriptor: number, into: FileStatus): number;
  /** The status of what is at `path`, links followed: to compare, not to trust. */
  statusAt(folder: number, path: string, into: FileStatus): number;
  /** pread(2) into `bytes[start, end)`: a count, 0 at the end of the file. */
  read(descriptor: number, bytes: Uint8Array, at: ReadPlace): number;
  /**
   * The next names in an open folder, some thousand at once, without "." and ".."; null: there are no more.
   * A negated errno if it cannot be read.
   */
  readNames(descriptor: number): readonly string[] | null | number;
  /** close(2). */
  close(descriptor: number): number;
}

/** From where in a file to where in memory. */
export interface ReadPlace {
  readonly start: number;
  readonly end: number;
  /** Position in the file. */
  readonly offset: number;
}
