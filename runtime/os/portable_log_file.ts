/**
 * A log's file by Deno's own calls, for systems without libc: see log_file.ts.
 *
 * In: the target and its size limit. Out: counts, or negated errnos; Deno's own error if the file cannot be
 * opened.
 */

import { EIO, errnoOf } from "./errno.ts";
import { LogFile, type LogFileOptions } from "./log_file.ts";

type File = Pick<Deno.FsFile, "writeSync" | "close"> & Partial<Pick<Deno.FsFile, "truncateSync">>;

/** A log's file, written through a `Deno.FsFile`. */
export class PortableLogFile extends LogFile {
  readonly #path: string | null;
  readonly #emptied: LogFileOptions["emptied"];
  #file: File;

  /** @throws {Deno.errors} if it cannot be opened */
  constructor({ target, limit, keepsLast, emptied }: LogFileOptions) {
    super(target === "-" ? 0 : limit); // standard output may be shared, so it is not rotated
    this.#path = target === "-" ? null : target;
    this.#emptied = emptied;
    this.#file = this.#path === null ? Deno.stdout : this.#open(this.#path);
    if (this.#path === null || !keepsLast || !this.isRegular || this.size === 0) return;
    // If it cannot be renamed, its lines stay and new ones are appended.
    if (tryTo(() => Deno.renameSync(target, `${target}.1`)) === 0) this.openAnew();
  }

  get descriptor(): undefined {
    return undefined;
  }

  close(): void {
    if (this.#path !== null) this.#file.close();
  }

  protected put(lines: Uint8Array): number {
    try {
      return this.#file.writeSync(lines);
    } catch (error) {
      return negatedErrno(error);
    }
  }

  protected openAnew(): void {
    if (this.#path === null) return;
    const old = this.#file;
    this.#file = this.#open(this.#path);
    old.close();
  }

  protected rotate(): number {
    const path = this.#path ?? "";
    const renamed = tryTo(() => Deno.renameSync(path, `${path}.1`));
    return renamed < 0 ? this.#empty(renamed) : tryTo(() => this.openAnew());
  }

  #empty(renamed: number): number {
    const emptied = tryTo(() => this.#file.truncateSync?.(0));
    if (emptied < 0) return emptied;
    this.size = 0;
    this.#emptied(`errno ${-renamed}`);
    return 0;
  }

  #open(path: string): Deno.FsFile {
    const file = Deno.openSync(path, { append: true, create: true, mode: 0o644 });
    const { isFile, size } = file.statSync();
    this.isRegular = isFile;
    this.size = size;
    return file;
  }
}

/** Returns 0, or the negated errno of the failure. */
function tryTo(action: () => void): number {
  try {
    action();
    return 0;
  } catch (error) {
    return negatedErrno(error);
  }
}

function negatedErrno(error: unknown): number {
  if (!(error instanceof Error)) throw error;
  const { code } = error as Error & { code?: string };
  return -(code === undefined ? EIO : errnoOf(code));
}
