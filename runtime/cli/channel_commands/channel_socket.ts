/**
 * One WebSocket to the endpoint of channels, whose messages are pulled.
 *
 * In: the server's address. Out: messages, in order, and how the connection ended. Stops reading while too much waits for the
 * caller, so memory stays bounded if either side is slow. The npm package `ws`: the WebSocket of the oldest Deno that is supported takes no
 * certificates of its own.
 */

import { Agent } from "node:https";
import { WebSocket } from "ws";
import { trustHint } from "./trust_hint.ts";

/** Milliseconds. */
const HANDSHAKE_TIME = 15_000;
/** Milliseconds for the server's close frame. */
const GOODBYE_TIME = 400;
/** Bytes of messages that wait for the caller, above which reading stops. */
const MOST_WAITING = 1024 * 1024;

/** The members of the package that are used; it has no types. */
interface PackageSocket {
  on(event: "open", listener: () => void): void;
  on(event: "message", listener: (data: Uint8Array) => void): void;
  on(event: "close", listener: (code: number, reason: Uint8Array) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  send(text: string): void;
  close(code: number): void;
  terminate(): void;
  pause(): void;
  resume(): void;
}

const Socket = WebSocket as unknown as new (url: URL, options: object) => PackageSocket;

/** By status of an answer that is no WebSocket, what it means. */
const REFUSALS: Readonly<Record<number, string>> = {
  401: "it asks for a password, which these commands have none of",
  404: "it has no channels: its configuration needs the section [channels]",
  503: "it is too busy",
};

/** How a connection ended: RFC 6455 section 7.1.5. */
export interface SocketEnd {
  /** 1006: without a close frame. */
  readonly code: number;
  readonly reason: string;
}

/** There is no connection; the message says why. */
export class ConnectError extends Error {
  override name = "ConnectError";
}

/** An open connection. */
export class ChannelSocket {
  readonly #socket: PackageSocket;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  readonly #closed = Promise.withResolvers<void>();
  #isPaused = false;
  #end: SocketEnd | undefined;
  #wake = Promise.withResolvers<void>();
  #silence = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  private constructor(socket: PackageSocket) {
    this.#socket = socket;
    socket.on("message", (data) => this.#received(new Uint8Array(data)));
    socket.on("close", (code, reason) => {
      clearTimeout(this.#timer);
      this.#end = { code, reason: new TextDecoder().decode(reason) };
      this.#closed.resolve();
      this.#wake.resolve();
    });
  }

  /** Connects. @param url ws or wss @throws {ConnectError} */
  static async open(url: URL, ca: string | undefined): Promise<ChannelSocket> {
    // An agent and not an option: Deno 2.4 reads `ca` only from it.
    const trust = ca === undefined || url.protocol !== "wss:" ? {} : { agent: new Agent({ ca }) };
    const options = { handshakeTimeout: HANDSHAKE_TIME, perMessageDeflate: false, ...trust };
    const socket = new Socket(url, options);
    const opened = Promise.withResolvers<void>();
    const own = new ChannelSocket(socket);
    socket.on("open", () => opened.resolve());
    // After the handshake an error is followed by the close.
    socket.on("error", (error) => opened.reject(new ConnectError(reasonOf(error, url))));
    await opened.promise;
    return own;
  }

  /** Sends a text message. */
  send(text: string): void {
    this.#socket.send(text);
  }

  /** Gives up if nothing is received for so many milliseconds, while reading is not stopped. */
  expectWithin(milliseconds: number): void {
    this.#silence = milliseconds;
    this.#watch();
  }

  /** The next message; how the connection ended, after the last one. */
  async next(): Promise<Uint8Array | SocketEnd> {
    for (;;) {
      const message = this.#waiting.shift();
      if (message !== undefined) return this.#taken(message);
      if (this.#end !== undefined) return this.#end;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }

  /** Says goodbye; fulfilled when the server has answered, or did not in time. */
  async close(): Promise<void> {
    this.#socket.close(1000);
    const late = setTimeout(() => this.#socket.terminate(), GOODBYE_TIME);
    await this.#closed.promise;
    clearTimeout(late);
  }

  /** Ends the connection at once. */
  terminate(): void {
    this.#socket.terminate();
  }

  #received(message: Uint8Array): void {
    this.#waiting.push(message);
    this.#waitingBytes += message.length;
    if (this.#waitingBytes > MOST_WAITING && !this.#isPaused) {
      this.#isPaused = true;
      this.#socket.pause();
    }
    this.#watch();
    this.#wake.resolve();
  }

  #taken(message: Uint8Array): Uint8Array {
    this.#waitingBytes -= message.length;
    if (this.#isPaused && this.#waitingBytes <= MOST_WAITING / 2) {
      this.#isPaused = false;
      this.#socket.resume();
      this.#watch();
    }
    return message;
  }

  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#silence === Infinity || this.#isPaused || this.#end !== undefined) return;
    this.#timer = setTimeout(() => this.#socket.terminate(), this.#silence);
  }
}

/** All that Deno 2.4 says of a TLS handshake that failed. */
const NO_REASON = "connection error";

function reasonOf({ message }: Error, { protocol }: URL): string {
  if (message === NO_REASON && protocol === "wss:") {
    return "the TLS handshake failed: if this machine does not trust who signed its certificate, " +
      "name the authority with --ca FILE; if it is for another name, use that in --url";
  }
  const status = /Unexpected server response: (\d+)/.exec(message)?.[1];
  if (status === undefined) return `${message}${trustHint(message)}`;
  const meaning = REFUSALS[Number(status)];
  return `it answers with status ${status}${meaning === undefined ? "" : `: ${meaning}`}`;
}
