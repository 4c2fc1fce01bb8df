/**
 * Compresses files piece by piece, so that the worker serves its other connections in between.
 *
 * In: a body part and a coding. Out: the compressed bytes, or undefined if compression saves too little.
 * zlib works on this thread and takes some milliseconds for each 64 KiB (on Deno 2.9.6 its one-shot
 * functions block for the whole file): so the input is written in pieces, for a few files at a time.
 */

import type { Transform } from "node:stream";
import zlib from "node:zlib";
import { concatBytes } from "../../../protocol/mod.ts";
import type { BodyPart } from "../session/mod.ts";
import { nextTurn } from "./sliced.ts";

/** Codings that are made here. */
export type MadeCoding = "br" | "zstd" | "gzip";

/** Those of them that this runtime can make: Deno 2.4 has no zstd. */
export const MADE_CODINGS: readonly MadeCoding[] = "createZstdCompress" in zlib
  ? ["br", "zstd", "gzip"]
  : ["br", "gzip"];

/** Text shorter than this gains less than its fields cost. */
export const WORTH_COMPRESSING = 1024;

/** Bytes compressed in one turn of the event loop. */
const PIECE = 64 * 1024;
/** Files compressed concurrently; further ones are sent uncompressed. */
const CONCURRENT = 4;
/** A result longer than this share of the file is not worth the client's work to decode it. */
const MAX_SHARE = 0.95;
/** Of 11: higher takes several times as long for a few percent. Some 2 ms for 64 KiB; nginx's module uses 6. */
const BROTLI_QUALITY = 5;
/** zlib's own default. */
const GZIP_LEVEL = 6;
/** zstd's own default. Its window is 2 MiB; RFC 9659 allows at most 8 MiB. */
const ZSTD_LEVEL = 3;

/** Compresses for one worker. */
export class Compressor {
  #active = 0;

  /** Whether it compresses as many files as it may. */
  get busy(): boolean {
    return this.#active >= CONCURRENT;
  }

  /** Compresses a part; the caller keeps its file open until the promise settles. */
  async compress(coding: MadeCoding, part: BodyPart): Promise<Uint8Array | undefined> {
    this.#active++;
    try {
      const length = part.end - part.start;
      const bytes = await compressed(streamOf(coding, length), part);
      return bytes !== undefined && bytes.length <= length * MAX_SHARE ? bytes : undefined;
    } finally {
      this.#active--;
    }
  }
}

function streamOf(coding: MadeCoding, length: number): Transform {
  if (coding === "gzip") return zlib.createGzip({ level: GZIP_LEVEL });
  if (coding === "zstd") {
    const params = { [zlib.constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL };
    return zlib.createZstdCompress({ params });
  }
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
  const params = { [BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [BROTLI_PARAM_SIZE_HINT]: length };
  return zlib.createBrotliCompress({ params });
}

/** The compressed bytes, or undefined if the file has shrunk. */
async function compressed(
  stream: Transform,
  part: BodyPart,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    stream.on("end", resolve);
    stream.on("error", reject);
  });
  for (let at = part.start; at < part.end; at += PIECE) {
    const piece = pieceOf(part, at, Math.min(at + PIECE, part.end));
    if (piece === undefined) {
      stream.destroy();
      return undefined;
    }
    await new Promise((resolve) => stream.write(piece, resolve));
    // The callback runs in a microtask: without this wait the event loop would not turn in between.
    await nextTurn();
  }
  stream.end();
  await ended;
  return concatBytes(chunks);
}

function pieceOf({ source }: BodyPart, start: number, end: number): Uint8Array | undefined {
  if (source instanceof Uint8Array) return source.subarray(start, end);
  const bytes = new Uint8Array(end - start);
  for (let read = 0; read < bytes.length;) {
    const place = { start: read, end: bytes.length, offset: start + read };
    const count = source.read(bytes, place);
    if (count <= 0) return undefined;
    read += count;
  }
  return bytes;
}
