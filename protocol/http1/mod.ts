/**
 * The server side of HTTP/1.1, without I/O: bytes in, events and bytes out.
 *
 * A worker makes one head and one date for all its connections, and one `Http1Connection` per connection.
 * `receive()` takes received bytes, `next()` returns events, responses are appended to a `ByteBuffer`.
 * RFC 9110 and 9112; strict wherever two recipients could see different messages.
 *
 * ```ts
 * import { ByteBuffer } from "../byte_buffer.ts";
 * import { HTTP1_LIMITS } from "../limits.ts";
 * import { DateField, Http1Connection, REQUEST, RequestHead } from "./mod.ts";
 *
 * const worker = { head: new RequestHead(), limits: HTTP1_LIMITS, date: new DateField(784111777000) };
 * const connection = new Http1Connection(worker);
 * const bytes = new TextEncoder().encode("GET /a?b HTTP/1.1\r\nHost: example.com\r\n\r\n");
 * const out = new ByteBuffer();
 * connection.receive(bytes, 0, bytes.length);
 * if (connection.next() === REQUEST && connection.head.path === "/a") {
 *   const body = new TextEncoder().encode("hello");
 *   const response = { status: 200, fields: [], contentLength: body.length };
 *   connection.sendWhole(out, response, body, 0, body.length);
 * }
 * ```
 *
 * @module
 */
export { Http1Connection, type Http1ConnectionOptions } from "./connection.ts";
export {
  type ClientEvent,
  type ClientState,
  type ServerEvent,
  type ServerState,
} from "./connection_state.ts";
export { DATE_LENGTH, DateField } from "./date_field.ts";
export { HTTP1_FAULTS, http1Error, type Http1FaultCode } from "./errors.ts";
export { CLOSED, DATA, END_OF_MESSAGE, PAUSED, REQUEST, SWITCHED_PROTOCOL } from "./events.ts";
export { HEAD_SLOT_BYTES, HEAD_SLOTS, HeadCache } from "./head_cache.ts";
export { HeaderList } from "./header_list.ts";
export { isHost } from "./host.ts";
export { type FixedResponse, PreparedResponse } from "./prepared_response.ts";
export { RequestHead } from "./request_head.ts";
export { parseRequestHead } from "./request_parser.ts";
export {
  CLOSES,
  constantFields,
  encodeResponseHead,
  IN_CHUNKS,
  KEEPS_ALIVE,
  KEEPS_ALIVE_EXPLICIT,
  type ResponseFields,
  type ResponseForm,
  type ResponseHead,
  UNFRAMED,
} from "./response_encoder.ts";
