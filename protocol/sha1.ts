/**
 * SHA-1 (FIPS 180-4 section 6.1), for its only use here: the accept key of the WebSocket handshake
 * (RFC 6455 section 4.2.2). WebCrypto's digest is asynchronous, and nothing here is.
 *
 * In: the whole message. Out: a new 20-byte digest. Never use it for security: SHA-1 collisions are
 * practical. The handshake only proves that the server speaks WebSocket.
 */

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 20;
/** Offset of the 64-bit message length within the last block (section 5.1.1). */
const LENGTH_OFFSET = 56;

/** The message schedule W (section 6.1.2). Recomputed for each block; no call keeps it. */
const schedule = new Int32Array(80);

/**
 * The SHA-1 digest of `bytes`.
 *
 * @param bytes the whole message, of any length below 2^53 bits
 * @returns a new array of 20 bytes
 */
export function sha1(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  // Section 5.3.1: the initial hash value.
  const hash = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const wholeEnd = bytes.length - (bytes.length % BLOCK_BYTES);
  for (let at = 0; at < wholeEnd; at += BLOCK_BYTES) compress(hash, bytes, at);
  const tail = padTail(bytes, wholeEnd);
  for (let at = 0; at < tail.length; at += BLOCK_BYTES) compress(hash, tail, at);
  return toBytes(hash);
}

/** Section 5.1.1: the rest of the message, a 1 bit, zeros, and the length in bits. */
function padTail(bytes: Uint8Array, from: number): Uint8Array {
  const rest = bytes.length - from;
  const tail = new Uint8Array(rest < LENGTH_OFFSET ? BLOCK_BYTES : 2 * BLOCK_BYTES);
  tail.set(bytes.subarray(from));
  tail[rest] = 0x80;
  const bits = bytes.length * 8;
  const view = new DataView(tail.buffer);
  view.setUint32(tail.length - 8, Math.floor(bits / 2 ** 32));
  view.setUint32(tail.length - 4, bits % 2 ** 32);
  return tail;
}

/** Section 6.1.2: adds the block of 64 bytes at `at` to the hash. */
function compress(hash: Int32Array, bytes: Uint8Array, at: number): void {
  fillSchedule(bytes, at);
  // The hash has five words and the schedule eighty: every index below is in bounds.
  let a = hash[0]!, b = hash[1]!, c = hash[2]!, d = hash[3]!, e = hash[4]!;
  for (let t = 0; t < 80; t++) {
    const next = (rotateLeft(a, 5) + mix(t, b, c, d) + e + schedule[t]!) | 0;
    e = d;
    d = c;
    c = rotateLeft(b, 30);
    b = a;
    a = next;
  }
  hash[0]! += a;
  hash[1]! += b;
  hash[2]! += c;
  hash[3]! += d;
  hash[4]! += e;
}

function fillSchedule(bytes: Uint8Array, at: number): void {
  // `at + 64` is in bounds: sha1() passes whole blocks only.
  for (let t = 0; t < 16; t++, at += 4) {
    schedule[t] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) |
      bytes[at + 3]!;
  }
  for (let t = 16; t < 80; t++) {
    const word = schedule[t - 3]! ^ schedule[t - 8]! ^ schedule[t - 14]! ^ schedule[t - 16]!;
    schedule[t] = rotateLeft(word, 1);
  }
}

/** Sections 4.1.1 and 4.2.1: the sum of the function and the constant of round `t`. */
function mix(t: number, b: number, c: number, d: number): number {
  if (t < 20) return ((b & c) ^ (~b & d)) + 0x5a827999;
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function toBytes(hash: Int32Array): Uint8Array<ArrayBuffer> {
  const digest = new Uint8Array(DIGEST_BYTES);
  const view = new DataView(digest.buffer);
  hash.forEach((word, index) => view.setInt32(index * 4, word));
  return digest;
}
