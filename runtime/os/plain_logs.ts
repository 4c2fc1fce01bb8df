/**
 * Log files where there is no libc: written through Deno's own files, opened by each thread for itself.
 *
 * In: what the options name, a path, `-` or `off`. Out: `write`, as that of `Os`, whose descriptor is the
 * place in the list. Whole lines are appended, so that those of several threads do not mix.
 */

import { EIO, errnoOf } from "./errno.ts";
import type { Opening } from "./log_file.ts";
import type { Os } from "./os.ts";

type File = Pick<Deno.FsFile, "writeSync" | "close">;

/** One log: where it goes, and what becomes of what is there. */
export interface PlainLogTarget {
  /** A path, `-` for standard output, or `off`. */
  readonly target: string;
  readonly opening: Opening;
}

/** The logs of one thread. */
export class PlainLogs implements Pick<Os, "write" | "epochMilliseconds"> {
  readonly #targets: readonly PlainLogTarget[];
  readonly #files: (File | null)[];

  /** @throws {Deno.errors} where one cannot be opened */
  constructor(targets: readonly PlainLogTarget[]) {
    this.#targets = targets;
    this.#files = targets.map(({ target, opening }) => open(target, opening));
  }

  /** What to write log number `index` by, or -1 where it is off. */
  descriptor(index: number): number {
    return this.#files[index] == null ? -1 : index;
  }

  epochMilliseconds(): number {
    return Date.now();
  }

  write(descriptor: number, bytes: Uint8Array, length: number): number {
    const file = this.#files[descriptor];
    if (file == null) throw new RangeError(`there is no log ${descriptor}`);
    try {
      return file.writeSync(bytes.subarray(0, length));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const { code } = error as Error & { code?: string };
      return -(code === undefined ? EIO : errnoOf(code));
    }
  }

  /**
   * Opens the files anew by their names: after a rotation. @throws {Deno.errors} of the first that cannot
   * be opened, and keeps its old one
   */
  reopen(): void {
    const faults: unknown[] = [];
    for (const [i, { target }] of this.#targets.entries()) {
      const old = this.#files[i];
      if (old == null || target === "-") continue;
      try {
        this.#files[i] = open(target, "append");
        old.close();
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
  }

  /** Closes those that are ours. */
  close(): void {
    for (const [i, { target }] of this.#targets.entries()) {
      if (target !== "-") this.#files[i]?.close();
      this.#files[i] = null;
    }
  }
}

function open(target: string, opening: Opening): File | null {
  if (target === "off") return null;
  if (target === "-") return Deno.stdout;
  if (opening === "empty") {
    Deno.openSync(target, { write: true, create: true, truncate: true }).close();
  }
  return Deno.openSync(target, { append: true, create: true, mode: 0o644 });
}
