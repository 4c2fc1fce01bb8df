/**
 * One WebSocket connection of an app: calls the app's handlers for what happens to it.
 *
 * In: the session's events. Out: calls of `open`, `moved`, `message`, `close`, `drain`, `ping` and `pong`, always those of the copy of the app that is
 * current. The next message waits for the promise of a handler. What a handler throws is reported; the connection goes on, as in Bun, unless
 * `open` or `moved` has thrown: a socket that the app has not set up is closed with 1011. At an upgrade it gives up what the app lets it take
 * along, and goes on with that in the new server.
 */

import { decodeUtf8, INTERNAL_ERROR, TEXT } from "../../../protocol/mod.ts";
import type { OverflowPolicy, WebSocketHandler, WebSocketPeer } from "../session/mod.ts";
import type { AppWebSocketHandlers } from "./app_web_socket_handlers.ts";
import { decodeMovedSocket, encodeMovedSocket, MOVED_SOCKETS } from "./moved_socket.ts";
import { promiseOf } from "./promise_of.ts";
import { AppSocket, type AppSocketHost, type AppSocketParts } from "./server_web_socket.ts";
import { Buffer } from "node:buffer";

/** The state of a socket that has sent its close frame. */
const CLOSING = 2;

/** What all connections of a worker share. */
export interface AppConnectionHost extends AppSocketHost {
  /** Those of the current copy. */
  readonly handlers: AppWebSocketHandlers;
  /** Counts an error of the app, and tells the operator. */
  report(what: string, error: unknown): void;
  /** A socket stays, because its data cannot be carried: the operator is told of the first one. */
  reportKept(error: unknown): void;
}

/** Of a socket that is about to be told by the server before. */
const UNKNOWN: AppSocketParts = { data: undefined, remoteAddress: "" };

/** A connection. */
export class AppConnection implements WebSocketHandler {
  readonly #host: AppConnectionHost;
  readonly #parts: AppSocketParts;
  #socket!: AppSocket;
  /** Fulfilled when `open` or `moved` has ended; null: it has. */
  #opening: Promise<void> | null = null;
  /** Whether that has thrown. */
  #hasFailed = false;
  /** Whether it was asked to move, and cannot. */
  #stays = false;

  /** @param parts absent: {@link moved} brings them */
  constructor(host: AppConnectionHost, parts: AppSocketParts = UNKNOWN) {
    this.#host = host;
    this.#parts = parts;
  }

  get overflow(): OverflowPolicy {
    return this.#host.handlers.closeOnBackpressureLimit === true ? "close" : "drop";
  }

  get compresses(): boolean {
    return this.#host.handlers.perMessageDeflate !== false;
  }

  get resumesAt(): string | undefined {
    const isKept = this.#stays || this.#hasFailed || !this.#host.handlers.move;
    return isKept ? undefined : MOVED_SOCKETS;
  }

  /** While the channels go over to the new server, an app with topics could not publish. The others have nothing to wait for. */
  get isFreezable(): boolean {
    return this.resumesAt !== undefined && this.#host.topics.isUsed;
  }

  opened(peer: WebSocketPeer): void {
    this.#socket = new AppSocket(this.#host, this.#parts, peer);
    this.#begin(peer, "open");
  }

  moving(): Uint8Array | undefined {
    if (this.#opening !== null || !this.#socket.isSettled()) return undefined;
    try {
      const state = this.#stateOf(this.#socket);
      if (state !== undefined) this.#socket.leave();
      else this.#stays = true;
      return state;
    } catch (error) {
      this.#stays = true;
      this.#host.reportKept(error);
      return undefined;
    }
  }

  /** What it takes along; undefined: the app does not let it go, or has closed it. */
  #stateOf(socket: AppSocket): Uint8Array | undefined {
    const { handlers } = this.#host;
    const isAsked = typeof handlers.move === "function";
    const data = isAsked ? handlers.move(socket) : socket.data;
    if (promiseOf(data) !== undefined) throw new TypeError("it must not return a promise");
    if ((isAsked && data === undefined) || !socket.isOpen) return undefined;
    const { remoteAddress, binaryType, places: topics } = socket;
    return encodeMovedSocket({ data, remoteAddress, binaryType, topics });
  }

