/**
 * The interface between sessions and endpoints: routes, exchanges, WebSocket handlers.
 *
 * In: an exchange, which is a request and the methods to answer it. Out: one answer. A handler may
 * answer at once, or return a promise and answer before it is fulfilled; the connection's next request waits.
 */

import type { PreparedResponse, RequestHead, ResponseHead } from "../../../protocol/mod.ts";
import type { OpenFile } from "../../net/mod.ts";
import type { LogLabel } from "../../observe/log/mod.ts";
import type { SharedFrames } from "./shared_message.ts";

/** The behaviour of a path. */
export interface Route {
  /** Its name in the log. */
  readonly label: LogLabel;
  /** Methods that its handler answers, as listed in Allow; null: every one. The session answers OPTIONS. */
  readonly methods: readonly string[] | null;
  /** Whether the handler needs the request's whole body, which is within the limit. */
  readonly wantsBody: boolean;
  /**
   * Answers a request that is no upgrade, or any request if `webSocket` is null. After an `await`, read the
   * request and the body from the exchange again: it has copies now, and earlier references are not valid.
   */
  handle(exchange: Exchange): void | Promise<void>;
  /** Serves the WebSocket; null: the path does not upgrade. */
  readonly webSocket: WebSocketHandler | null;
  /** As {@link WebSocketHandler.isFreezable}, of requests, and of the next one of clients that have asked here. */
  readonly isFreezable?: boolean;
  /**
   * Goes on with an answer that the server before this one has begun, by what {@link StreamListener.moving} has returned there; that may be of
   * another version. If it cannot, it ends the answer. Absent: it is ended.
   */
  resume?(answer: BegunAnswer, state: Uint8Array): void;
}

/** An answer whose head, and a part of its body, another server has sent. */
export interface BegunAnswer {
  /** Goes on with the body. Must be called, once. */
  goOn(listener: StreamListener): AnswerStream;
}

/** A request and the one answer to it. */
export interface Exchange {
  /** The request; valid until the handler returns, or returns a promise. */
  readonly request: RequestHead;
  /**
   * The client's address: the peer's, or the one that a trusted proxy names; empty for a Unix socket. Computed
   * when it is read; empty too if nothing in the config needs it.
   */
  readonly clientAddress: string;
  /** Whether the client speaks https, to us or to a trusted proxy. */
  readonly isSecure: boolean;
  /** The subject of the client's verified certificate, as `CN=alice`; empty without --tls-client-ca. */
  readonly clientSubject: string;
  /**
   * The body is `bodyBytes[bodyStart, bodyEnd)`; empty unless the route has `wantsBody`. Valid until the handler
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
  /** Answers with a prepared response: the fast way. */
  respondPrepared(prepared: PreparedResponse): void;
  /** Answers with a body that never changes; it is not copied. */
  respondConstant(response: ResponseHead, body: Uint8Array): void;
  /** Answers with a prepared head, and with its whole body, which is not copied. */
  respondPreparedPart(prepared: PreparedResponse, part: BodyPart): void;
  /** Answers with a body of several parts, none of which is copied; their sum is `contentLength`. */
  respondParts(response: ResponseHead, parts: readonly BodyPart[]): void;
  /**
   * Begins an answer whose body is sent over time, chunked, or until the close for HTTP/1.0. The connection's next
   * request waits for its end.
   *
   * @param response its `contentLength` is -1
   * @returns null if the answer is complete, as one to HEAD is, or if there was one before
   */
  respondStream(response: ResponseHead, listener: StreamListener): AnswerStream | null;
}

/** The app of a server: code of the operator, which is asked about requests before the routes are. */
export interface AppRoute {
  /** Its name in the log. */
  readonly label: LogLabel;
  /** Whether it is asked about this path. */
  isAsked(path: string): boolean;
  /**
   * Called when the head of a request is complete. "next": the app does not answer, the routes do. After an `await`
   * the same holds as for {@link Route.handle}.
   */
  handle(exchange: AppExchange): AppResult | Promise<AppResult>;
  /**
   * Milliseconds that a handler's promise may be pending while the client is not waited for: then the client gets 504, and
   * what the handler answers later is dropped. Absent or 0: no limit.
   */
  readonly timeout?: number;
  /** Called before the worker serves. */
  start?(): void | Promise<void>;
  /** Called when the worker has stopped serving. @param left the milliseconds after which it is not waited for: the drain time's rest */
  stop?(left: number): void | Promise<void>;
  /** The handler of a WebSocket that the app has opened in the server before this one; absent: it takes none. */
  movedSocket?(): WebSocketHandler;
  /** What exactly one worker runs again and again. */
  readonly schedule?: AppSchedule | undefined;
}

/** What an app wants to be run again and again. */
export interface AppSchedule {
  /** Milliseconds from one beginning to the next. */
  readonly every: number;
  run(): void | Promise<void>;
}

