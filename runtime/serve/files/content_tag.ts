/**
 * The entity tag of a file's content (RFC 9110 section 8.8.3): the same on every machine that has the same
 * file, and different if the content differs.
 *
 * In: bytes, or an open file with its status. Out: the opaque part of a strong tag. Called once for each
 * version of a file that is loaded; reads the file, at most {@link HASHED_WHOLE} bytes of it.
 *
 * Why not from the status alone: inode and device differ between replicas and restarted containers. So does
 * the time of change, even between copies that keep the time of modification (cp -p, rsync -a, image layers).
 * And size and time of modification stay the same if a reproducible build or an archive writes other content
 * with a fixed time. nginx and Caddy use these two, and answer 304 for such a file. Only the content meets
 * both demands. The time of change is what our own cache compares to find out that a file must be loaded
 * again (`FileStatus.version`).
 */

import { createHash, type Hash } from "node:crypto";
import type { FileStatus } from "../../os/mod.ts";
import type { SharedFile } from "./shared_file.ts";

/**
 * Files up to this size are hashed whole: measured, 0.7 ms of SHA-256 for each MiB. For a longer file the hash
 * covers some parts, the size and the time of modification.
 */
export const HASHED_WHOLE = 1024 * 1024;
/** Parts of a long file: the first and the last, where formats have their checksums, and two in between. */
const PARTS = 4;
const PART_BYTES = 16 * 1024;
/** Bytes of one read. */
const READ_BYTES = 64 * 1024;
/** Characters of base64url, 96 bits: two contents of one path never share a tag by chance. */
const TAG_LENGTH = 16;

/**
 * The latest time of modification, in seconds, that means "none": builds and archives without times write
 * 0 or 1 (Nix). Caddy ignores the same two.
 */
const NO_TIME = 1;

/** The tag of bytes. */
export function tagOfBytes(bytes: Uint8Array): string {
  return shortened(createHash("sha256").update(bytes));
}

/**
 * The tag of an open file.
 *
 * @param status what the file was when it was opened
 * @returns undefined if it cannot be read
 */
export function tagOfFile(file: SharedFile, status: FileStatus): string | undefined {
  const { size } = status;
  const hash = createHash("sha256");
  if (size <= HASHED_WHOLE) return addPart(hash, file, 0, size) ? shortened(hash) : undefined;
  hash.update(`${size} ${status.modifiedSeconds} ${status.modifiedNanoseconds}`);
  // A part that is not hashed may be the only change: without a time of modification only the time of change
  // shows that, even though it differs on every machine.
  if (!hasModificationTime(status)) hash.update(` ${status.changedNanoseconds}`);
  for (let i = 0; i < PARTS; i++) {
    const start = Math.floor((size - PART_BYTES) * i / (PARTS - 1));
    if (!addPart(hash, file, start, start + PART_BYTES)) return undefined;
  }
  return shortened(hash);
}

/** Whether the status has a real time of modification. */
export function hasModificationTime({ modifiedSeconds }: FileStatus): boolean {
  return modifiedSeconds > NO_TIME;
}

/** Hashes `[start, end)`, or less if the file has shrunk; false if it cannot be read. */
function addPart(hash: Hash, file: SharedFile, start: number, end: number): boolean {
  const bytes = new Uint8Array(Math.min(READ_BYTES, end - start));
  for (let offset = start; offset < end;) {
    const count = file.read(bytes, { start: 0, end: Math.min(bytes.length, end - offset), offset });
    if (count < 0) return false;
    if (count === 0) return true;
    hash.update(bytes.subarray(0, count));
    offset += count;
  }
  return true;
}

function shortened(hash: Hash): string {
  return hash.digest("base64url").slice(0, TAG_LENGTH);
}
