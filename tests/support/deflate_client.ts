/**
 * A WebSocket client that compresses: the npm `ws` with options of permessage-deflate, and a view of what comes on the wire.
 *
 * In: a URL and options. Out: messages in their order, what was negotiated, and how many bytes and compressed frames the server
 * has sent. The options are those of `ws`; absent parameters are not offered.
 */

import type { Socket } from "node:net";
import WebSocket from "npm:ws@8.18.3";
import { within } from "./wait_for.ts";

/** Options of `ws`. */
export interface DeflateOptions {
  serverNoContextTakeover?: boolean;
  clientNoContextTakeover?: boolean;
  serverMaxWindowBits?: number;
  /** true: offered without a value, as by default; false: not offered. */
  clientMaxWindowBits?: number | boolean;
  threshold?: number;
}

/** The part of `ws` that reads frames: when it emits a message, the bit of that message is still here. */
interface Receiver {
  readonly _compressed: boolean;
}

interface WsSocket {
  on(event: string, listener: (...values: never[]) => void): void;
  send(
    data: string | Uint8Array,
    options?: { compress?: boolean; binary?: boolean; fin?: boolean },
  ): void;
  ping(data?: string): void;
  close(code?: number): void;
  terminate(): void;
  readonly extensions: string;
  readonly _socket: Socket;
  readonly _receiver: Receiver;
}

const open = WebSocket as unknown as new (
  url: string,
  protocols: readonly string[],
  options: {
    perMessageDeflate: boolean | DeflateOptions;
    handshakeTimeout: number;
    rejectUnauthorized: boolean;
  },
) => WsSocket;

const HANDSHAKE_TIMEOUT_MS = 30_000;

/** A message, and whether it was compressed. */
export interface DeflateMessage {
  readonly data: Uint8Array;
  readonly binary: boolean;
  readonly compressed: boolean;
}

/** An open WebSocket; terminated when disposed of. */
export class DeflateClient implements AsyncDisposable {
  /** Settles with the close code once the connection has gone. */
  readonly closed: Promise<number>;
  readonly socket: WsSocket;
  /** The server's Sec-WebSocket-Extensions. */
  readonly answer: string | undefined;
  readonly #messages: DeflateMessage[] = [];
  readonly #readers: ((message: DeflateMessage) => void)[] = [];

  private constructor(socket: WsSocket, answer: string | undefined) {
    this.socket = socket;
    this.answer = answer;
    const receiver = socket._receiver;
    socket.on("message", (data: Uint8Array, binary: boolean) => {
      const message = { data: new Uint8Array(data), binary, compressed: receiver._compressed };
      const reader = this.#readers.shift();
      if (reader) reader(message);
      else this.#messages.push(message);
    });
    const { promise, resolve } = Promise.withResolvers<number>();
    socket.on("close", (code: number) => resolve(code));
    this.closed = promise;
  }

  /** Opens a connection. @param options false: offers nothing */
  static async open(
    url: string,
    options: boolean | DeflateOptions = true,
    protocols: readonly string[] = [],
  ): Promise<DeflateClient> {
    const perMessageDeflate = options === true ? { threshold: 0 } : options;
    const socket = new open(url, protocols, {
      perMessageDeflate,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      rejectUnauthorized: false,
    });
    const { promise, resolve, reject } = Promise.withResolvers<DeflateClient>();
    let answer: string | undefined;
    socket.on("upgrade", ({ headers }: { headers: Record<string, string | undefined> }) => {
      answer = headers["sec-websocket-extensions"];
    });
    // At the upgrade, so that no frame was read.
    socket.on("open", () => resolve(new DeflateClient(socket, answer)));
    socket.on("error", (error: Error) => reject(error));
    return await promise;
  }

  /** What was negotiated. */
  get extensions(): string {
    return this.socket.extensions;
  }

  /** Bytes that came on the connection. */
  get bytesRead(): number {
    return this.socket._socket.bytesRead;
  }

  /** Sends a string as text, bytes as binary. */
  send(data: string | Uint8Array, compress = true): void {
    this.socket.send(data, { compress });
  }

  /** Sends one message, a frame for each part. */
  sendFragments(
    parts: readonly (string | Uint8Array)[],
    binary = typeof parts[0] !== "string",
  ): void {
    parts.forEach((part, i) => {
      this.socket.send(part, { binary, compress: true, fin: i === parts.length - 1 });
    });
  }

  /** The next message. */
  next(): Promise<DeflateMessage> {
    const waiting = this.#messages.shift();
    if (waiting) return Promise.resolve(waiting);
    const { promise, resolve } = Promise.withResolvers<DeflateMessage>();
    this.#readers.push(resolve);
    return within(promise, { what: "a WebSocket message" });
  }

  /** The next message as text. */
  async nextText(): Promise<string> {
    return new TextDecoder().decode((await this.next()).data);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }
}
