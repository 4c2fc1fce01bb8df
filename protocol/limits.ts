/**
 * Every bound on what a peer can make grow in the protocol, with its reason and precedent.
 *
 * In: nothing. Out: defaults that the command line may replace; handed to the connections as
 * arguments. Bounds that belong to sockets and time are in runtime/config/.
 */

/** Bounds of one HTTP/1.1 connection. */
export interface Http1Limits {
  /** Bytes of the request line without its CRLF; beyond: 414. */
  readonly requestLineBytes: number;
  /** Bytes of the whole head, request line and final CRLF included; beyond: 431. */
  readonly headBytes: number;
  /** Field lines of a head, and again of a trailer section; beyond: 431. */
  readonly fieldCount: number;
  /** Bytes of a request body after decoding; beyond: 413. */
  readonly bodyBytes: number;
  /** Bytes of one chunk-size line with its extensions; beyond: 400. */
  readonly chunkLineBytes: number;
}

/** Bounds of one WebSocket connection. */
export interface WebSocketLimits {
  /** Payload bytes of one message over all its fragments; beyond: close 1009. */
  readonly messageBytes: number;
  /** Frames that one message may come in; beyond: close 1008. */
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
  // A size of 16 hex digits and room for extensions that proxies add; none needs more.
  chunkLineBytes: 256,
};

/** Defaults for WebSocket. */
export const WEBSOCKET_LIMITS: WebSocketLimits = {
  // Bun: maxPayloadLength 16 MiB.
  messageBytes: 16 * 1024 * 1024,
  // Autobahn 9.3.1 and 9.4.1 send 4 MiB in fragments of 64 bytes; one more may end the message, empty.
  // Here a fragment costs no memory beside its bytes (in ws before 8.21 it did), and less time than a small
  // message: tests/bench/micro.ts. So a bound on their rate would keep out nobody who could not send messages
  // instead; this one ends a message of empty fragments, which never reaches `messageBytes`.
  fragmentCount: 65_537,
};

/**
 * Ranges of one request; of more the whole is sent instead. Apache has 200 and merges nothing by default;
 * readers of documents ask for a handful, and each costs a part's head.
 */
export const MAX_RANGES = 16;
