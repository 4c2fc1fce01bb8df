/**
 * How an app's WebSockets get publications: each as a message of its own, encoded once for all sockets of the worker.
 *
 * In: entries of channels, from the hub; who of this worker's sockets has published which of them. Out: messages. A socket does
 * not get what it has published itself, so a message says which of its bytes are whose.
 */

import { type ByteBuffer, encodeFrame, FIN } from "../../../protocol/mod.ts";
import { type Entry, ENTRY_KIND } from "../../channels/mod.ts";
import { SharedPart } from "../../net/mod.ts";
import type { ChannelMeter } from "../centrifuge/mod.ts";
import type { ChannelIdentity, Face, HubChannel } from "../hub/mod.ts";
import type { AwaitedPublications } from "./awaited_publications.ts";
import { type FrameRange, type SharedFrames, withoutFrames } from "../session/mod.ts";
import { topicMessageOf } from "./topic_data.ts";

/** So many publications of sockets may be on their way in a channel before those that are long past are looked for. */
const MANY = 1024;

/** One message for all subscribers. */
export interface TopicFrames extends SharedFrames {
  /** Bytes that a subscriber is not to get; null: there are none for any. */
  readonly own: ReadonlyMap<object, readonly FrameRange[]> | null;
}

/** What was appended for one channel, and is not sealed. */
interface Unsealed {
  count: number;
  own: Map<object, FrameRange[]> | null;
}

/** Encodes for the sockets of one worker. */
export class TopicFace implements Face<TopicFrames> {
  readonly #meter: Pick<ChannelMeter, "delivered">;
  readonly #unsealed = new WeakMap<ByteBuffer, Unsealed>();
  /** The publishers of what is on its way, by channel and offset. */
  readonly #publishers = new WeakMap<ChannelIdentity, Map<number, object>>();
  readonly #awaited: Pick<AwaitedPublications, "takePublisher">;
  /** The same for one socket that has missed something. */
  readonly forMissed: Face<TopicFrames> = {
    append: (out, _channel, entry) => void this.appendMissed(out, entry),
    seal: (out) => this.seal(out),
    delivers: (entries, bytes, subscribers) => this.delivers(entries, bytes, subscribers),
  };

  constructor(
    meter: Pick<ChannelMeter, "delivered">,
    awaited: Pick<AwaitedPublications, "takePublisher">,
  ) {
    this.#meter = meter;
    this.#awaited = awaited;
  }

  /** The publication with this offset is of `publisher`, a subscriber of this face, which does not get it. */
  excludePublisher(channel: HubChannel, offset: number, publisher: object): void {
    let publishers = this.#publishers.get(channel);
    if (publishers === undefined) this.#publishers.set(channel, publishers = new Map());
    if (publishers.size >= MANY) forgetUpTo(publishers, channel.passedUpTo);
    publishers.set(offset, publisher);
  }

  /** Whether a publication of this subscriber is still to be passed on. */
  awaitsOwn(channel: HubChannel, publisher: object): boolean {
    const publishers = this.#publishers.get(channel);
    if (publishers === undefined) return false;
    forgetUpTo(publishers, channel.passedUpTo);
    for (const one of publishers.values()) if (one === publisher) return true;
    return false;
  }

  /** Appends what one subscriber has missed: the others get it, too, so it stays known who has published it. */
  appendMissed(out: ByteBuffer, entry: Entry): Unsealed | undefined {
    if (entry.kind !== ENTRY_KIND.publication) return undefined;
    const { opcode, bytes, start, end } = topicMessageOf(entry);
    encodeFrame(out, FIN | opcode, bytes, start, end);
    const unsealed = this.#unsealedOf(out);
    unsealed.count++;
    return unsealed;
  }

  append(out: ByteBuffer, channel: ChannelIdentity, entry: Entry): void {
    const at = out.length;
    const unsealed = this.appendMissed(out, entry);
    if (unsealed === undefined) return;
    const publisher = this.#takePublisher(channel, entry.offset) ??
      this.#awaited.takePublisher(channel.name, entry);
    if (publisher === undefined) return;
    const own = unsealed.own ??= new Map();
    const frame = { start: at, end: out.length };
    const others = own.get(publisher);
    if (others === undefined) own.set(publisher, [frame]);
    else others.push(frame);
  }

  seal(out: ByteBuffer): TopicFrames {
    const { count, own } = this.#unsealedOf(out);
    this.#unsealed.delete(out);
    const bytes = out.view().slice();
    return { frame: new SharedPart(bytes, 0, bytes.length), count, own };
  }

  delivers(entries: number, bytes: number, subscribers: number): void {
    this.#meter.delivered(entries, bytes, subscribers);
  }

  #unsealedOf(out: ByteBuffer): Unsealed {
    let unsealed = this.#unsealed.get(out);
    if (unsealed === undefined) this.#unsealed.set(out, unsealed = { count: 0, own: null });
    return unsealed;
  }

  #takePublisher(channel: ChannelIdentity, offset: number): object | undefined {
    const publishers = this.#publishers.get(channel);
    const publisher = publishers?.get(offset);
    if (publisher !== undefined) publishers?.delete(offset);
    return publisher;
  }
}

/** What a subscriber gets of a message: all of it, or all but its own; undefined: nothing is left. */
export function framesFor(message: TopicFrames, subscriber: object): SharedFrames | undefined {
  const own = message.own?.get(subscriber);
  return own === undefined ? message : withoutFrames(message, own);
}

/** They were published before their sockets left the channel. */
function forgetUpTo(publishers: Map<number, object>, position: number): void {
  for (const offset of publishers.keys()) if (offset <= position) publishers.delete(offset);
}
