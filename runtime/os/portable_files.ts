/**
 * `FileSystem` implemented with Deno's own calls, for systems without libc, such as macOS and Windows.
 *
 * In and out: as `file_system.ts` says; a descriptor is a number of this object. Whether a path stays in the
 * folder is checked before it is opened, by resolving it, and not by the kernel while it opens it: a process
 * that may move folders within the served one could win that race. Only regular files are opened, so that no
 * FIFO is waited for and no device is touched.
 */

import { EACCES, EBADF, EINVAL, EIO, errnoOf, EXDEV } from "./errno.ts";
import type { FileStatus } from "./file_status.ts";
import type { FileSystem, LookUp, ReadPlace } from "./file_system.ts";

/** Characters that a path must not contain: NUL; on Windows also those of drives, streams and separators. */
const NO_PATH = Deno.build.os === "windows" ? /[\0:\\]/ : /\0/;

/** Names that one call returns; Deno itself has read all of them by then. */
const NAMES_AT_ONCE = 1_000;

/** An open file or folder. */
interface Opened {
  readonly path: string;
  /** Null: a folder, or a kind of file that must not be opened. */
  readonly file: Deno.FsFile | null;
  /** The entries of a folder that are not read yet; absent before the first read. */
  entries?: Iterator<Deno.DirEntry>;
}

/** File system calls by Deno. */
export class PortableFiles implements FileSystem {
  readonly #opened = new Map<number, Opened>();
  #next = 0;

  openFolder(path: string): number {
    return attempt(() => this.#keep({ path: Deno.realPathSync(path), file: null }));
  }

  statusOfPath(path: string, into: FileStatus): number {
    return attempt(() => into.fill(Deno.statSync(path)));
  }

  open(folder: number, path: string, how: LookUp): number {
    const base = this.#opened.get(folder)?.path;
    if (base === undefined) return -EBADF;
    if (NO_PATH.test(path)) return -EINVAL;
    return attempt(() => {
      const real = Deno.realPathSync(join(base, path));
      if (!how.followLinks && !isBeneath(base, real)) return -EXDEV;
      const file = Deno.statSync(real).isFile ? Deno.openSync(real, { read: true }) : null;
      return this.#keep({ path: real, file });
    });
  }

  status(descriptor: number, into: FileStatus): number {
    const opened = this.#opened.get(descriptor);
    if (opened === undefined) return -EBADF;
    return attempt(() => into.fill(opened.file?.statSync() ?? Deno.statSync(opened.path)));
  }

  statusAt(folder: number, path: string, into: FileStatus): number {
    const base = this.#opened.get(folder)?.path;
    if (base === undefined) return -EBADF;
    return NO_PATH.test(path) ? -EINVAL : this.statusOfPath(join(base, path), into);
  }

  read(descriptor: number, bytes: Uint8Array, { start, end, offset }: ReadPlace): number {
    const file = this.#opened.get(descriptor)?.file;
    if (file == null) return -EBADF;
    return attempt(() => {
      file.seekSync(offset, Deno.SeekMode.Start);
      return file.readSync(bytes.subarray(start, end)) ?? 0;
    });
  }

  readNames(descriptor: number): readonly string[] | null | number {
    const opened = this.#opened.get(descriptor);
    if (opened === undefined) return -EBADF;
    const names: string[] = [];
    const read = attempt(() => {
      const entries = opened.entries ??= Deno.readDirSync(opened.path)[Symbol.iterator]();
      while (names.length < NAMES_AT_ONCE) {
        const { done, value } = entries.next();
        if (done) break;
        names.push(value.name);
      }
      return names.length;
    });
    if (read < 0) return read;
    return read === 0 ? null : names;
  }

  close(descriptor: number): number {
    const opened = this.#opened.get(descriptor);
    if (opened === undefined) return -EBADF;
    this.#opened.delete(descriptor);
    opened.file?.close();
    return 0;
  }

  #keep(opened: Opened): number {
    this.#opened.set(this.#next, opened);
    return this.#next++;
  }
}

function join(base: string, path: string): string {
  return path === "" ? base : `${base}/${path}`;
}

function isBeneath(base: string, real: string): boolean {
  if (!real.startsWith(base)) return false;
  return real.length === base.length || /[/\\]$/.test(base) || /[/\\]/.test(real[base.length]!);
}

/** Returns the action's count, or the negated errno of the error that Deno threw. */
function attempt(action: () => number): number {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof TypeError || error instanceof RangeError) throw error;
    const { code } = error as Error & { code?: string };
    if (code !== undefined) return -errnoOf(code);
    return error instanceof Deno.errors.NotCapable ? -EACCES : -EIO;
  }
}
