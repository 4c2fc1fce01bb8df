/**
 * WebSockets as users open them: the npm `ws` client with a pull interface.
 *
 * In: a URL. Out: messages one at a time, in order, none lost between two calls; pongs; the close.
 * The client has its default options, so it offers permessage-deflate. raw_websocket.ts sends frames
 * that `ws` would never send.
 */

import { Agent } from "node:https";
import WebSocket from "npm:ws@8.18.3";
import { within } from "./wait_for.ts";

/** One message as it arrived. */
export interface WsMessage {
  /** The payload. */
  data: Uint8Array;
  /** Whether it was a binary message. */
  binary: boolean;
}

/** How a connection ended (RFC 6455 section 7.1.5). */
export interface WsClose {
  /** The close code; 1005 if the peer's frame had none, 1006 if no frame arrived. */
  code: number;
  /** The peer's reason, often empty. */
  reason: string;
}

/** The members of the `ws` package that are used; the package has no types. */
interface WsSocket {
  on(event: string, listener: (...values: never[]) => void): void;
  send(data: string | Uint8Array, options?: { binary?: boolean; fin?: boolean }): void;
  ping(data?: string): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  readonly extensions: string;
  readonly protocol: string;
}

const open = WebSocket as unknown as new (
  url: string,
  options: { headers: Readonly<Record<string, string>>; handshakeTimeout: number; agent?: Agent },
) => WsSocket;

const HANDSHAKE_TIMEOUT_MS = 30_000;

/** A refused upgrade: the server answered with another status than 101. */
export class UpgradeRefused extends Error {
  override name = "UpgradeRefused";
  /** The status of the answer. */
  readonly status: number;

  /** @param status the status of the answer */
  constructor(status: number) {
    super(`the upgrade was answered ${status}`);
    this.status = status;
  }
}

/** A queue that is read by promises: early values are kept, and early readers wait. */
class Queue<T> {
  readonly #values: T[] = [];
  readonly #readers: PromiseWithResolvers<T>[] = [];

  push(value: T): void {
    const reader = this.#readers.shift();
    if (reader) reader.resolve(value);
    else this.#values.push(value);
  }

  shift(): Promise<T> {
    if (this.#values.length > 0) return Promise.resolve(this.#values.shift()!);
    const reader = Promise.withResolvers<T>();
    this.#readers.push(reader);
    return reader.promise;
  }

  get length(): number {
    return this.#values.length;
  }
}

/** An open WebSocket; terminated when disposed of. */
export class WsClient implements AsyncDisposable {
  /** Settles with the peer's close once the connection has gone. */
  readonly closed: Promise<WsClose>;
  readonly #socket: WsSocket;
  readonly #messages = new Queue<WsMessage>();
  readonly #pongs = new Queue<string>();

  private constructor(socket: WsSocket) {
    this.#socket = socket;
    socket.on("message", (data: Uint8Array, binary: boolean) => {
      this.#messages.push({ data: new Uint8Array(data), binary });
    });
    socket.on("pong", (data: Uint8Array) => this.#pongs.push(new TextDecoder().decode(data)));
    const { promise, resolve } = Promise.withResolvers<WsClose>();
    socket.on("close", (code: number, reason: Uint8Array) => {
      resolve({ code, reason: new TextDecoder().decode(reason) });
    });
    this.closed = promise;
  }

  /**
   * Opens a connection; messages right after the handshake are kept.
   *
   * @param ca the PEM of the authority that signed the certificate of a wss server
   * @throws {UpgradeRefused} if the server answers anything but 101
   * @throws {Error} if there is no server, or no answer within 30 s
   */
  static async open(
    url: string,
    headers: Readonly<Record<string, string>> = {},
    ca?: string,
  ): Promise<WsClient> {
    // An agent and not an option: Deno 2.4 reads `ca` only from it.
    const trust = ca === undefined ? {} : { agent: new Agent({ ca }) };
    const socket = new open(url, { headers, handshakeTimeout: HANDSHAKE_TIMEOUT_MS, ...trust });
    const client = new WsClient(socket);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.on("open", () => resolve());
    socket.on("error", (error: Error) => {
      const status = /Unexpected server response: (\d+)/.exec(error.message)?.[1];
      reject(status ? new UpgradeRefused(Number(status)) : error);
    });
    await promise;
    return client;
  }

  /** The next message. */
  next(): Promise<WsMessage> {
    return within(this.#messages.shift(), { what: "a WebSocket message" });
  }

  /** The next message as text, of either kind. */
  async nextText(): Promise<string> {
    return new TextDecoder().decode((await this.next()).data);
  }

  /** The number of messages that have arrived and were not read. */
  get waiting(): number {
    return this.#messages.length;
  }

  /** What the server negotiated: extensions, then the subprotocol; both must be empty. */
  get negotiated(): readonly [extensions: string, protocol: string] {
    return [this.#socket.extensions, this.#socket.protocol];
  }

  /** Sends a string as a text message, bytes as a binary one. */
  send(data: string | Uint8Array): void {
    this.#socket.send(data);
  }

  /** Sends one message with a frame for each part, all of the type of the first. */
  sendFragments(parts: readonly (string | Uint8Array)[]): void {
    const binary = typeof parts[0] !== "string";
    parts.forEach((part, i) => this.#socket.send(part, { binary, fin: i === parts.length - 1 }));
  }

  /** Sends a ping and returns the payload of the next pong. */
  ping(data: string): Promise<string> {
    this.#socket.ping(data);
    return within(this.#pongs.shift(), { what: "a pong" });
  }

  /** Starts the close handshake and returns the peer's close. */
  async close(code?: number, reason?: string): Promise<WsClose> {
    this.#socket.close(code, reason);
    return await within(this.closed, { what: "the end of the close handshake" });
  }

  /** Terminates the connection unless it is closed. Never throws: it also runs after failures. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.closed;
  }
}
