/**
 * What a path does: the seam between the sessions and the endpoints.
 *
 * In: an exchange, which is a request and the means to answer it. Out: one answer. A handler may
 * answer at once, or return a promise and answer before it is fulfilled; the connection's next request waits.
 */

import type { PreparedResponse, RequestHead, ResponseHead } from "../../../protocol/mod.ts";
import type { OpenFile } from "../../net/mod.ts";
import type { LogLabel } from "../../observe/log/mod.ts";

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
   * The body is `bodyBytes[bodyStart, bodyEnd)`; empty unless the route wants it. Valid until the answer,
   * and no longer than `request`.
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

/** What a WebSocket endpoint does; one for all its connections. */
export interface WebSocketHandler {
  /** The handshake is complete; what is sent here goes out with it. */
  opened(socket: WebSocketPeer): void;
  /**
   * A message has come: `socket.opcode` and its payload, valid until this returns. After a promise
   * the connection's next message waits for it.
   */
  message(socket: WebSocketPeer): void | Promise<void>;
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
  /** Sends a message, a copy of these bytes. */
  send(opcode: number, bytes: Uint8Array, start: number, end: number): void;
  /** Sends the present message back, its payload not copied where that is cheaper. */
  reply(opcode: number): void;
  /** Begins the close handshake. */
  close(code: number, reason?: string): void;
}
