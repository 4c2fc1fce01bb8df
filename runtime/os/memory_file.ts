/**
 * A file that is only in memory, and has no name: memory that another process gets, as a descriptor, by memfd_create(2).
 *
 * In: parts of some memory, also of memory that threads share. Out: a descriptor; and in the other process the same parts. What is written
 * costs memory until both processes have closed it.
 */

import { EINTR, EIO } from "./errno.ts";
import { libc } from "./libc.ts";
import { expectSuccess, result } from "./syscall.ts";
import { SystemError } from "./system_error.ts";

const MFD_CLOEXEC = 1;
/** One call moves as much at most. */
const SLICE = 4 * 1024 * 1024;

/** The file. */
export class MemoryFile implements Disposable {
  readonly descriptor: number;

  /** @param descriptor of one that another process has made; it belongs to this object from now on */
  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /**
   * One that has these parts of a buffer, each where it is in there; close-on-exec.
   *
   * @param name for lists of open files
   * @throws {SystemError} if there is no memory, or no descriptor
   */
  static of(name: string, parts: readonly Uint8Array[]): MemoryFile {
    const title = new TextEncoder().encode(`${name}\0`);
    const descriptor = result(libc().memfd_create(title, MFD_CLOEXEC));
    expectSuccess("memfd_create", descriptor);
    using rest = new DisposableStack();
    const file = rest.use(new MemoryFile(descriptor));
    for (const part of parts) file.#move(part, part.byteOffset, "pwrite");
    rest.move();
    return file;
  }

  /** Fills all of the bytes from an offset on. @throws {SystemError} if the file does not have as many */
  read(bytes: Uint8Array, offset: number): void {
    this.#move(bytes, offset, "pread");
  }

  /** Writes bytes at an offset, which may be behind the end. @throws {SystemError} if there is no memory */
  write(bytes: Uint8Array, offset: number): void {
    this.#move(bytes, offset, "pwrite");
  }

  [Symbol.dispose](): void {
    libc().close(this.descriptor);
  }

  #move(bytes: Uint8Array, offset: number, call: "pread" | "pwrite"): void {
    for (let at = 0; at < bytes.length;) {
      // FFI takes views of shared memory too.
      const slice = bytes.subarray(at, at + SLICE) as Uint8Array<ArrayBuffer>;
      const moved = result(libc()[call](this.descriptor, slice, slice.length, BigInt(offset + at)));
      if (moved === -EINTR) continue;
      if (moved <= 0) throw new SystemError(call, moved === 0 ? EIO : -moved, this.descriptor);
      at += moved;
    }
  }
}
