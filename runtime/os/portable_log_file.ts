/**
 * The file of a log by Deno's own calls, where there is no libc: see log_file.ts.
 *
 * In: where it goes and its bound. Out: counts, or negated errnos; Deno's own error where it cannot be opened.
 */

import { EIO, errnoOf } from "./errno.ts";
import { LogFile, type LogFileOptions } from "./log_file.ts";

type File = Pick<Deno.FsFile, "write" | "close"> & Partial<Pick<Deno.FsFile, "truncateSync">>;

/** A log's file of Deno's. */
export class PortableLogFile extends LogFile {
  readonly #path: string | null;
  readonly #emptied: LogFileOptions["emptied"];
  #file: File;

  /** @throws {Deno.errors} where it cannot be opened */
  constructor({ target, limit, keepsLast, emptied }: LogFileOptions) {
    super(target === "-" ? 0 : limit); // what others may write to is not ours to rename
    this.#path = target === "-" ? null : target;
    this.#emptied = emptied;
    this.#file = this.#path === null ? Deno.stdout : this.#open(this.#path);
    if (this.#path === null || !keepsLast || !this.isRegular || this.size === 0) return;
    // Where it cannot be renamed its lines stay, and what is new goes on behind them.
    if (tryTo(() => Deno.renameSync(target, `${target}.1`)) === 0) this.openAnew();
  }

  close(): void {
    if (this.#path !== null) this.#file.close();
  }

  protected async put(lines: Uint8Array): Promise<number> {
    try {
      return await this.#file.write(lines);
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

/** 0, or the negated errno of why it failed. */
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
