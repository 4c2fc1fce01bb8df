/**
 * A connection on its way from one server to the one that replaces it: what the worker that had it knows, and what the worker that gets
 * it has to know.
 *
 * Between the two workers it is a record: see connection_record.ts.
 */

/** A WebSocket, or a stream of events, that goes on in another process. Its peer notices nothing. */
export interface MovedConnection {
  /** What it is. */
  readonly kind: "websocket" | "stream" | "idle";
  /** Open in the process that has the record. */
  readonly descriptor: number;
  /** The client's address and port, if a proxy has named them or the config needs them; else empty, and 0. */
  readonly address: string;
  readonly port: number;
  /** The path of the endpoint. */
  readonly endpoint: string;
  /** What permessage-deflate was negotiated with; 0: it was not. */
  readonly windowBits: number;
  /** What the endpoint has to know of the connection, in a format of its own; empty: nothing. */
  readonly state: Uint8Array;
  /** Bytes of the peer with which a new session goes on where the old one was: frames, or the request. */
  readonly unread: Uint8Array;
  /** The only worker that can go on with it, by its number; absent: any. */
  readonly worker?: number | undefined;
  /** Bytes that wait for the peer to read. */
  readonly unsent: Uint8Array;
}

/** Several of them, as threads and processes pass them on. */
export interface MovedConnections {
  /** Open in the process that has them. */
  readonly descriptors: readonly number[];
  /** A record for each, in the same order. */
  readonly records: Uint8Array;
}
