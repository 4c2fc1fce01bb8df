/**
 * The protocols without I/O: bytes in, events and bytes out. No clock, no randomness, no socket, nothing
 * asynchronous: time, random keys and limits are arguments.
 *
 * HTTP/1.1 (RFC 9112) is in `http1/`, HTTP semantics (RFC 9110) in `semantics/`, WebSocket (RFC 6455) in
 * `websocket/`, IP addresses in `address/`, the PROXY header in `proxy_protocol/`. This file exports what
 * the runtime uses of them. An event that means the same in both protocols has one name; if both have a
 * name with different meanings, it is exported with the protocol's name as a prefix.
 *
 * ```ts
 * import { ByteBuffer, DateField, HTTP1_LIMITS, Http1Connection, REQUEST, RequestHead } from "./mod.ts";
 *
 * const date = new DateField(0);
 * const connection = new Http1Connection({ head: new RequestHead(), limits: HTTP1_LIMITS, date });
 * const bytes = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
 * connection.receive(bytes, 0, bytes.length);
 * console.log(connection.next() === REQUEST, connection.head.path); // true "/"
 * console.log(new ByteBuffer().length); // 0
 * ```
 *
 * @module
 */

export * from "./basics.ts";
export { clientAddress, clientScheme } from "./address/mod.ts";
export { NEED_DATA, ProtocolError } from "./errors.ts";
export {
  type MemoryLedger,
  MessageBufferPool,
  PREALLOCATED_BYTES,
  SPARE_BYTES,
} from "./message_buffer_pool.ts";
export { PayloadBuffer } from "./payload_buffer.ts";
export {
  CLOSED as HTTP_CLOSED,
  constantFields,
  DATA,
  END_OF_MESSAGE,
  HeadCache,
  Http1Connection,
  type Http1ConnectionOptions,
  isHost,
  PAUSED,
  REQUEST,
  RequestHead,
  type ResponseFields,
  type ResponseHead,
  SWITCHED_PROTOCOL,
} from "./http1/mod.ts";
export { LONGEST_PROXY_HEADER, type ProxyHeader, readProxyHeader } from "./proxy_protocol/mod.ts";
export {
  type ByteRange,
  type ConditionalRequest,
  type ContentCoding,
  contentRange,
  decodeRequestPath,
  evaluatePreconditions,
  type FieldLine,
  type FieldLineFault,
  formatHttpDate,
  FULL,
  isRefusedPath,
  isToken,
  type MultipartByteranges,
  multipartByteranges,
  NOT_ACCEPTABLE,
  NOT_MODIFIED,
  parseHttpDate,
  PRECONDITION_FAILED,
  preferredCoding,
  PROCEED,
  type RangeSelection,
  type RefusedPath,
  type Representation,
  type RequestPath,
  selectRanges,
  UNSATISFIABLE,
  unsatisfiedContentRange,
  type Verdict,
} from "./semantics/mod.ts";
export {
  ABNORMAL_CLOSURE,
  acceptDeflate,
  BINARY,
  CLOSE,
  CLOSED as WEBSOCKET_CLOSED,
  type DeflateAgreement,
  encodeFrame,
  FIN,
  frameHeaderSize,
  framePayloadLength,
  FrameReaderPool,
  GOING_AWAY,
  type Inflater,
  type InflateResult,
  INTERNAL_ERROR,
  isCloseCode,
  isOriginAllowed,
  judgeHandshake,
  MESSAGE,
  PING,
  POLICY_VIOLATION,
  PONG,
  RSV1,
  SERVICE_RESTART,
  TEXT,
  TRY_AGAIN_LATER,
  WebSocketConnection,
} from "./websocket/mod.ts";
