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
  PING,
  writeJoinOrLeave,
  writePublicationPush,
} from "../../../protocol/centrifuge/mod.ts";
import { type Entry, ENTRY_KIND } from "../../channels/mod.ts";
import type { ChannelIdentity, Face } from "../hub/mod.ts";
import type { ChannelMeter, ClientTransport } from "./channel_meter.ts";
import { appendFields, decodeClientInfo } from "./publication_fields.ts";

/** What subscriptions of one face have in common. */
export interface FaceKind {
  /** Whether the channel's number stands for its name. */
  readonly compact: boolean;
  /** Whether the client is told who joins and leaves. */
  readonly joins: boolean;
}

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
  readonly #faces: readonly Face<Message>[];

  constructor(parts: WireParts<Message>) {
    const { transport, framing, seal, meter, pingFactor = 1 } = parts;
    this.transport = transport;
    this.framing = framing;
    this.meter = meter;
    this.pingFactor = pingFactor;
    const ping = new ByteBuffer();
    appendFramed(ping, framing, (out) => out.append(PING));
    this.ping = seal(ping.bytes, 0, ping.length);
    this.#faces = [false, true].flatMap((compact) =>
      [false, true].map((joins) => new PushFace(parts, { compact, joins }))
    );
  }

  /** The face of a kind of subscriptions. */
  face({ compact, joins }: FaceKind): Face<Message> {
    return this.#faces[(compact ? 2 : 0) + (joins ? 1 : 0)]!; // four of them
  }
}

/** Encodes pushes. */
class PushFace<Message> implements Face<Message> {
  readonly #framing: Framing;
  readonly #seal: Seal<Message>;
  readonly #meter: ChannelMeter;
  readonly #kind: FaceKind;
  readonly #fields = new ByteBuffer(0);

  constructor({ framing, seal, meter }: WireParts<Message>, kind: FaceKind) {
    this.#framing = framing;
    this.#seal = seal;
    this.#meter = meter;
    this.#kind = kind;
  }

  append(out: ByteBuffer, channel: ChannelIdentity, entry: Entry): void {
    const reference = this.#kind.compact ? channel.number : channel.name;
    if (entry.kind === ENTRY_KIND.publication) this.#appendPublication(out, reference, entry);
    else if (this.#kind.joins) this.#appendJoinOrLeave(out, reference, entry);
  }

  seal(out: ByteBuffer): Message {
    return this.#seal(out.bytes, 0, out.length);
  }

  delivers(entries: number, bytes: number, subscribers: number): void {
    this.#meter.delivered(entries, bytes, subscribers);
  }

  #appendPublication(out: ByteBuffer, channel: ChannelReference, entry: Entry): void {
    this.#fields.clear();
    appendFields(this.#fields, entry);
    const publication = { offset: entry.offset, fields: this.#fields.view() };
    appendFramed(out, this.#framing, () => writePublicationPush(out, channel, publication));
  }

  #appendJoinOrLeave(out: ByteBuffer, channel: ChannelReference, { kind, data }: Entry): void {
    const info = decodeClientInfo(data);
    const name = kind === ENTRY_KIND.join ? "join" : "leave";
    appendFramed(out, this.#framing, () => writeJoinOrLeave(out, name, { channel, info }));
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
