/**
 * The status of a file: struct statx, read in place without creating an object for it.
 *
 * In: the bytes that statx(2) fills. Out: the few values that the file server needs. One instance is scratch
 * for many calls. Times have the kernel's full precision. The inode number may have 64 bits and is read as two
 * words, since a double would lose bits.
 *
 *   28 mode u16 | 32 inode u64 | 40 size u64 | 96 change time | 112 modification time | 136 device 2 × u32
 *   a time: seconds s64, nanoseconds u32
 */

/** Bytes of struct statx. */
export const STATX_BYTES = 256;

const MODE = 28;
const INODE = 32;
const SIZE = 40;
const CHANGE = 96;
const MODIFICATION = 112;
const DEVICE = 136;

/** The offsets of the fields that form a version: identity, size, both times. */
const VERSION_WORDS = [INODE, INODE + 4, DEVICE, DEVICE + 4, SIZE, SIZE + 4]
  .concat([MODIFICATION, MODIFICATION + 4, MODIFICATION + 8, CHANGE, CHANGE + 4, CHANGE + 8]);

const TYPE_MASK = 0o170000;
const REGULAR = 0o100000;
const FOLDER = 0o040000;

const WORD = 2 ** 32;

/** One file's status, as it was at the last call. */
export class FileStatus {
  /** The memory that the kernel fills. */
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(STATX_BYTES);
  readonly #view = new DataView(this.bytes.buffer);

  /** Whether it is a regular file: no folder, device, FIFO or socket. */
  get isRegular(): boolean {
    return (this.#view.getUint16(MODE, true) & TYPE_MASK) === REGULAR;
  }

  /** Whether it is a folder. */
  get isFolder(): boolean {
    return (this.#view.getUint16(MODE, true) & TYPE_MASK) === FOLDER;
  }

  /** Size in bytes. */
  get size(): number {
    return this.#view.getUint32(SIZE, true) + this.#view.getUint32(SIZE + 4, true) * WORD;
  }

  /** When the content was last modified, in seconds since 1970. */
  get modifiedSeconds(): number {
    return this.#view.getUint32(MODIFICATION, true) +
      this.#view.getInt32(MODIFICATION + 4, true) * WORD;
  }

  /** The nanoseconds that belong to {@link modifiedSeconds}. */
  get modifiedNanoseconds(): number {
    return this.#view.getUint32(MODIFICATION + 8, true);
  }

  /** When the inode was last changed, in nanoseconds since 1970; no program can set it. */
  get changedNanoseconds(): bigint {
    return this.#view.getBigInt64(CHANGE, true) * 1_000_000_000n +
      BigInt(this.#view.getUint32(CHANGE + 8, true));
  }

  /** The inode's number, hexadecimal. */
  get inode(): string {
    const high = this.#view.getUint32(INODE + 4, true);
    const low = this.#view.getUint32(INODE, true);
    return (high === 0 ? "" : high.toString(16)) + low.toString(16);
  }

  /** Identifies the file regardless of its content: device and inode. */
  get identity(): string {
    return this.#words([INODE, INODE + 4, DEVICE, DEVICE + 4]);
  }

  /**
   * Equal if the file's content has not changed: device, inode, size, and both times. A program can set the
   * modification time back, but not the time of change.
   */
  get version(): string {
    return this.#words(VERSION_WORDS);
  }

  /**
   * Fills in the status that Deno returns, for use without libc. Its modification time has
   * milliseconds, its time of change whole seconds (Deno 2.4.2 and 2.9.6).
   *
   * @returns 0, as statx(2)
   */
  fill(info: Deno.FileInfo): number {
    const view = this.#view;
    this.bytes.fill(0);
    view.setUint16(MODE, info.isFile ? REGULAR : info.isDirectory ? FOLDER : 0, true);
    setLong(view, INODE, info.ino ?? 0);
    setLong(view, SIZE, info.size);
    setLong(view, DEVICE, info.dev);
    setTime(view, MODIFICATION, info.mtime);
    setTime(view, CHANGE, info.ctime);
    return 0;
  }

  #words(at: readonly number[]): string {
    return at.map((offset) => this.#view.getUint32(offset, true).toString(36)).join(".");
  }
}

function setLong(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % WORD, true);
  view.setUint32(at + 4, Math.floor(value / WORD), true);
}

function setTime(view: DataView, at: number, time: Date | null): void {
  const milliseconds = time?.getTime() ?? 0;
  view.setBigInt64(at, BigInt(Math.floor(milliseconds / 1000)), true);
  view.setUint32(at + 8, (milliseconds % 1000 + 1000) % 1000 * 1e6, true);
}