/** What the app did: it has answered or upgraded, or it passes the request on. */
export type AppResult = void | "next";

/** A request as the app sees it: {@link Exchange.bodyBytes} is empty, as the body is read as a stream. */
export interface AppExchange extends Exchange {
  /** The client's port; 0 if it is not known: its address is one that a field of a trusted proxy names, or it has none. */
  readonly clientPort: number;
  /** Another number for each request, and after its answer: who keeps an exchange compares it. */
  readonly turn: number;
  /** Whether the answer has begun: nothing that is answered now is sent. */
  readonly isAnswered: boolean;
  /**
   * Begins to read the body. What has arrived is passed before this returns; the rest when it arrives. Once for each
   * request. Until it is called, nothing of the body is read beyond one buffer. What is not read when the answer is
   * complete is skipped.
   */
  readBody(listener: BodyListener): void;
  /**
   * Reads the whole body, in place of {@link readBody}: at once if it has arrived. While it arrives its memory counts towards
   * `--max-memory`, and the client gets 503 if there is none.
   */
  readWhole(listener: WholeListener): void;
  /** Passes further pieces, after {@link BodyListener.data} has returned false. */
  resumeBody(): void;
  /**
   * Makes the connection a WebSocket of this handler; nothing else can be answered then.
   *
   * @param fields fields of the answer 101
   * @returns false, and nothing has happened, if the request is no valid handshake, or of a foreign origin
   */
  upgrade(handler: WebSocketHandler, fields?: ResponseHead["fields"]): boolean;
  /**
   * Calls `callback` if the client leaves, or ends its side of the connection, before the answer is complete: at once if
   * it already has. An answer is still sent if it can be. Null: nothing is called.
   */
  onLeft(callback: (() => void) | null): void;
  /** From now on the app may take this many milliseconds to answer, in place of {@link AppRoute.timeout}; 0: no limit. */
  setTimeout(milliseconds: number): void;
}

/** Takes the body of a request piece by piece. */
export interface BodyListener {
  /**
   * Bytes that it holds of what it was passed: they count towards `--max-memory` while the body arrives. Looked at after each piece, and
   * when the app takes more.
   */
  readonly heldBytes?: number;
  /** The bytes are valid until it returns. False: nothing more is passed before {@link AppExchange.resumeBody}. */
  data(bytes: Uint8Array, start: number, end: number): boolean;
  /** The body is complete. */
  end(): void;
  /** The body ends before it is complete, for this reason: nothing more follows. */
  failed(reason: Error): void;
}

/** Takes the body of a request whole. */
export interface WholeListener {
  /** The bytes are valid until it returns. */
  whole(bytes: Uint8Array, start: number, end: number): void;
  /** As in {@link BodyListener}. */
  failed(reason: Error): void;
}

/** An answer whose body is sent over time. */
export interface AnswerStream {
  /** Whether more can be sent: false after `end`, and after the client has left. */
  readonly isOpen: boolean;
  /** Bytes that are queued for the client. */
  readonly queuedBytes: number;
  /**
   * Sends a piece of the body, a copy of these bytes.
   *
   * @returns bytes sent; -1: they are queued, as the client has not read earlier ones yet; 0: they are dropped, as
   * more than the limit (`--max-queued`) is queued or the stream is not open
   */
  send(bytes: Uint8Array, start: number, end: number): number;
  /** Ends the answer; the connection stays open if it can. */
  end(): void;
  /** Closes the connection with all that is queued: the client sees that the answer is not whole. */
  abort(): void;
}

/** The events that the owner of an {@link AnswerStream} gets. */
export interface StreamListener {
  /** The client has left, or ended its side of the connection: nothing more can be sent. Called at most once. */
  left(): void;
  /**
   * The server is stopping: a last piece may be sent; the stream ends when this returns. With `later` the listener ends it, within
   * `--drain-timeout`.
   */
  stopping(): void | "later";
  /** The client has read all that was queued. */
  drained?(): void;
  /** Whether it brings what a server hands over at an upgrade: if it cannot go on in the new one, it ends soon. Absent: it does not. */
  readonly isFreezable?: boolean;
  /** The path of the route that goes on with the answer in the new server at an upgrade. Absent: the answer is ended in time. */
  readonly resumesAt?: string | undefined;
  /** The only worker that can go on with it there, by its number. Absent: any. */
  readonly resumesOn?: number | undefined;
  /**
   * The answer is about to go on there: gives up what the listener keeps for it, and is not called again. What is sent here goes along.
   *
   * @returns what {@link Route.resume} has to know; undefined, and nothing has happened, if it cannot move now
   */
  moving?(): Uint8Array | undefined;
  /** Whether an answer that the client's end cuts short must not look complete: then the connection is aborted. */
  readonly isCutOff?: boolean;
}

/** Bytes `[start, end)` of a body: in memory that never changes, or in an open file. */
export interface BodyPart {
  readonly source: Uint8Array | OpenFile;
  readonly start: number;
  readonly end: number;
}

