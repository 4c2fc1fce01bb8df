/**
 * What an app does with the WebSockets that `server.upgrade` accepts, and the WebSocket that its handlers get: both as in Bun.
 *
 * Types alone: app_module.ts refers to them. What carries them out is in server_web_socket.ts.
 */

import type { Buffer } from "node:buffer";

/** What is sent: text, or bytes as a binary message. */
export type WebSocketData = string | ArrayBufferLike | ArrayBufferView;

/** How a binary message is given to the handler `message`. */
export type WebSocketBinaryType = "nodebuffer" | "arraybuffer" | "uint8array";

/** One WebSocket, as the app's handlers see it. */
export interface ServerWebSocket<T = unknown> {
  /** What `server.upgrade` was given as `data`; the app may replace it. */
  data: T;
  /** The client's address, as `server.requestIP` has it. */
  readonly remoteAddress: string;
  /** As of a browser's WebSocket: 1 open, 2 closing, 3 closed. */
  readonly readyState: 0 | 1 | 2 | 3;
  /** What binary messages are given as; default: `nodebuffer`. */
  binaryType: WebSocketBinaryType | undefined;
  /** The topics that the socket is subscribed to. */
  readonly subscriptions: string[];
  /**
   * Sends a message. With `compress` it is compressed, from 256 bytes on, if `--websocket-compression` is on and the client
   * accepts that.
   *
   * @returns bytes of the message; -1: it is queued, as the client has not read earlier ones yet, and `drain` is
   * called later; 0: it was dropped, because the socket is closed or too much waits for the client
   */
  send(data: WebSocketData, compress?: boolean): number;
  /** Sends text; returns what `send` does. */
  sendText(data: string, compress?: boolean): number;
  /** Sends bytes; returns what `send` does. */
  sendBinary(data: Exclude<WebSocketData, string>, compress?: boolean): number;
  /** Sends a ping of at most 125 bytes; returns what `send` does. */
  ping(data?: WebSocketData): number;
  /** Sends a pong of at most 125 bytes; returns what `send` does. */
  pong(data?: WebSocketData): number;
  /** Bytes that the client has not read yet. */
  getBufferedAmount(): number;
  /** Begins the closing handshake; default: code 1000. */
  close(code?: number, reason?: string): void;
  /** Ends the connection at once: the client sees no close frame. */
  terminate(): void;
  /**
   * From now on the socket gets what is published in the topic: a channel, on all workers.
   *
   * @returns whether it is subscribed; false if the socket is closed
   */
  subscribe(topic: string): boolean;
  /** Ends a subscription; returns whether there was one. */
  unsubscribe(topic: string): boolean;
  /** Whether there is such a subscription. */
  isSubscribed(topic: string): boolean;
  /**
   * Publishes to all subscribers of a topic but this socket, also when it is closed.
   *
   * @returns bytes of the message; 0: nobody else is subscribed, or the channels have no room
   */
  publish(topic: string, data: WebSocketData, compress?: boolean): number;
  /** Publishes text; returns what `publish` does. */
  publishText(topic: string, data: string, compress?: boolean): number;
  /** Publishes bytes; returns what `publish` does. */
  publishBinary(topic: string, data: Exclude<WebSocketData, string>, compress?: boolean): number;
  /** Calls `callback` with this socket. What it sends leaves together, as everything of a turn does here. */
  cork<R>(callback: (socket: ServerWebSocket<T>) => R): R;
}

/**
 * The handlers of an app's WebSockets. Each may return a promise: the next message of the socket waits for that of `open` and
 * those of `message`. The arguments are Bun's.
 */
// deno-lint-ignore no-explicit-any -- each app says what its `data` is
export interface AppWebSocketHandlers<T = any> {
  /** The connection has become a WebSocket. */
  open?(socket: ServerWebSocket<T>): unknown;
  /** A message has come: text, or bytes as `binaryType` says. */
  message?(socket: ServerWebSocket<T>, message: string | Buffer): unknown;
  /** The connection is gone, ended by either side; 1006: without a close frame. */
  close?(socket: ServerWebSocket<T>, code: number, reason: string): unknown;
  /** The client has read all that was queued for it. */
  drain?(socket: ServerWebSocket<T>): unknown;
  /** A ping has come; it was answered. */
  ping?(socket: ServerWebSocket<T>, data: Buffer): unknown;
  /** A pong has come. */
  pong?(socket: ServerWebSocket<T>, data: Buffer): unknown;
  /**
   * Whether a socket goes on in the new server at an upgrade, and with what: with its `data`, or with what this returns, which is its `data`
   * there; if that is undefined, and if this is absent or false, the socket is closed with 1012. Plain data alone can be carried. Afterwards
   * nothing is called for the socket in this copy, not even `close`.
   */
  readonly move?: boolean | ((socket: ServerWebSocket<T>) => unknown);
  /** In place of `open`, in the new server: the socket goes on, and is subscribed to its topics. */
  moved?(socket: ServerWebSocket<T>): unknown;
  /** False: no compression is negotiated; otherwise it is if `--websocket-compression` is on. */
  readonly perMessageDeflate?: unknown;
  /** Whether `ws.publish` reaches the publishing socket too; default: false. */
  readonly publishToSelf?: boolean;
  /** Whether a socket is closed if more than `--max-queued` waits for it; default: false, what is more is dropped. */
  readonly closeOnBackpressureLimit?: boolean;
}
