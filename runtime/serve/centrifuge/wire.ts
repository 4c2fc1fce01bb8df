/**
 * How one transport carries replies and pushes: its framing, and the messages that are encoded once for many clients.
 *
 * In: entries of channels. Out: faces for the hub, one for each kind of subscription, and the ping. A worker has one wire for each
 * transport, so that all its clients share the messages.
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import {
  type ChannelReference,
  type Framing,
  matchesTags,
  PING,
  type TagsFilter,
  writeJoinOrLeave,
  writePublicationPush,
} from "../../../protocol/centrifuge/mod.ts";
import { type Entry, ENTRY_KIND } from "../../channels/mod.ts";
import type { Chain, ChainedFace, ChannelIdentity, Face } from "../hub/mod.ts";
import { LatestTags } from "./latest_tags.ts";
import type { ChannelMeter, ClientTransport } from "./channel_meter.ts";
import {
  appendFields,
  appendTextFields,
  decodeClientInfo,
  differenceOf,
  savedBytes,
} from "./publication_fields.ts";

/** What subscriptions of one face have in common. */
export interface FaceKind {
  /** Whether the channel's number stands for its name. */
  readonly compact: boolean;
  /** Whether the client is told who joins and leaves. */
  readonly joins: boolean;
  /** Whether publications come as strings, and may be deltas. */
  readonly delta: boolean;
  /** Which publications the client gets; undefined: all. Not with deltas. */
  readonly filter?: TagsFilter | undefined;
}

/** Faces with a filter that are kept for further subscribers. */
const KEPT_FILTERS = 256;

type PushKind = Pick<FaceKind, "compact" | "joins">;

/** Makes one message for many clients, of bytes that it copies. */
export type Seal<Message> = (bytes: Uint8Array, start: number, end: number) => Message;

/** What a wire is made of. */
export interface WireParts<Message> {
  readonly transport: ClientTransport;
  readonly framing: Framing;
  readonly seal: Seal<Message>;
  readonly meter: ChannelMeter;
  /** Default: 1. */
  readonly pingFactor?: number;
}

/** One transport of this worker. */
export class Wire<Message> {
  readonly transport: ClientTransport;
  readonly framing: Framing;
  /** Counts for all clients of the worker. */
  readonly meter: ChannelMeter;
  readonly ping: Message;
  /** The time between two pings, as a multiple of the usual one. */
  readonly pingFactor: number;
  readonly #parts: WireParts<Message>;
  readonly #faces: readonly Face<Message>[];
  /** Those that were asked for last, so that subscribers with the same filter share messages. */
  readonly #filteredFaces = new Map<string, Face<Message>>();
  readonly #tags = new LatestTags();

  constructor(parts: WireParts<Message>) {
    const { transport, framing, seal, meter, pingFactor = 1 } = parts;
    this.#parts = parts;
    this.transport = transport;
    this.framing = framing;
    this.meter = meter;
    this.pingFactor = pingFactor;
    const ping = new ByteBuffer();
    appendFramed(ping, framing, (out) => out.append(PING));
    this.ping = seal(ping.bytes, 0, ping.length);
    this.#faces = [PushFace, DeltaPushFace].flatMap((FaceOf) =>
      [false, true].flatMap((compact) =>
        [false, true].map((joins) => new FaceOf(parts, { compact, joins }))
      )
    );
  }

  /** The kind of a face that {@link face} has returned. */
  kindOf(face: Face<Message>): FaceKind {
    if (face instanceof PushFace) return face.kind;
    throw new TypeError("the face is not one of a wire");
  }

  /** The face of a kind of subscriptions. */
  face({ compact, joins, delta, filter }: FaceKind): Face<Message> {
    if (filter !== undefined) return this.#filteredFace({ compact, joins }, filter);
    return this.#faces[(delta ? 4 : 0) + (compact ? 2 : 0) + (joins ? 1 : 0)]!; // eight of them
  }

  #filteredFace(kind: PushKind, filter: TagsFilter): Face<Message> {
    const faces = this.#filteredFaces;
    const key = JSON.stringify([kind, filter]);
    const face = faces.get(key) ??
      new FilteredPushFace(this.#parts, { ...kind, filter }, this.#tags);
    faces.delete(key);
    faces.set(key, face);
    // Subscribers keep theirs; only later ones do not share it.
    if (faces.size > KEPT_FILTERS) faces.delete(faces.keys().next().value!);
    return face;
  }
}

