/**
 * Messages of channels that wait while the channels go over to another process.
 *
 * In: what a driver delivers, in its order. Out: the same, later, unless there was too much of it: then nothing, and who would have got it asks
 * the engine. The time is that of an upgrade, and the bound is for all channels together.
 */
import { createHash } from "node:crypto";
import type { EngineMessage } from "./driver.ts";

/** What may wait: an upgrade's second of a server with much to do. */
const MOST_BYTES = 64 * 1024 * 1024;
/** What a message takes besides its bytes, about. */
const MESSAGE_BYTES = 200;

/** Messages of a channel without offset that are noted. */
const MAX_NOTED = 1_000;

/** A message of a channel. */
interface ChannelMessage {
  readonly channel: string;
  readonly message: EngineMessage;
}

/** The messages. */
export class MessageBuffer {
  #messages: ChannelMessage[] = [];
  #left: number;

  /** @param bytes that may wait */
  constructor(bytes = MOST_BYTES) {
    this.#left = bytes;
  }

  /** Whether nothing was dropped. */
  get isWhole(): boolean {
    return this.#left >= 0;
  }

  /** What waits; nothing, if it is not whole. */
  get messages(): readonly ChannelMessage[] {
    return this.#messages;
  }

  /** Another one. */
  add(channel: string, message: EngineMessage): void {
    if (!this.isWhole) return;
    this.#left -= MESSAGE_BYTES + bytesOf(message);
    if (this.isWhole) this.#messages.push({ channel, message });
    else this.#messages = [];
  }

  /** Drops everything: the engine is gone, so that something is missing. */
  drop(): void {
    this.#left = -1;
    this.#messages = [];
  }
}

/** What was passed on without offset, by channel. */
export class PassedNotes {
  readonly #byChannel = new Map<string, string[]>();

  /** A message is passed on. */
  note(channel: string, message: EngineMessage): void {
    const digest = digestOf(message);
    if (digest === undefined) return;
    const all = this.#byChannel.get(channel) ?? [];
    if (all.length < MAX_NOTED) all.push(digest);
    this.#byChannel.set(channel, all);
  }

  /** What is noted of a channel; undefined: nothing. */
  of(channel: string): readonly string[] | undefined {
    return this.#byChannel.get(channel);
  }
}

/** The messages of a buffer that another process, which has listened to the same channels, has not passed on. */
export function messagesWithout(
  { messages }: MessageBuffer,
  others: readonly { readonly name: string; readonly passed?: readonly string[] | undefined }[],
): readonly ChannelMessage[] {
  const passed = new Map<string, string[]>();
  for (const { name, passed: its = [] } of others) if (its.length > 0) passed.set(name, [...its]);
  return messages.filter(({ channel, message }) => {
    const digests = passed.get(channel);
    const place = digests?.indexOf(digestOf(message) ?? "") ?? -1;
    if (place >= 0) digests?.splice(place, 1);
    return place < 0;
  });
}

/**
 * What two processes that listen to the same channel can know a message by that has no offset; undefined: it has one, or does no harm if it is
 * carried out twice.
 */
function digestOf(message: EngineMessage): string | undefined {
  const hasNone = message.kind === "join" || message.kind === "leave" ||
    (message.kind === "publication" && message.offset === 0);
  if (!hasNone) return undefined;
  const hash = createHash("sha1").update(message.kind);
  if (message.kind === "publication") {
    hash.update(`${message.fields.length} `).update(message.fields);
  }
  return hash.update(message.data).digest("base64");
}

function bytesOf(message: EngineMessage): number {
  if (message.kind === "publication") return message.fields.length + message.data.length;
  return message.kind === "join" || message.kind === "leave" ? message.data.length : 0;
}