  moved(peer: WebSocketPeer, state: Uint8Array): void {
    const { data, remoteAddress, binaryType, topics } = decodeMovedSocket(state);
    const socket = this.#socket = new AppSocket(this.#host, { data, remoteAddress }, peer);
    socket.binaryType = binaryType;
    for (const topic of topics) socket.resubscribe(topic);
    this.#begin(peer, "moved");
  }

  /** Calls what sets up the socket; its first message waits for that. */
  #begin(peer: WebSocketPeer, name: "open" | "moved"): void {
    const failed = (error: unknown) => {
      this.#hasFailed = true;
      this.#host.report(`websocket.${name}`, error);
      peer.close(INTERNAL_ERROR);
    };
    try {
      const promise = promiseOf(this.#host.handlers[name]?.(this.#socket));
      if (promise === undefined) return;
      this.#opening = promise.then(() => {}, failed).then(() => void (this.#opening = null));
    } catch (error) {
      failed(error);
    }
  }

  message(peer: WebSocketPeer): void | Promise<void> {
    // After the wait the message is a copy.
    if (this.#opening !== null) return this.#opening.then(() => this.#deliverLate(peer));
    return this.#deliver(peer);
  }

  pinged({ payload, payloadStart, payloadEnd }: WebSocketPeer): void {
    this.#callControl("ping", payload.subarray(payloadStart, payloadEnd));
  }

  ponged({ payload, payloadStart, payloadEnd }: WebSocketPeer): void {
    this.#callControl("pong", payload.subarray(payloadStart, payloadEnd));
  }

  drained(): void {
    const { handlers } = this.#host;
    if (handlers.drain !== undefined) {
      void this.#call("websocket.drain", () => handlers.drain?.(this.#socket));
    }
  }

  closed({ closeCode, closeReason }: WebSocketPeer): void {
    const socket = this.#socket;
    socket.leave();
    const close = () => {
      const { handlers } = this.#host;
      return this.#call("websocket.close", () => handlers.close?.(socket, closeCode, closeReason));
    };
    if (this.#opening === null) void close();
    else void this.#opening.then(close);
  }

  /** What has come while `open` or `moved` ran is not for a socket that is not set up, or was closed. */
  #deliverLate(peer: WebSocketPeer): void | Promise<void> {
    if (!this.#hasFailed && this.#socket.readyState !== CLOSING) return this.#deliver(peer);
  }

  #deliver({ opcode, payload, payloadStart, payloadEnd }: WebSocketPeer): void | Promise<void> {
    const { handlers } = this.#host;
    if (handlers.message === undefined) return;
    const message = opcode === TEXT
      ? decodeUtf8(payload, payloadStart, payloadEnd)
      : this.#binary(payload.slice(payloadStart, payloadEnd));
    try {
      return this.#follow("websocket.message", handlers.message(this.#socket, message as Buffer));
    } catch (error) {
      this.#host.report("websocket.message", error);
    }
  }

  /** What the app may keep: `copy` is its own. */
  #binary(copy: Uint8Array): unknown {
    const { binaryType } = this.#socket;
    if (binaryType === "arraybuffer") return copy.buffer;
    return binaryType === "uint8array" ? copy : Buffer.from(copy.buffer);
  }

  #callControl(kind: "ping" | "pong", bytes: Uint8Array): void {
    const { handlers } = this.#host;
    if (handlers[kind] === undefined) return;
    const data = Buffer.from(bytes.slice().buffer);
    void this.#call(`websocket.${kind}`, () => handlers[kind]?.(this.#socket, data));
  }

  /** Calls a handler. The promise, if it returns one, is never rejected. */
  #call(what: string, handler: () => unknown): void | Promise<void> {
    try {
      return this.#follow(what, handler());
    } catch (error) {
      this.#host.report(what, error);
    }
  }

  #follow(what: string, result: unknown): void | Promise<void> {
    return promiseOf(result)?.then(() => {}, (error) => this.#host.report(what, error));
  }
}
