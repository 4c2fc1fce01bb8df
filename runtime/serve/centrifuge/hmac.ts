/**
 * HMAC-SHA-256, RFC 2104, by the hash of node:crypto: its `createHmac` prints a warning of deprecation on Deno 2.4.
 *
 * In: a key and a text. Out: 32 bytes.
 */

import { type Buffer } from "node:buffer";
import { createHash } from "node:crypto";

const BLOCK_BYTES = 64;

/** The authentication code of the text's UTF-8. */
export function hmacSha256(key: Uint8Array, text: string): Buffer {
  const short = key.length > BLOCK_BYTES ? createHash("sha256").update(key).digest() : key;
  const block = (pad: number) => {
    const bytes = new Uint8Array(BLOCK_BYTES).fill(pad);
    for (let i = 0; i < short.length; i++) bytes[i] = short[i]! ^ pad;
    return bytes;
  };
  const inner = createHash("sha256").update(block(0x36)).update(text).digest();
  return createHash("sha256").update(block(0x5c)).update(inner).digest();
}
