/**
 * An open file that the cache and any number of answers under way hold together.
 *
 * In: a descriptor. Out: the last who lets go closes it, so that neither an eviction nor a client that
 * leaves can pull it away from under another answer, and none is left open. All on one thread.
 */

import type { OpenFile } from "../../net/mod.ts";
import type { FileSystem, ReadPlace } from "../../os/mod.ts";

/** A descriptor with a count of its holders. */
export class SharedFile implements OpenFile {
  readonly descriptor: number;
  readonly #files: FileSystem;
  #holders = 1;

  /** Whoever makes it holds it. */
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
