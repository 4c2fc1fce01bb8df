/**
 * The body of a 206 with several ranges (RFC 9110 section 14.6): everything but the bytes themselves.
 *
 * In: ranges, the representation's type and size, and a boundary. Out: what stands in front of each
 * range and behind the last, and the length of the whole, known before anything is sent. The boundary
 * is given by who has randomness: it must be one that the content cannot hold.
 */

import { latin1Bytes } from "../ascii.ts";
import { type ByteRange, contentRange } from "./ranges.ts";

/** RFC 2046 section 5.1.1, less what would need quotes in Content-Type: 1 to 70 token characters. */
const BOUNDARY = /^[0-9A-Za-z'+_.-]{1,70}$/;

/** What a multipart answer is made of. */
export interface MultipartByteranges {
  /** The value of the answer's own Content-Type. */
  readonly contentType: string;
  /** Bytes of the whole body. */
  readonly contentLength: number;
  /** What stands before each range, in the ranges' order. */
  readonly heads: readonly Uint8Array<ArrayBuffer>[];
  /** What stands behind the last range. */
  readonly closing: Uint8Array<ArrayBuffer>;
}

/** What the parts are of. */
export interface PartsOf {
  /** Bytes of the whole representation. */
  readonly size: number;
  /** Its Content-Type, a field value; undefined: the parts have none. */
  readonly contentType: string | undefined;
  /** What separates the parts: 1 to 70 letters, digits and `'+_.-`. */
  readonly boundary: string;
}

/** Makes the heads and the closing. @throws {TypeError} for a boundary that is none */
export function multipartByteranges(
  ranges: readonly ByteRange[],
  { size, contentType, boundary }: PartsOf,
): MultipartByteranges {
  if (!BOUNDARY.test(boundary)) throw new TypeError(`Cannot separate parts by "${boundary}"`);
  const typeLine = contentType === undefined ? "" : `Content-Type: ${contentType}\r\n`;
  const heads = ranges.map((range, index) => {
    // RFC 2046 section 5.1.1: the line break in front belongs to the delimiter, not to the part.
    const delimiter = `${index === 0 ? "" : "\r\n"}--${boundary}\r\n`;
    return latin1Bytes(
      `${delimiter}${typeLine}Content-Range: ${contentRange(range, size)}\r\n\r\n`,
    );
  });
  const closing = latin1Bytes(`\r\n--${boundary}--\r\n`);
  const framing = heads.reduce((sum, head) => sum + head.length, closing.length);
  const content = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    contentLength: framing + content,
    heads,
    closing,
  };
}
