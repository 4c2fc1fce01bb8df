/**
 * The file system calls of the file server: the interface between it and the disk.
 *
 * `linux_files.ts` implements it with libc, `portable_files.ts` with Deno's own calls. Paths are relative to an
 * open folder and never lead out of it. On Linux the kernel itself enforces that, so no check races with a
 * process that moves files. Every result is a count or a descriptor, or the negated errno. All calls block as
 * long as the disk takes; names and contents that were used lately are in memory, and then no call blocks.
 */

import type { FileStatus } from "./file_status.ts";

/** How paths are looked up. */
export interface LookUp {
  /** Follow symbolic links wherever they lead; otherwise only links to targets inside the folder. */
  readonly followLinks: boolean;
}

/** The calls of the file server. */
export interface FileSystem {
  /** Opens a folder by a path of the operator's. Returns a descriptor for the `folder` of the other calls. */
  openFolder(path: string): number;
  /** The status of the file at a path of the operator's. */
  statusOfPath(path: string, into: FileStatus): number;
  /**
   * Opens `path` beneath `folder` for reading. Never waits for the other end of a FIFO; the caller checks the
   * kind of file by its status. `-EXDEV` or `-ELOOP`: a link leads out of the folder.
   */
  open(folder: number, path: string, how: LookUp): number;
  /** The status of an open file. */
  status(descriptor: number, into: FileStatus): number;
  /** The status of the file at `path`, links followed. For comparison only: it may lead out of the folder. */
  statusAt(folder: number, path: string, into: FileStatus): number;
  /** pread(2) into `bytes[start, end)`: a count, 0 at the end of the file. */
  read(descriptor: number, bytes: Uint8Array, at: ReadPlace): number;
  /**
   * The next names in an open folder, some thousands at once, without "." and ".."; null at the end.
   * A negated errno if it cannot be read.
   */
  readNames(descriptor: number): readonly string[] | null | number;
  /** close(2). */
  close(descriptor: number): number;
}

/** The range of memory to fill, and the position in the file. */
export interface ReadPlace {
  readonly start: number;
  readonly end: number;
  /** Position in the file. */
  readonly offset: number;
}
