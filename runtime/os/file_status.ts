/**
 * What the kernel says of a file: struct statx, read without making an object of it.
 *
 * In: the bytes that statx(2) fills. Out: the few numbers that a file server goes by. One instance is
 * scratch for many calls. Times have the kernel's full grain; the inode number may have 64 bits and
 * comes as two words, so that none is lost in a double.
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

/** The offsets of what a version is known by: identity, size, both times. */
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

  /** Whether it is a file of bytes: no folder, device, FIFO or socket. */
  get isRegular(): boolean {
    return (this.#view.getUint16(MODE, true) & TYPE_MASK) === REGULAR;
  }

  /** Whether it is a folder. */
  get isFolder(): boolean {
    return (this.#view.getUint16(MODE, true) & TYPE_MASK) === FOLDER;
  }

  /** Bytes of content. */
  get size(): number {
    return this.#view.getUint32(SIZE, true) + this.#view.getUint32(SIZE + 4, true) * WORD;
  }

  /** When the content was last modified, in seconds since 1970. */
  get modifiedSeconds(): number {
    return this.#view.getUint32(MODIFICATION, true) +
      this.#view.getInt32(MODIFICATION + 4, true) * WORD;
  }

  /** The nanoseconds beside {@link modifiedSeconds}. */
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

  /** Which file it is, whatever it holds: device and inode. */
  get identity(): string {
    return this.#words([INODE, INODE + 4, DEVICE, DEVICE + 4]);
  }

  /**
   * Equal where nothing about the file's content has changed: device, inode, size, and both times. The
   * time of change cannot be set back by a program, as that of modification can.
   */
  get version(): string {
    return this.#words(VERSION_WORDS);
  }

  /**
   * Takes over what Deno says of a file, where the kernel was not asked by us: times to the millisecond.
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
