/**
 * An open file with a reference count: the cache and any number of answers in progress hold it.
 *
 * In: a descriptor. Out: the last holder that releases the file closes the descriptor. So neither an
 * eviction nor a client that disconnects closes it while another answer needs it, and none leaks. Used by
 * one thread only.
 */

import type { OpenFile } from "../../net/mod.ts";
import type { FileSystem, ReadPlace } from "../../os/mod.ts";

/** A descriptor with a count of its holders. */
export class SharedFile implements OpenFile {
  readonly descriptor: number;
  readonly #files: FileSystem;
  #holders = 1;

  /** The creator is its first holder. */
  constructor(files: FileSystem, descriptor: number) {
    this.#files = files;
    this.descriptor = descriptor;
  }

  hold(): void {
    if (this.#holders === 0) throw new TypeError(`descriptor ${this.descriptor} is closed`);
    this.#holders++;
  }

  release(): void {
    if (this.#holders === 0) throw new TypeError(`descriptor ${this.descriptor} is closed`);
    if (--this.#holders === 0) this.#files.close(this.descriptor);
  }

  read(bytes: Uint8Array, at: ReadPlace): number {
    return this.#files.read(this.descriptor, bytes, at);
  }
}
