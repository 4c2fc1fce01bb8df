/**
 * The limits on what a peer can make the code of HTTP, WebSocket and JSON store or process, with their
 * reasons and precedents. Those of the Pusher protocol are in pusher/limits.ts.
 *
 * In: nothing. Out: defaults, which the command line can override; passed to the connections as
 * arguments. The limits of sockets and time are in runtime/config/.
 */

/** Limits of one HTTP/1.1 connection. */
export interface Http1Limits {
  /** Bytes of the request line without its CRLF; above it: 414. */
  readonly requestLineBytes: number;
  /** Bytes of the whole head, including the request line and the final CRLF; above it: 431. */
  readonly headBytes: number;
  /** Field lines of a head, and separately of a trailer section; above it: 431. */
  readonly fieldCount: number;
  /** Bytes of a request body after decoding; above it: 413. */
  readonly bodyBytes: number;
  /** Bytes of one chunk-size line with its extensions; above it: 400. */
  readonly chunkLineBytes: number;
}

/** Limits of one WebSocket connection. */
export interface WebSocketLimits {
  /** Payload bytes of one message, all fragments together; above it: close 1009. */
  readonly messageBytes: number;
  /** Frames of one message; above it: close 1008. */
  readonly fragmentCount: number;
}

/** Defaults for HTTP/1.1. */
export const HTTP1_LIMITS: Http1Limits = {
  // nginx: large_client_header_buffers 4 8k; RFC 9112 section 3 recommends at least 8,000 octets.
  requestLineBytes: 8 * 1024,
  // nginx: 4 buffers of 8k for the whole head.
  headBytes: 32 * 1024,
  // Apache: LimitRequestFields 100.
  fieldCount: 100,
  // The largest body that /echo collects in memory.
  bodyBytes: 16 * 1024 * 1024,
  // A size of 16 hex digits, and room for extensions that proxies add. No known sender needs more.
  chunkLineBytes: 256,
};

/** Defaults for WebSocket. */
export const WEBSOCKET_LIMITS: WebSocketLimits = {
  // Bun: maxPayloadLength 16 MiB.
  messageBytes: 16 * 1024 * 1024,
  // Autobahn 9.3.1 and 9.4.1 send 4 MiB in fragments of 64 bytes; an empty final frame may follow.
  // A fragment costs no memory beyond its bytes (in ws before 8.21 it did), and less time than a small
  // message: tests/bench/micro.ts. A rate limit on fragments would not help: an attacker could send
  // messages instead. This limit ends a message of empty fragments, which never reaches `messageBytes`.
  fragmentCount: 65_537,
};

/**
 * Ranges of one request; if there are more, the whole representation is sent instead. Apache's default is
 * 200, without merging. Document viewers ask for a few, and each range costs a part header.
 */
export const MAX_RANGES = 16;

/**
 * Arrays and objects of a JSON text that are open at once. Each costs a call of the scanner; RFC 8259 section 9
 * allows a limit. .NET's System.Text.Json: 64.
 */
export const JSON_DEPTH = 64;
