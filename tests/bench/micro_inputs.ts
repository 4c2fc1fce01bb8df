/**
 * Inputs of the protocol microbenchmarks: requests as clients send them, texts, payload sizes.
 */

import { ByteBuffer } from "../../protocol/byte_buffer.ts";
import { WEBSOCKET_LIMITS } from "../../protocol/limits.ts";
import {
  BINARY,
  FrameReaderPool,
  MessageBufferPool,
  WebSocketConnection,
} from "../../protocol/websocket/mod.ts";
import { BROWSER_FIELDS } from "./requests.ts";

const encoder = new TextEncoder();

/** A request of exactly 100 bytes, including the empty line, as a load generator sends it. */
export const SMALL_REQUEST: Uint8Array = encoder.encode(
  "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: small-client/1.10\r\nAccept: */*\r\nX-N: 12\r\n\r\n",
);

/** A request of Chromium to the server of a page: 12 fields. */
export const BROWSER_REQUEST: Uint8Array = encoder.encode([
  "GET /healthz HTTP/1.1",
  "Host: 127.0.0.1:8000",
  ...BROWSER_FIELDS,
  "\r\n",
].join("\r\n"));

/** Payload sizes in bytes: those of the WebSocket rows. */
export const SIZES: readonly number[] = [16, 1024, 64 * 1024, 1024 * 1024];

/** `size` bytes of ASCII text. */
export function asciiText(size: number): Uint8Array<ArrayBuffer> {
  return encoder.encode("The quick brown fox jumps over. ".repeat(Math.ceil(size / 32))).slice(
    0,
    size,
  );
}

/** `size` bytes of text with characters of one to four bytes; `size` must be a multiple of 16. */
export function mixedText(size: number): Uint8Array<ArrayBuffer> {
  // 1 + 2 + 3 + 4 + 3 + 2 + 1 bytes.
  return encoder.encode("aé€😀€éz".repeat(size / 16)).slice();
}

/** A client's binary frame with `size` bytes of payload (RFC 6455 section 5.2). */
export function maskedFrame(size: number): Uint8Array<ArrayBuffer> {
  const out = new ByteBuffer(size + 14);
  const readers = new FrameReaderPool("client", WEBSOCKET_LIMITS, new MessageBufferPool());
  const client = new WebSocketConnection(readers, () => 0x3d21fa37);
  client.sendMessage(out, BINARY, asciiText(size), 0, size);
  return out.view().slice();
}

/** A client's binary message in `count` fragments of `size` bytes, at most 125 each. */
export function maskedFragments(count: number, size: number): Uint8Array<ArrayBuffer> {
  const frame = maskedFrame(size);
  const bytes = new Uint8Array(count * frame.length);
  for (let i = 0; i < count; i++) {
    bytes.set(frame, i * frame.length);
    // RFC 6455 section 5.4: the opcode in the first frame, FIN in the last.
    bytes[i * frame.length] = (i === 0 ? BINARY : 0) | (i === count - 1 ? 0x80 : 0);
  }
  return bytes;
}
