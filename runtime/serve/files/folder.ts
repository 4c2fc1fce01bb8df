/**
 * The root folder of a site as an open descriptor: every path is looked up from there.
 *
 * In: the operator's path. Out: descriptors and status of files beneath it. The path is often a symbolic
 * link that is switched to the next release: so on a request, at most once a second, it is checked
 * whether the path still leads to the same folder.
 */

import { expectSuccess, FileStatus, type FileSystem } from "../../os/mod.ts";

/** Milliseconds between two comparisons of the folder, or of a file in it, with the disk. */
export const CHECK_INTERVAL = 900;

/** How the folder is opened. */
export interface FolderOptions {
  readonly path: string;
  /** Whether symbolic links may lead out of it. */
  readonly followLinks: boolean;
}

/** The root of a site. */
export class Folder {
  readonly #files: FileSystem;
  readonly #options: FolderOptions;
  readonly #status = new FileStatus();
  #descriptor: number;
  #identity = "";
  #checkedAt = -Infinity;

  /** @throws {SystemError} if the folder cannot be opened */
  constructor(files: FileSystem, options: FolderOptions) {
    this.#files = files;
    this.#options = options;
    this.#descriptor = expectSuccess("openat", files.openFolder(options.path));
    if (files.status(this.#descriptor, this.#status) >= 0) this.#identity = this.#status.identity;
  }

  /** Opens the folder again if the path now leads to another one; `now` is a monotonic time. */
  check(now: number): void {
    if (now - this.#checkedAt < CHECK_INTERVAL) return;
    this.#checkedAt = now;
    const files = this.#files;
    if (files.statusOfPath(this.#options.path, this.#status) < 0) return; // removed: keep the old one
    if (this.#status.identity === this.#identity) return;
    const opened = files.openFolder(this.#options.path);
    if (opened < 0 || files.status(opened, this.#status) < 0) return;
    files.close(this.#descriptor);
    this.#descriptor = opened;
    this.#identity = this.#status.identity;
  }

  /** Opens `path` for reading; returns a descriptor or a negated errno. */
  open(path: string): number {
    return this.#files.open(this.#descriptor, path, this.#options);
  }

  /** Reads the status of the file at `path`; returns 0 or a negated errno. */
  statusAt(path: string, into: FileStatus): number {
    return this.#files.statusAt(this.#descriptor, path, into);
  }

  /** Closes the descriptor. */
  close(): void {
    this.#files.close(this.#descriptor);
  }
}