/** Encodes pushes. */
class PushFace<Message> implements Face<Message> {
  readonly #framing: Framing;
  readonly #seal: Seal<Message>;
  protected readonly meter: ChannelMeter;
  readonly #kind: PushKind;
  readonly #fields = new ByteBuffer(0);

  /** What its subscriptions have in common. */
  get kind(): FaceKind {
    const { compact, joins } = this.#kind;
    return { compact, joins, delta: false };
  }

  constructor({ framing, seal, meter }: WireParts<Message>, kind: PushKind) {
    this.#framing = framing;
    this.#seal = seal;
    this.meter = meter;
    this.#kind = kind;
  }

  append(out: ByteBuffer, channel: ChannelIdentity, entry: Entry): void {
    if (entry.kind === ENTRY_KIND.publication) this.appendPublication(out, channel, entry);
    else if (this.#kind.joins) this.#appendJoinOrLeave(out, this.#referenceTo(channel), entry);
  }

  seal(out: ByteBuffer): Message {
    return this.#seal(out.bytes, 0, out.length);
  }

  delivers(entries: number, bytes: number, subscribers: number): void {
    this.meter.delivered(entries, bytes, subscribers);
  }

  /** @param difference undefined: the publication is whole */
  protected appendPublication(
    out: ByteBuffer,
    channel: ChannelIdentity,
    entry: Entry,
    difference?: Uint8Array,
  ): void {
    this.#fields.clear();
    this.writeFields(this.#fields, entry, difference);
    const publication = { offset: entry.offset, fields: this.#fields.view() };
    const reference = this.#referenceTo(channel);
    appendFramed(out, this.#framing, () => writePublicationPush(out, reference, publication));
  }

  /** Appends the fields of a publication. */
  protected writeFields(out: ByteBuffer, entry: Entry, _difference?: Uint8Array): void {
    appendFields(out, entry);
  }

  #referenceTo({ number, name }: ChannelIdentity): ChannelReference {
    return this.#kind.compact ? number : name;
  }

  #appendJoinOrLeave(out: ByteBuffer, channel: ChannelReference, { kind, data }: Entry): void {
    const info = decodeClientInfo(data);
    const name = kind === ENTRY_KIND.join ? "join" : "leave";
    appendFramed(out, this.#framing, () => writeJoinOrLeave(out, name, { channel, info }));
  }
}

/** Encodes pushes for subscriptions with a filter of tags. */
class FilteredPushFace<Message> extends PushFace<Message> {
  readonly #filter: TagsFilter;
  readonly #tags: LatestTags;

  constructor(
    parts: WireParts<Message>,
    { filter, ...kind }: PushKind & { readonly filter: TagsFilter },
    tags: LatestTags,
  ) {
    super(parts, kind);
    this.#filter = filter;
    this.#tags = tags;
  }

  override get kind(): FaceKind {
    return { ...super.kind, filter: this.#filter };
  }

  protected override appendPublication(
    out: ByteBuffer,
    channel: ChannelIdentity,
    entry: Entry,
  ): void {
    if (matchesTags(this.#filter, this.#tags.of(entry))) {
      super.appendPublication(out, channel, entry);
    }
  }
}

/** Encodes pushes for subscriptions with deltas. */
class DeltaPushFace<Message> extends PushFace<Message> implements ChainedFace<Message> {
  override get kind(): FaceKind {
    return { ...super.kind, delta: true };
  }

  appendChange(out: ByteBuffer, channel: ChannelIdentity, entry: Entry, chain: Chain): number {
    const difference = chain.difference(entry, differenceOf);
    this.appendPublication(out, channel, entry, difference);
    return savedBytes(entry, difference);
  }

  deliversChanges(changes: number, saved: number, subscribers: number): void {
    this.meter.deltasSent(changes * subscribers, saved * subscribers);
  }

  protected override writeFields(
    out: ByteBuffer,
    entry: Entry,
    difference?: Uint8Array,
  ): void {
    appendTextFields(out, entry, difference);
  }
}

/** Appends one reply or push behind others. */
function appendFramed(
  out: ByteBuffer,
  { before, between, after }: Framing,
  write: (out: ByteBuffer) => void,
): void {
  if (out.length > 0) out.appendLatin1(between);
  out.appendLatin1(before);
  write(out);
  out.appendLatin1(after);
}
