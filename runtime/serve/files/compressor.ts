/**
 * Compresses files in the background of a worker: a piece, then a turn for everybody else.
 *
 * In: a body part and a coding. Out: the compressed bytes, or undefined where they save too little.
 * zlib works on this thread, some milliseconds for each 64 KiB (on Deno 2.9.6 its one-shot functions
 * block for the whole file), so what is compressed goes in piece by piece. A few files at a time.
 */

import type { Transform } from "node:stream";
import zlib from "node:zlib";
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

/** Bytes between two turns. */
const PIECE = 64 * 1024;
/** Files compressed at the same time; more are sent as they are. */
const AT_ONCE = 4;
/** A result that is longer than this share of the file is not worth a client's work. */
const WORTH_SHARE = 0.95;
/** Of 11: beyond it takes several times as long for a few percent; nginx's module has 6, of 64 KiB some 2 ms. */
const BROTLI_QUALITY = 5;
/** zlib's own default. */
const GZIP_LEVEL = 6;
/** zstd's own default. Its window there is 2 MiB: of 8 MiB at most, as RFC 9659 wants. */
const ZSTD_LEVEL = 3;

/** Compresses for one worker. */
export class Compressor {
  #active = 0;

  /** Whether it has as much to do as it should at once. */
  get busy(): boolean {
    return this.#active >= AT_ONCE;
  }

  /** Compresses a part whose file is held meanwhile. */
  async compress(coding: MadeCoding, part: BodyPart): Promise<Uint8Array | undefined> {
    this.#active++;
    try {
      const length = part.end - part.start;
      const bytes = await compressed(streamOf(coding, length), part);
      return bytes !== undefined && bytes.length <= length * WORTH_SHARE ? bytes : undefined;
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

/** All of it, or undefined where the file has become shorter. */
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
    // The callback comes in a microtask: without this the loop would not turn in between.
    await nextTurn();
  }
  stream.end();
  await ended;
  return joined(chunks);
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

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
