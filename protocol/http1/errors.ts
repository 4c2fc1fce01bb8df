/**
 * All protocol errors of HTTP/1.1 in one table: code, status, message.
 *
 * In: a code, and the offending byte if there is one. Out: the ProtocolError to throw. Thrown by the
 * parsers and decoders of this folder at the check that cites the rule; tests and logs use the code.
 * After any of them the position in the stream is unknown, so the connection is closed.
 */
import { ProtocolError } from "../errors.ts";

/** Status and message of one error. */
interface Fault {
  readonly status: number;
  readonly message: string;
}

/** The errors by their stable codes. */
export const HTTP1_FAULTS = {
  // The request line, RFC 9112 section 3.
  HTTP_BAD_METHOD: { status: 400, message: "The method is not a token" },
  HTTP_BAD_TARGET: { status: 400, message: "The request target contains an invalid byte" },
  HTTP_BAD_TARGET_FORM: {
    status: 400,
    message: "The request target is neither a path, nor an absolute URI, nor * for OPTIONS",
  },
  HTTP_BAD_VERSION: { status: 400, message: "The request line does not end in HTTP/x.y and CRLF" },
  HTTP_VERSION_NOT_SUPPORTED: { status: 505, message: "Only HTTP/1.0 and HTTP/1.1 are supported" },
  HTTP_REQUEST_LINE_TOO_LONG: { status: 414, message: "The request line is too long" },

  // Field lines, RFC 9112 section 5.
  HTTP_HEAD_TOO_LARGE: { status: 431, message: "The head is too large" },
  HTTP_TOO_MANY_FIELDS: { status: 431, message: "The head has too many fields" },
  HTTP_BAD_FIELD_NAME: { status: 400, message: "A field name is not a token" },
  HTTP_EMPTY_FIELD_NAME: { status: 400, message: "A field line has no name" },
  HTTP_SPACE_BEFORE_COLON: { status: 400, message: "A field name is followed by white space" },
  HTTP_OBS_FOLD: { status: 400, message: "A field line begins with white space" },
  HTTP_BAD_FIELD_VALUE: { status: 400, message: "A field value contains a control character" },
  HTTP_BARE_CR: { status: 400, message: "A CR is not followed by LF" },
  HTTP_BARE_LF: { status: 400, message: "A LF is not preceded by CR" },

  // Fields that the server interprets.
  HTTP_MISSING_HOST: { status: 400, message: "An HTTP/1.1 request has no Host field" },
  HTTP_REPEATED_HOST: { status: 400, message: "The head has more than one Host field" },
  HTTP_BAD_HOST: { status: 400, message: "The host is not a name or address with a port" },
  HTTP_BAD_CONTENT_LENGTH: { status: 400, message: "Content-Length is not a decimal number" },
  HTTP_REPEATED_CONTENT_LENGTH: {
    status: 400,
    message: "The head has more than one Content-Length field",
  },
  HTTP_LENGTH_AND_ENCODING: {
    status: 400,
    message: "The head has both Content-Length and Transfer-Encoding",
  },
  HTTP_ENCODING_IN_HTTP10: { status: 400, message: "An HTTP/1.0 request has Transfer-Encoding" },
  HTTP_CHUNKED_NOT_LAST: {
    status: 400,
    message: "Transfer-Encoding does not end in chunked, so the length of the body is unknown",
  },
  HTTP_UNKNOWN_ENCODING: { status: 501, message: "Only the transfer coding chunked is supported" },
  HTTP_EXPECTATION_FAILED: {
    status: 417,
    message: "Only the expectation 100-continue is supported",
  },

  // The body, RFC 9112 sections 6 and 7.
  HTTP_BODY_TOO_LARGE: { status: 413, message: "The body is too large" },
  HTTP_BAD_CHUNK_SIZE: { status: 400, message: "A chunk does not begin with a hexadecimal size" },
  HTTP_BAD_CHUNK_SIZE_END: {
    status: 400,
    message: "A chunk size is followed by neither CRLF nor an extension",
  },
  HTTP_BAD_CHUNK_EXTENSION: {
    status: 400,
    message: "A chunk extension is neither ;NAME nor ;NAME=VALUE",
  },
  HTTP_CHUNK_LINE_TOO_LONG: { status: 400, message: "A chunk-size line is too long" },
  HTTP_BAD_CHUNK_END: { status: 400, message: "A chunk is longer than its size" },
  HTTP_TRAILERS_TOO_LARGE: { status: 431, message: "The trailer section is too large" },
  HTTP_INCOMPLETE: { status: 400, message: "The connection ended in the middle of a request" },
} as const satisfies Record<string, Fault>;

/** A stable code, `HTTP_…`. */
export type Http1FaultCode = keyof typeof HTTP1_FAULTS;

/**
 * Makes the error for a code.
 *
 * @param byte the offending byte, or -1 if there is no single one
 */
export function http1Error(code: Http1FaultCode, byte = -1): ProtocolError {
  const { status, message } = HTTP1_FAULTS[code];
  const found = byte < 0 ? "" : ` (found 0x${byte.toString(16).padStart(2, "0")})`;
  return new ProtocolError(code, message + found, { status });
}
