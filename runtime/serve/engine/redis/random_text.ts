/**
 * Random names for publications, epochs and nodes.
 *
 * In: nothing. Out: texts of 11 characters of Base64url, from 8 random bytes; two are equal never in practice. The bytes are
 * drawn for many texts at once.
 */
import { Buffer } from "node:buffer";

const LENGTH = 8;
const POOL = Buffer.alloc(LENGTH * 512);
let next = POOL.length;

/** A text that no other call returns. */
export function randomText(): string {
  if (next === POOL.length) {
    crypto.getRandomValues(POOL);
    next = 0;
  }
  next += LENGTH;
  return POOL.toString("base64url", next - LENGTH, next);
}
