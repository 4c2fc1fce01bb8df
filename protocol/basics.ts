/**
 * The parts of protocol/ that threads need which read no requests: addresses, limits, origins, field lines of the
 * config, and prepared answers. For modules that such threads load, because every module costs time and memory in
 * each thread that loads it; all other modules import mod.ts.
 *
 * ```ts
 * import { parseIpAddress } from "./basics.ts";
 * console.log(parseIpAddress("127.0.0.1"));
 * ```
 *
 * @module
 */

export {
  type Cidr,
  cidrContains,
  formatIpAddress,
  parseCidr,
  parseIpAddress,
  UNIX_PEER,
  urlHost,
  urlList,
  urlPerHost,
} from "./address/mod.ts";
export { ByteBuffer } from "./byte_buffer.ts";
export { DateField } from "./http1/date_field.ts";
export { PreparedResponse } from "./http1/prepared_response.ts";
export { concatBytes, joinBytes } from "./join_bytes.ts";
export { CLOSES } from "./http1/response_encoder.ts";
export {
  HTTP1_LIMITS,
  type Http1Limits,
  WEBSOCKET_LIMITS,
  type WebSocketLimits,
} from "./limits.ts";
export { parseFieldLine } from "./semantics/field_value.ts";
export { decodeUtf8, encodeUtf8, lentUtf8, utf8Of } from "./utf8.ts";
export { type OriginPattern, parseOriginPattern } from "./websocket/origin.ts";
