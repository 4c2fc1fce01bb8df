/**
 * One WebSocket of an app, with the methods of Bun's `ServerWebSocket` and what they return.
 *
 * In: calls of the app's handlers; the connection's end. Out: frames to the peer, publications in topics. After the connection is gone,
 * whatever is sent is dropped, and nothing is subscribed; it may still publish.
 */

import { BINARY, encodeUtf8, TEXT } from "../../../protocol/mod.ts";
import { FewMap } from "../hub/mod.ts";
import {
  closeReason,
  DROPPED,
  QUEUED,
  type SharedFrames,
  type WebSocketPeer,
} from "../session/mod.ts";
import type {
  ServerWebSocket,
  WebSocketBinaryType,
  WebSocketData,
} from "./app_web_socket_handlers.ts";
import { bytesOfBinary, bytesOfText, SCRATCH, SCRATCH_LETTERS, textOf } from "./message_bytes.ts";
import { encodeTopicBytes, encodeTopicText, type TopicData, topicDataOf } from "./topic_data.ts";
import type { MovedTopic } from "./moved_socket.ts";
import type { Topics, TopicSocket, TopicSubscription } from "./topics.ts";

const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
const NORMAL_CLOSURE = 1000;
/** RFC 6455 section 5.5. */
const MOST_CONTROL = 125;
const BINARY_TYPES: readonly unknown[] = ["nodebuffer", "arraybuffer", "uint8array"];
const NO_BYTES = new Uint8Array(0);

/** What all sockets of a worker share. */
export interface AppSocketHost {
  readonly topics: Topics;
  /** Whether what a socket publishes reaches itself. */
  readonly publishesToSelf: boolean;
}

/** What a request has brought. */
export interface AppSocketParts<T = unknown> {
  readonly data: T;
  readonly remoteAddress: string;
}

/** A WebSocket. */
export class AppSocket<T = unknown> implements ServerWebSocket<T>, TopicSocket {
  data: T;
  readonly remoteAddress: string;
  readonly #host: AppSocketHost;
  readonly #peer: WebSocketPeer;
  #binaryType: WebSocketBinaryType = "nodebuffer";
  /** Null until there is one. */
  #topics: FewMap<string, TopicSubscription> | null = null;
  #isGone = false;

  constructor(host: AppSocketHost, parts: AppSocketParts<T>, peer: WebSocketPeer) {
    this.data = parts.data;
    this.remoteAddress = parts.remoteAddress;
    this.#host = host;
    this.#peer = peer;
  }

  get readyState(): 1 | 2 | 3 {
    if (this.#isGone) return CLOSED;
    return this.#peer.isOpen ? OPEN : CLOSING;
  }

  /** Whether it may send. */
  get isOpen(): boolean {
    return this.readyState === OPEN;
  }

  get binaryType(): WebSocketBinaryType {
    return this.#binaryType;
  }

  set binaryType(type: WebSocketBinaryType | undefined) {
    if (type !== undefined && !BINARY_TYPES.includes(type)) {
      throw new TypeError('binaryType must be "uint8array", "arraybuffer" or "nodebuffer"');
    }
    this.#binaryType = type ?? "nodebuffer";
  }

  get subscriptions(): string[] {
    return this.#topics === null ? [] : Array.from(this.#topics.entries(), ([topic]) => topic);
  }

  /** The same, and up to where it has what was published. */
  get places(): MovedTopic[] {
    if (this.#topics === null) return [];
    const { topics } = this.#host;
    return Array.from(this.#topics.entries(), ([topic, subscription]) => ({
      topic,
      position: topics.positionOf(subscription),
    }));
  }

  send(data: WebSocketData, compress?: boolean): number {
    if (typeof data === "string") return this.#sendText(data, compress);
    const bytes = bytesOfBinary(data);
    if (bytes !== undefined) return this.#send(BINARY, bytes, bytes.length, compress);
    return this.#sendText(textOf(data, "send"), compress);
  }

  sendText(data: string, compress?: boolean): number {
    if (typeof data !== "string") throw new TypeError("sendText expects a string");
    return this.#sendText(data, compress);
  }

  sendBinary(data: Exclude<WebSocketData, string>, compress?: boolean): number {
    const bytes = binaryOf(data, "sendBinary");
    return this.#send(BINARY, bytes, bytes.length, compress);
  }

  ping(data?: WebSocketData): number {
    return this.#sendControl("ping", data);
  }

  pong(data?: WebSocketData): number {
    return this.#sendControl("pong", data);
  }

  getBufferedAmount(): number {
    return this.#isGone ? 0 : this.#peer.queuedBytes;
  }

