/**
 * Masks and unmasks payloads in place (RFC 6455 section 5.3); both are the same XOR.
 *
 * In: a byte range, the key as a little-endian integer, and the key byte for the first byte. Out: the
 * changed bytes, and the key byte for the next range, because a payload may arrive in pieces. Called by the
 * frame decoder and encoder. Aligned bytes are processed four per step. Little-endian machines only: Deno
 * supports no others.
 */

/** Below this many bytes, a word view costs more than it saves. */
const SHORT_RUN = 16;

/** Views of bigger buffers are not cached, so that the cache never keeps a big message in memory. */
const LARGEST_CACHED_BUFFER = 1024 * 1024;

// A word view of the buffer that was unmasked last. That is nearly always the worker's receive buffer;
// without the cache, each frame would create a view.
let cachedWords = new Int32Array(0);
let cachedBuffer: ArrayBufferLike = cachedWords.buffer;

/**
 * XORs `bytes[start, end)` with the key.
 *
 * @param key the four key bytes, the first in the lowest eight bits
 * @param phase which key byte, 0–3, belongs to `bytes[start]`
 * @returns which key byte belongs to the byte after `end`
 */
export function unmask(
  bytes: Uint8Array,
  start: number,
  end: number,
  key: number,
  phase: number,
): number {
  const rotated = rotateKey(key, phase);
  if (end - start < SHORT_RUN) {
    unmaskBytes(bytes, start, end, rotated);
  } else {
    const misaligned = (bytes.byteOffset + start) & 3;
    const from = misaligned === 0 ? start : start + 4 - misaligned;
    unmaskBytes(bytes, start, from, rotated);
    const to = end - ((bytes.byteOffset + end) & 3);
    const aligned = rotateKey(rotated, (from - start) & 3);
    unmaskWords(bytes, from, to, aligned);
    // Whole words do not change the phase of the key.
    unmaskBytes(bytes, to, end, aligned);
  }
  return (phase + end - start) & 3;
}

/** The key rotated so that its byte `phase` comes first. */
function rotateKey(key: number, phase: number): number {
  const bits = phase << 3;
  // A shift by 32 is a shift by 0, so phase 0 gives the key itself.
  return (key >>> bits) | (key << (32 - bits));
}

function unmaskBytes(bytes: Uint8Array, start: number, end: number, key: number): void {
  for (let at = start, shift = 0; at < end; at++, shift = (shift + 8) & 31) {
    bytes[at]! ^= key >>> shift;
  }
}

/** Unmasks whole words: `start` and `end` are on word boundaries of the underlying buffer. */
function unmaskWords(bytes: Uint8Array, start: number, end: number, key: number): void {
  const words = wordsOf(bytes.buffer);
  const last = (bytes.byteOffset + end) >>> 2;
  for (let at = (bytes.byteOffset + start) >>> 2; at < last; at++) words[at]! ^= key;
}

function wordsOf(buffer: ArrayBufferLike): Int32Array {
  if (buffer === cachedBuffer) return cachedWords;
  const words = new Int32Array(buffer, 0, buffer.byteLength >>> 2);
  if (buffer.byteLength > LARGEST_CACHED_BUFFER) return words;
  cachedWords = words as Int32Array<ArrayBuffer>;
  cachedBuffer = buffer;
  return words;
}
