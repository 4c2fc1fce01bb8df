/**
 * The framing of a 206 with several ranges (RFC 9110 section 14.6): everything but the content bytes.
 *
 * In: ranges, the representation's type and size, and a boundary. Out: the header before each range, the
 * trailer after the last, and the length of the whole body, known before anything is sent. The caller
 * makes the boundary from random bytes, so that it does not occur in the content.
 */

import { latin1Bytes } from "../ascii.ts";
import { type ByteRange, contentRange } from "./ranges.ts";

/** RFC 2046 section 5.1.1 without characters that need quotes in Content-Type: 1 to 70 token characters. */
const BOUNDARY = /^[0-9A-Za-z'+_.-]{1,70}$/;

/** The parts of a multipart/byteranges body. */
export interface MultipartByteranges {
  /** The Content-Type of the response. */
  readonly contentType: string;
  /** Bytes of the whole body. */
  readonly contentLength: number;
  /** The bytes before each range, in the order of the ranges. */
  readonly heads: readonly Uint8Array<ArrayBuffer>[];
  /** The bytes after the last range. */
  readonly closing: Uint8Array<ArrayBuffer>;
}

/** The representation that the parts are taken from, and the boundary. */
export interface PartsOf {
  /** Bytes of the whole representation. */
  readonly size: number;
  /** Its Content-Type; undefined: the parts have none. */
  readonly contentType: string | undefined;
  /** The boundary: 1 to 70 letters, digits and `'+_.-`. */
  readonly boundary: string;
}

/** Makes the part headers and the closing delimiter. @throws {TypeError} for an invalid boundary */
export function multipartByteranges(
  ranges: readonly ByteRange[],
  { size, contentType, boundary }: PartsOf,
): MultipartByteranges {
  if (!BOUNDARY.test(boundary)) {
    throw new TypeError(`Cannot use "${boundary}" as a multipart boundary`);
  }
  const typeLine = contentType === undefined ? "" : `Content-Type: ${contentType}\r\n`;
  const heads = ranges.map((range, index) => {
    // RFC 2046 section 5.1.1: the line break before the delimiter belongs to it, not to the part.
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
