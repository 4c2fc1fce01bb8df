/**
 * Masking and unmasking of payloads (RFC 6455 section 5.3), in place; both are the same XOR.
 *
 * In: a run of bytes, the key as one little-endian integer, and where in the key the run begins.
 * Out: the run changed, and where in the key the next run begins: a payload may come in pieces.
 * Four bytes a step where they are aligned. Little-endian machines only, as all that Deno runs on.
 */

/** Below this many bytes a word view costs more to find than it saves. */
const SHORT_RUN = 16;

/** A view of a bigger buffer is not kept, so that the cache never holds a big message in memory. */
const LARGEST_CACHED_BUFFER = 1024 * 1024;

// The words of the buffer that was unmasked last: nearly always the worker's receive buffer, for
// which a view would otherwise be made for each frame.
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
    // Whole words leave the key where it was.
    unmaskBytes(bytes, to, end, aligned);
  }
  return (phase + end - start) & 3;
}

/** The key as it stands when its byte `phase` comes first. */
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

/** `start` and `end` lie on word boundaries of the buffer beneath. */
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