  close(code: number = NORMAL_CLOSURE, reason: string = ""): void {
    if (!this.#isGone) this.#peer.close(code, closeReason(String(reason)));
  }

  terminate(): void {
    if (!this.#isGone) this.#peer.abort();
  }

  subscribe(topic: string): boolean {
    if (this.readyState !== OPEN) return false;
    if (this.#topics?.has(topic)) return true;
    const subscription = this.#host.topics.subscribe(topic, this);
    (this.#topics ??= new FewMap()).set(topic, subscription);
    return true;
  }

  /** Subscribes a socket that comes from the server before, where it had what was published up to this position. */
  resubscribe({ topic, position }: MovedTopic): void {
    const { topics } = this.#host;
    const subscription = topics.subscribe(topic, this, position);
    (this.#topics ??= new FewMap()).set(topic, subscription);
  }

  /** Whether nothing that it has published is still to come back, where it would be taken for another socket's. */
  isSettled(): boolean {
    if (this.#topics === null) return true;
    const { topics } = this.#host;
    topics.flush();
    for (const subscription of this.#topics.values()) {
      if (!topics.isSettled(subscription)) return false;
    }
    return true;
  }

  unsubscribe(topic: string): boolean {
    const subscription = this.#topics?.get(topic);
    if (subscription === undefined) return false;
    this.#topics?.delete(topic);
    this.#host.topics.unsubscribe(subscription);
    return true;
  }

  isSubscribed(topic: string): boolean {
    return this.#topics?.has(topic) ?? false;
  }

  publish(topic: string, data: WebSocketData): number {
    return this.#publish(topic, topicDataOf(data));
  }

  publishText(topic: string, data: string): number {
    if (typeof data !== "string") throw new TypeError("publishText expects a string");
    return this.#publish(topic, encodeTopicText(data));
  }

  publishBinary(topic: string, data: Exclude<WebSocketData, string>): number {
    return this.#publish(topic, encodeTopicBytes(binaryOf(data, "publishBinary")));
  }

  cork<R>(callback: (socket: ServerWebSocket<T>) => R): R {
    return callback(this);
  }

  deliver(frames: SharedFrames): boolean {
    // One that is closing misses nothing.
    if (this.readyState !== OPEN) return true;
    return this.#peer.sendShared(frames) !== DROPPED;
  }

  get publishesToSelf(): boolean {
    return this.#host.publishesToSelf;
  }

  /** The connection is gone, or goes on elsewhere. Called by its owner. */
  leave(): void {
    this.#isGone = true;
    if (this.#topics === null) return;
    for (const subscription of this.#topics.values()) this.#host.topics.unsubscribe(subscription);
    this.#topics = null;
  }

  /** Also when the connection is gone, as in Bun: `close` tells the others who has left. */
  #publish(topic: string, data: TopicData): number {
    const own = this.publishesToSelf ? undefined : this.#topics?.get(topic);
    const others = this.#host.topics.publish(topic, data, { publisher: own }) ?? 0;
    return others > 0 ? data.length : DROPPED;
  }

  #sendText(text: string, compress: boolean | undefined): number {
    if (text.length > SCRATCH_LETTERS) {
      const bytes = bytesOfText(text);
      return this.#send(TEXT, bytes, bytes.length, compress);
    }
    return this.#send(TEXT, SCRATCH, encodeUtf8(text, SCRATCH), compress);
  }

  /** Sends `bytes[0, length)`; compressed only if the app asks for it, as in Bun. */
  #send(opcode: number, bytes: Uint8Array, length: number, compress: unknown): number {
    if (this.#isGone) return DROPPED;
    const result = this.#peer.send(opcode, bytes, 0, length, Boolean(compress));
    return result === DROPPED || result === QUEUED ? result : length;
  }

  #sendControl(kind: "ping" | "pong", data: WebSocketData | undefined): number {
    const bytes = data === undefined
      ? NO_BYTES
      : bytesOfBinary(data) ?? bytesOfText(textOf(data, kind));
    if (bytes.length > MOST_CONTROL) {
      throw new RangeError(
        `A ${kind} of ${bytes.length} bytes is too long: at most 125 are allowed`,
      );
    }
    if (this.#isGone) return DROPPED;
    const result = this.#peer.sendControl(kind, bytes, 0, bytes.length);
    return result === DROPPED || result === QUEUED ? result : bytes.length;
  }
}

function binaryOf(data: unknown, asker: string): Uint8Array {
  const bytes = bytesOfBinary(data);
  if (bytes === undefined) throw new TypeError(`${asker} expects an ArrayBuffer or a view of one`);
  return bytes;
}
