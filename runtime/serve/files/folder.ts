/**
 * The folder that is served, by a descriptor: every path is looked up from there.
 *
 * In: the operator's path. Out: descriptors and status of what is beneath it. A site is often a link
 * that is set to the next release: so it is looked at anew, at most once a second and only when
 * somebody asks, whether the path still leads to the same folder.
 */

import { expectSuccess, FileStatus, type FileSystem } from "../../os/mod.ts";

/** Milliseconds that the folder, or a file in it, is trusted to be what it was. */
export const TRUST = 900;

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

  /** @throws {SystemError} where it cannot be opened */
  constructor(files: FileSystem, options: FolderOptions) {
    this.#files = files;
    this.#options = options;
    this.#descriptor = expectSuccess("openat", files.openFolder(options.path));
    if (files.status(this.#descriptor, this.#status) >= 0) this.#identity = this.#status.identity;
  }

  /** Looks whether the path leads to another folder by now; `now` is a time that is never set back. */
  check(now: number): void {
    if (now - this.#checkedAt < TRUST) return;
    this.#checkedAt = now;
    const files = this.#files;
    if (files.statusOfPath(this.#options.path, this.#status) < 0) return; // gone: the old one is what there is
    if (this.#status.identity === this.#identity) return;
    const opened = files.openFolder(this.#options.path);
    if (opened < 0 || files.status(opened, this.#status) < 0) return;
    files.close(this.#descriptor);
    this.#descriptor = opened;
    this.#identity = this.#status.identity;
  }

  /** Opens `path` for reading: a descriptor, or a negated errno. */
  open(path: string): number {
    return this.#files.open(this.#descriptor, path, this.#options);
  }

  /** The status of what is at `path`. */
  statusAt(path: string, into: FileStatus): number {
    return this.#files.statusAt(this.#descriptor, path, into);
  }

  /** Gives the descriptor back. */
  close(): void {
    this.#files.close(this.#descriptor);
  }
}