/**
 * What happens to a message that is sent while more bytes than the limit (`--max-queued`) are queued for its
 * peer. In each case nothing more is read from that peer until it has read what is queued.
 * - `pause`: a message that the handler sends synchronously in answer to one is queued; others are dropped.
 * - `drop`: it is dropped.
 * - `close`: it is dropped, and the connection is closed with all that is queued.
 */
export type OverflowPolicy = "pause" | "drop" | "close";

/** A WebSocket endpoint; one handler serves all its connections. */
export interface WebSocketHandler {
  /** Default: `pause`. */
  readonly overflow?: OverflowPolicy;
  /** False: permessage-deflate is not negotiated; absent: it is if the server's compression is on. */
  readonly compresses?: boolean;
  /**
   * The path of the endpoint, or what the app's sockets have in its place: at an upgrade the connections go on there in the new server.
   * Absent: they are closed in time.
   */
  readonly resumesAt?: string | undefined;
  /**
   * Whether handshakes and messages wait, the latter in the kernel, while the server hands over what they are about: nothing could be done
   * with them. Absent: they are handled until the connection moves.
   */
  readonly isFreezable?: boolean;
  /**
   * The connection is about to go on in the new server: gives up what the handler keeps for it. Nothing else is called for it
   * afterwards, not even `closed`. What is sent here goes along.
   *
   * @returns what {@link moved} has to know; undefined, and nothing has happened, if the connection cannot move now. Absent: it can always,
   * and there is nothing to know
   */
  moving?(socket: WebSocketPeer): Uint8Array | undefined;
  /**
   * In the new server, in place of `opened`: goes on with what {@link moving} of the server before has returned, which may be of another
   * version. If it cannot, it closes the connection. What is sent here follows what the server before has sent.
   */
  moved?(socket: WebSocketPeer, state: Uint8Array): void;
  /** The handshake is complete; what is sent here goes out with it. The request is valid until this returns. */
  opened(socket: WebSocketPeer, request: RequestHead): void;
  /**
   * A message has arrived: `socket.opcode` and the payload. It is valid until this returns or, if this returns
   * a promise, until that is settled. After an `await`, read the payload from the socket again: it is a copy
   * then. The connection's next message waits for the promise.
   */
  message(socket: WebSocketPeer): void | Promise<void>;
  /** A ping has arrived, and was answered: its payload is that of a message. Valid until this returns. */
  pinged?(socket: WebSocketPeer): void;
  /** A pong has arrived; otherwise as `pinged`. */
  ponged?(socket: WebSocketPeer): void;
  /** The peer has read all that was queued. */
  drained?(socket: WebSocketPeer): void;
  /** The server is stopping: the handler closes the WebSocket within `--drain-timeout`. Absent: it is closed at once, with 1001. */
  draining?(socket: WebSocketPeer): void;
  /** The connection is gone, whichever side ended it. Called once for each `opened` and each `moved`, last, unless it has moved away. */
  closed?(socket: WebSocketPeer): void;
}

/** One WebSocket, as its handler sees it. */
export interface WebSocketPeer {
  /** Whatever the handler keeps for this connection: a field here costs less than a table of its own. */
  attachment: unknown;
  /** Of the current message: 1 is text, 2 is binary. */
  readonly opcode: number;
  /** The current message is `payload[payloadStart, payloadEnd)`. */
  readonly payload: Uint8Array;
  /** Where the message begins. */
  readonly payloadStart: number;
  /** Where it ends. */
  readonly payloadEnd: number;
  /** Bytes that are queued for the peer. */
  readonly queuedBytes: number;
  /** Whether messages may be sent: no close frame was sent, and the connection is there. */
  readonly isOpen: boolean;
  /** The code with which the connection has ended: the peer's, or ours if it has sent none; 1006 without a close frame. */
  readonly closeCode: number;
  /** The reason beside it. */
  readonly closeReason: string;
  /**
   * Sends a message, a copy of these bytes.
   *
   * @param compress false: never compressed; absent: compressed if that was negotiated and makes it smaller
   * @returns bytes of its frame; -1: it is queued, as the peer has not read earlier bytes yet; 0: it is
   * dropped, by the overflow policy or as the connection is ending
   */
  send(
    opcode: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    compress?: boolean,
  ): number;
  /** Sends a message that is sent to others too, without a copy; returns what `send` does. */
  sendShared(message: SharedFrames): number;
  /** Sends the current message back, without a copy if that is cheaper; returns what `send` does. */
  reply(opcode: number): number;
  /** Sends a ping, or a pong, of at most 125 bytes; returns what `send` does. */
  sendControl(kind: "ping" | "pong", bytes: Uint8Array, start: number, end: number): number;
  /** Begins the close handshake. */
  close(code: number, reason?: string): void;
  /** Ends the connection at once, without a close frame. */
  abort(): void;
}
