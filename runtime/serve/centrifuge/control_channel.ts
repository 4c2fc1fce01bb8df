/**
 * Carries messages between workers: what backends ask of connections, and the later commands of streams.
 *
 * In: a word and bytes, on any worker. Out: the same on each worker that listens, also on this one, in one order. It is a channel
 * of the store, whose name no client can have, so that the feed brings it and a gap is recovered.
 */

import type { ByteBuffer } from "../../../protocol/mod.ts";
import type { ChannelStore, Entry } from "../../channels/mod.ts";
import { type Deferred, type Loop, TimerNode } from "../../net/mod.ts";
import type { ChannelIdentity, Face, Hub, Subscriber } from "../hub/mod.ts";

/** No byte of UTF-8, which every channel's name is. */
const MARK = 0xff;
/** For how many messages, and how long, a worker that came too late to the feed finds them. */
interface Keeping {
  readonly historySize: number;
  readonly historyTtlMs: number;
  /** Longer messages are in the feed alone, as a part of the longest entry. */
  readonly longest: number;
}
/** What backends ask for must arrive. */
const REQUESTS: Keeping = { historySize: 1_000, historyTtlMs: 60_000, longest: 1 };
/**
 * A client whose command was lost asks again. The histories of all workers must leave the store to the channels: one has at most
 * as much as the longest entry, which is a 64th of the memory.
 */
const COMMANDS: Keeping = { historySize: 64, historyTtlMs: 5_000, longest: 1 / 64 };
/** In front of each message: the lengths of the word and of the bytes. */
const HEADER_BYTES = 8;
/** Milliseconds after which a worker that could not listen tries again. */
const RETRY = 100;

/** Whether a name of the store is that of a control channel. */
export function isControlChannel(key: Uint8Array): boolean {
  return key[0] === MARK;
}

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
  readonly store: Pick<ChannelStore, "maxEntryBytes" | "publish">;
  readonly hub: Hub;
  readonly loop: Pick<Loop, "defer" | "now" | "timers">;
  /** Tells the operator of a handler that threw: the other messages, and the worker, go on. */
  report(error: unknown): void;
}

/** Sends to the workers that listen to a channel. */
export class ControlSender {
  readonly #store: ControlChannelParts["store"];

  constructor({ store }: Pick<ControlChannelParts, "store">) {
    this.#store = store;
  }

  /** Sends a request to all workers. Returns false if the store has no room for it, or is busy. */
  request(word: string, data: Uint8Array): boolean {
    return this.#send(ALL_WORKERS, { word, data }, REQUESTS);
  }

  /** Sends commands of a session to its worker; returns what `request` does. */
  pass(worker: number, session: string, data: Uint8Array): boolean {
    return this.#send(toWorker(worker), { word: session, data }, COMMANDS);
  }

  #send(
    number: number,
    { word, data }: { readonly word: string; readonly data: Uint8Array },
    { longest, ...history }: Keeping,
  ): boolean {
    const { maxEntryBytes } = this.#store;
    const fields = new TextEncoder().encode(word);
    const length = data.length + fields.length;
    if (length > maxEntryBytes) return false;
    const send = (skipHistory: boolean) =>
      this.#store.publish(keyOf(number), { data, fields, ...history, skipHistory }).status;
    const isLong = length > maxEntryBytes * longest;
    const status = send(isLong);
    // A message that is not kept has room in the feed, however full the store is.
    return (status === "full" && !isLong ? send(true) : status) === "stored";
  }
}

/** Listens to a channel. */
export class ControlListener extends TimerNode implements Subscriber<Uint8Array>, Deferred {
  readonly face = MESSAGES;
  readonly #parts: ControlChannelParts;
  readonly #number: number;
  readonly #handler: ControlHandler;

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

  /** More came than the history keeps: go on with what comes now. */
  lost(): void {
    const { loop, report } = this.#parts;
    report(new Error("messages between workers were lost, as more came at once than are kept"));
    loop.defer(this);
  }

  onTurn(): void {
    this.#subscribe();
  }

  override onDeadline(): void {
    this.#subscribe();
  }

  /** Subscribes, or tries again later if the store is busy or full. */
  #subscribe(): void {
    const { hub, loop } = this.#parts;
    // No channel of a client has half of a surrogate pair in its name.
    const entrance = hub.enter(`\ud800${this.#number}`, keyOf(this.#number));
    if (typeof entrance === "string") loop.timers.set(this, loop.now + RETRY);
    else hub.join(entrance.channel, this, entrance.offset);
  }
}

/** The channel to which all workers listen. */
export const ALL_WORKERS = 0;

/** The channel to which one worker listens. */
export function toWorker(worker: number): number {
  return 1 + worker;
}

/** A channel that stands for a user, of at most 253 bytes. Nobody listens to it. */
export function userKey(user: string): Uint8Array {
  const name = new TextEncoder().encode(user);
  const key = new Uint8Array(2 + name.length);
  // UTF-8 has this byte nowhere, so it is no channel of a worker.
  key.set([MARK, MARK]);
  key.set(name, 2);
  return key;
}

/** The channel whose members are the connected users; no user's name has the third byte. Nobody listens to it. */
export const CONNECTED_USERS_KEY = new Uint8Array([MARK, MARK, MARK]);

function keyOf(number: number): Uint8Array {
  return new Uint8Array([MARK, number >>> 8, number & 0xff]);
}
