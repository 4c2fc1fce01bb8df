/**
 * WebSocket, RFC 6455: the server's handshake, and connections of either role: bytes in, events and bytes
 * out. No socket, no clock, no randomness: the caller provides them.
 *
 * @example Echoes a message: the header is written in place before the payload
 * ```ts
 * import { FrameReaderPool, MESSAGE, MessageBufferPool, WebSocketConnection } from "./mod.ts";
 * import { WEBSOCKET_LIMITS } from "../limits.ts";
 *
 * const readers = new FrameReaderPool("server", WEBSOCKET_LIMITS, new MessageBufferPool());
 * const connection = new WebSocketConnection(readers);
 * // The frame of RFC 6455 section 5.7: a masked text message that contains "Hello".
 * const view = Uint8Array.of(0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58);
 * connection.receive(view, 0, view.length);
 * if (connection.next() === MESSAGE) {
 *   const { payload, payloadStart, payloadEnd, opcode } = connection;
 *   const length = payloadEnd - payloadStart;
 *   const start = connection.encodeHeaderBefore(payload, payloadStart, length, opcode);
 *   console.log(payload.subarray(start, payloadEnd)); // 81 05 48 65 6c 6c 6f
 * }
 * connection.retain();
 * ```
 *
 * @module
 */

export * from "./close_code.ts";
export { WebSocketConnection } from "./connection.ts";
export type { ConnectionState } from "./connection_state.ts";
export { acceptDeflate, type DeflateAgreement } from "./deflate_offer.ts";
export * from "./events.ts";
export { encodeFrame } from "./frame_encoder.ts";
export type { Role } from "./frame_reader.ts";
export { FrameReaderPool } from "./frame_reader_pool.ts";
export {
  FIN,
  frameHeaderSize,
  framePayloadLength,
  LONGEST_UNMASKED_HEADER,
  RSV1,
} from "./frame_header.ts";
export {
  computeAccept,
  type HandshakeAccepted,
  type HandshakeAnswer,
  type HandshakeRefused,
  type HandshakeRequest,
  judgeHandshake,
} from "./handshake.ts";
export type { Inflater, InflateResult } from "./inflater.ts";
export { MessageBufferPool } from "../message_buffer_pool.ts";
export { BINARY, CONTINUATION, TEXT } from "./opcodes.ts";
export { isOriginAllowed, type OriginPattern, parseOriginPattern } from "./origin.ts";
export { type ViolationCode, VIOLATIONS } from "./violation.ts";
