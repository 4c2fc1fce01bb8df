/**
 * Receives messages from other threads: what backends ask of connections, and the later commands of streams.
 *
 * In: what `ControlSender` has sent, on any thread of this server. Out: calls of a handler, in the order in which all listeners get it. A gap is
 * recovered from the channel's history; if that goes too far, the operator is told.
 */

import type { ByteBuffer } from "../../../protocol/mod.ts";
import type { Entry } from "../../channels/mod.ts";
import { type Deferred, type Loop, TimerNode } from "../../net/mod.ts";
import { controlKey } from "../broker/mod.ts";
import type { ChannelIdentity, Face, Hub, Subscriber } from "../hub/mod.ts";

/** In front of each message: the lengths of the word and of the bytes. */
const HEADER_BYTES = 8;
/** Milliseconds after which a worker that could not listen tries again. */
const RETRY = 100;

/** Gets what arrives. */
export interface ControlHandler {
  /** A message; the bytes are its own. */
  control(word: string, bytes: Uint8Array): void;
}

/** Messages behind one another, each with its lengths in front. */
const MESSAGES: Face<Uint8Array> = {
  append(out: ByteBuffer, _channel: ChannelIdentity, entry: Entry): void {
    const { fields, data } = entry;
    const at = out.reserve(HEADER_BYTES);
    const header = new DataView(out.bytes.buffer, out.bytes.byteOffset + at);
    header.setUint32(0, fields.length);
    header.setUint32(4, data.length);
    out.length = at + HEADER_BYTES;
    out.append(fields);
    out.append(data);
  },
  seal: (out) => out.view().slice(),
};

/** What all channels of a worker work with. */
export interface ControlChannelParts {
  readonly hub: Hub;
  readonly loop: Pick<Loop, "defer" | "now" | "timers">;
  /** Tells the operator of a handler that threw: the other messages, and the worker, go on. */
  report(error: unknown): void;
}

/** Listens to a channel. */
export class ControlListener extends TimerNode implements Subscriber<Uint8Array>, Deferred {
  readonly face = MESSAGES;
  readonly #parts: ControlChannelParts;
  readonly #number: number;
  readonly #handler: ControlHandler;
  /** Whether the next subscription is the first one to a store that comes from another process. */
  #isFirst = false;

  constructor(parts: ControlChannelParts, number: number, handler: ControlHandler) {
    super();
    this.#parts = parts;
    this.#number = number;
    this.#handler = handler;
    this.#subscribe();
  }

  receive(messages: Uint8Array): void {
    const view = new DataView(messages.buffer);
    for (let at = 0; at < messages.length;) {
      const data = at + HEADER_BYTES + view.getUint32(at);
      const end = data + view.getUint32(at + 4);
      const word = new TextDecoder().decode(messages.subarray(at + HEADER_BYTES, data));
      this.#handle(word, messages.subarray(data, end));
      at = end;
    }
  }

  #handle(word: string, bytes: Uint8Array): void {
    try {
      this.#handler.control(word, bytes);
    } catch (error) {
      this.#parts.report(error);
    }
  }

  /** More came than the history keeps: go on with what comes now. Or the store becomes another one. */
  lost(): void {
    const { hub, loop, report } = this.#parts;
    if (hub.isAwaitingStore) return hub.whenThere(() => this.#subscribeFirst());
    report(new Error("messages between workers were lost, as more came at once than are kept"));
    loop.defer(this);
  }

  onTurn(): void {
    this.#subscribe();
  }

  override onDeadline(): void {
    this.#subscribe();
  }

  /** Other workers of this process may already have sent something; what was sent before, the other process has handled. */
  #subscribeFirst(): void {
    this.#isFirst = true;
    this.#subscribe();
  }

  /** Subscribes, or tries again later if the store is busy or full. */
  #subscribe(): void {
    const { hub, loop } = this.#parts;
    // No channel of a client has half of a surrogate pair in its name.
    const entrance = hub.enter(`\ud800${this.#number}`, controlKey(this.#number));
    if (typeof entrance === "string") return loop.timers.set(this, loop.now + RETRY);
    const isWhole = this.#isFirst && hub.resume(entrance, this, hub.offsetAtMove(entrance));
    this.#isFirst = false;
    if (!isWhole) hub.join(entrance.channel, this, entrance.offset);
  }
}
