/**
 * What a path does: the seam between the sessions and the endpoints.
 *
 * In: an exchange, which is a request and the means to answer it. Out: one answer. A handler may
 * answer at once, or return a promise and answer before it is fulfilled; the connection's next request waits.
 */

import type { PreparedResponse, RequestHead, ResponseHead } from "../../../protocol/mod.ts";
import type { OpenFile } from "../../net/mod.ts";
import type { LogLabel } from "../../observe/log/mod.ts";
import type { SharedMessage } from "./shared_message.ts";

/** A path's behaviour. */
export interface Route {
  /** What the log calls it. */
  readonly label: LogLabel;
  /** Methods its handler answers, as they stand in Allow; null: every one. OPTIONS is answered for it. */
  readonly methods: readonly string[] | null;
  /** Whether the handler wants the request's body, whole and within the limit. */
  readonly wantsBody: boolean;
  /**
   * Answers a request that is no upgrade, or an upgrade where `webSocket` is null. After an `await`
   * ask the exchange for the request and the body anew: they were copied, what was got before was not.
   */
  handle(exchange: Exchange): void | Promise<void>;
  /** Who serves the WebSocket; null: the path does not upgrade. */
  readonly webSocket: WebSocketHandler | null;
}

/** A request and the one answer to it. */
export interface Exchange {
  /** The request; valid until the handler returns, or gives way by returning a promise. */
  readonly request: RequestHead;
  /**
   * The client's address: the peer's, or whom a believed proxy names; empty for a Unix socket. Found when it
   * is asked for; empty too where the config has nobody who wants to know it.
   */
  readonly clientAddress: string;
  /** Whether the client speaks https, to us or to a believed proxy. */
  readonly isSecure: boolean;
  /**
   * The body is `bodyBytes[bodyStart, bodyEnd)`; empty unless the route wants it. Valid until the handler
   * returns or its promise is settled, whether it has answered or not.
   */
  readonly bodyBytes: Uint8Array;
  /** Where the body begins. */
  readonly bodyStart: number;
  /** Where it ends. */
  readonly bodyEnd: number;
  /** Answers with these bytes as the body; they are copied before it returns. */
  respond(response: ResponseHead, bytes: Uint8Array, start: number, end: number): void;
  /** Answers with a short text, `text/plain`. */
  respondText(status: number, text: string, fields?: ResponseHead["fields"]): void;
  /** Answers with what was prepared: the fast way. */
  respondPrepared(prepared: PreparedResponse): void;
  /** Answers with a body that never changes; it is not copied. */
  respondConstant(response: ResponseHead, body: Uint8Array): void;
  /** Answers with a prepared head, and its whole body from where that lies. */
  respondPreparedPart(prepared: PreparedResponse, part: BodyPart): void;
  /** Answers with a body of several parts, none of which is copied; together they have the length told. */
  respondParts(response: ResponseHead, parts: readonly BodyPart[]): void;
}

/** Bytes `[start, end)` of a body: in memory, where they never change, or in an open file. */
export interface BodyPart {
  readonly source: Uint8Array | OpenFile;
  readonly start: number;
  readonly end: number;
}

/**
 * What happens to a message while more bytes wait for its peer than the limit has (`--max-queued`). In each
 * case nothing more is read from that peer until it has read what waits.
 * - `pause`: what the handler sends at once in answer to a message is taken all the same; anything else is dropped.
 * - `drop`: it is dropped.
 * - `close`: it is dropped, and the connection is closed with all that waits.
 */
export type OverflowPolicy = "pause" | "drop" | "close";

/** What a WebSocket endpoint does; one for all its connections. */
export interface WebSocketHandler {
  /** `pause` when left out. */
  readonly overflow?: OverflowPolicy;
  /** The handshake is complete; what is sent here goes out with it. */
  opened(socket: WebSocketPeer): void;
  /**
   * A message has come: `socket.opcode` and its payload. It is valid until this returns or, where this
   * returns a promise, until that is settled; after an `await` ask the socket for the payload anew, which is a
   * copy then. The connection's next message waits for the promise.
   */
  message(socket: WebSocketPeer): void | Promise<void>;
  /** The peer has read all that waited for it. */
  drained?(socket: WebSocketPeer): void;
}

/** One WebSocket, as its handler sees it. */
export interface WebSocketPeer {
  /** Of the present message: 1 is text, 2 is binary. */
  readonly opcode: number;
  /** The present message is `payload[payloadStart, payloadEnd)`. */
  readonly payload: Uint8Array;
  /** Where the message begins. */
  readonly payloadStart: number;
  /** Where it ends. */
  readonly payloadEnd: number;
  /** Bytes that wait for the peer to read. */
  readonly queuedBytes: number;
  /**
   * Sends a message, a copy of these bytes.
   *
   * @returns bytes of its frame; -1: it is queued behind what waits for the peer; 0: it is dropped, by the
   * overflow policy or since the connection ends
   */
  send(opcode: number, bytes: Uint8Array, start: number, end: number): number;
  /** Sends a message that is sent to others too, without a copy; returns what `send` does. */
  sendShared(message: SharedMessage): number;
  /** Sends the present message back, its payload not copied where that is cheaper; returns what `send` does. */
  reply(opcode: number): number;
  /** Begins the close handshake. */
  close(code: number, reason?: string): void;
}
