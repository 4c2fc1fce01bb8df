/**
 * One channel of one stream: where the stream is in it, and what the hub passes on.
 *
 * In: a channel that is open to the client, and the position that it had, if it comes back. Out: what it has missed, or that this is lost;
 * then what is published, to the stream. Entering is one piece of work without a wait: the worker is subscribed, the
 * history is read, the subscriber joins where that ended (see runtime/serve/hub/).
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import type { Entry, EntrySink } from "../../channels/mod.ts";
import {
  type ChannelContext,
  type ClientIdentity,
  enterPresence,
  isMemberBy,
  leavePresence,
  planFor,
} from "../centrifuge/mod.ts";
import type { SubscriptionPlan } from "../channels/mod.ts";
import type { Entrance, Face, HubChannel, Subscriber } from "../hub/mod.ts";
import type { OpenChannel } from "./channel_access.ts";
import { EventParts, firstOffsetIn } from "./event_faces.ts";
import { type ChannelPosition, positionPrefix } from "./stream_position.ts";

/** The stream, as its channels see it. */
export interface ChannelStreamOwner {
  readonly context: ChannelContext;
  readonly identity: ClientIdentity;
  /** How the stream's events are encoded. */
  readonly face: Face<Uint8Array>;
  /** Events of a channel, by that face. */
  receive(channel: StreamChannel, events: Uint8Array): void;
  /** The subscription has ended, as publications were lost. */
  lost(channel: StreamChannel): void;
}

/** What a recovery may have. */
export interface RecoveryRoom {
  /** Publications. */
  readonly limit: number;
  /** Bytes of their events, without the positions. */
  readonly maxBytes: number;
}

/** What a stream that comes back gets of a channel: its events as {@link EventParts}, or null: they are lost. */
export type Missed = Uint8Array | null;

const UTF8 = new TextEncoder();
const NOTHING: Missed = new Uint8Array(0);
const PARTS = new EventParts();
/** Positions are kept by the stream itself: nothing is asked for but recovery. */
const WISHES = { positioned: true, recoverable: true, joinLeave: false, delta: "" } as const;

/** A channel of a stream. */
export class StreamChannel implements Subscriber<Uint8Array> {
  readonly name: string;
  readonly face: Face<Uint8Array>;
  /** What the stream has; `position` gives its text. A stream of one channel counts what it gets only while it is slow. */
  offset = 0;
  /** Whether the newest events wait until the client reads. */
  isBehind = false;
  /** What was not sent ended here; undefined: nothing was left out, or it was told. */
  skippedTo: number | undefined = undefined;
  /** Whether it skips to the newest events if the client does not read; else the stream is cut off. */
  skips = false;
  readonly #owner: ChannelStreamOwner;
  readonly #open: OpenChannel;
  readonly #key: Uint8Array;
  #prefix = "";
  #epoch = "";
  /** Undefined: it is not subscribed. */
  #hubChannel: HubChannel | undefined;
  #isMember = false;
  // For metrics.
  #isCounted = false;
  #isCountedMember = false;

  constructor(owner: ChannelStreamOwner, open: OpenChannel) {
    this.name = open.channel.name;
    this.face = owner.face;
    this.#owner = owner;
    this.#open = open;
    this.#key = UTF8.encode(this.name);
  }

  /** The entry of the stream's position; undefined: the stream was never here. */
  get position(): string | undefined {
    return this.#prefix === "" ? undefined : `${this.#prefix}${this.offset}`;
  }

  /** Where it is, for a person or a program. */
  get place(): { readonly epoch: string; readonly offset: number } {
    return { epoch: this.#epoch, offset: this.offset };
  }

  /** Where it was: to enter again. */
  get last(): readonly ChannelPosition[] {
    return this.#epoch === "" ? [] : [this.place];
  }

  /**
   * Subscribes, and reads what was missed. {@link offset} is then that before what was missed, or the newest if that is lost.
   *
   * @param since positions that may be this channel's; none: it begins now
   * @returns `unavailable`: the store has no room, or is busy
   */
  enter(since: readonly ChannelPosition[], room: RecoveryRoom): Missed | "unavailable" {
    const { context, identity } = this.#owner;
    const { channel, grant } = this.#open;
    const entrance = context.hub.enter(this.name, this.#key);
    if (typeof entrance === "string") return "unavailable";
    const override = grant?.override ?? {};
    const plan = planFor(context, identity, { channel, wishes: WISHES, override });
    const missed = this.#recover(entrance, { since, plan, room });
    const epoch = context.store.epochText(entrance.channel.epoch);
    // Of a channel that was made anew it is no member.
    if (epoch !== this.#epoch) this.#isMember = false;
    const isRefused = missed === "unavailable" ||
      (!this.#isMember && enterPresence(context, identity, this.#membership(plan)) !== undefined);
    if (isRefused) {
      context.hub.leave(entrance.channel);
      return "unavailable";
    }
    this.#isMember = isMemberBy(plan);
    this.skips = plan.whenSlow !== "close";
    this.#hubChannel = entrance.channel;
    this.#countSubscription();
    this.#epoch = epoch;
    this.#prefix = positionPrefix(this.name, this.#epoch);
    const { events, from, to } = missed;
    this.offset = from;
    context.hub.join(entrance.channel, this, to);
    return events;
  }

  /** Leaves the channel. */
  leave(): void {
    const { context, identity } = this.#owner;
    if (this.#hubChannel !== undefined) context.hub.leave(this.#hubChannel, this);
    this.#hubChannel = undefined;
    if (this.#isCounted) context.meter.unsubscribed(this.#isCountedMember);
    this.#isCounted = false;
    if (this.#isMember) leavePresence(context, identity, this.#key);
    this.#isMember = false;
  }

  receive(events: Uint8Array): void {
    this.#owner.receive(this, events);
  }

  /** These events are not sent now, and take the place of those that wait. */
  noteKept(events: Uint8Array): void {
    const first = firstOffsetIn(events, this.face);
    const before = first === undefined ? this.#hubChannel?.position ?? this.offset : first - 1;
    if (this.isBehind || this.skippedTo !== undefined) this.skippedTo = before;
    else this.offset = before;
  }

  lost(): void {
    // A stream of one channel does not count what it gets. Behind, it has not got everything, but is told where it is.
    if (!this.isBehind) this.offset = Math.max(this.offset, this.#hubChannel?.position ?? 0);
    this.skippedTo = undefined;
    this.#hubChannel = undefined;
    this.#owner.lost(this);
  }

  /** Once, also if it is entered again after a loss. */
  #countSubscription(): void {
    if (this.#isCounted) return;
    this.#isCounted = true;
    this.#isCountedMember = this.#isMember;
    this.#owner.context.meter.subscribed(this.#isMember);
  }

  #membership(plan: SubscriptionPlan) {
    return { key: this.#key, plan, info: this.#open.grant?.info };
  }

  #recover(
    { channel, offset: newest }: Entrance,
    { since, plan, room }: {
      readonly since: readonly ChannelPosition[];
      readonly plan: SubscriptionPlan;
      readonly room: RecoveryRoom;
    },
  ): Recovery | "unavailable" {
    const [first] = since;
    if (first === undefined) return { events: NOTHING, from: newest, to: newest };
    const { store } = this.#owner.context;
    const epoch = store.epochText(channel.epoch);
    const position = since.find((one) => one.epoch === epoch);
    const lost = { events: null, from: newest, to: newest };
    if (position === undefined || position.offset > newest) return lost;
    const { offset } = position;
    if (offset === newest) return { events: NOTHING, from: offset, to: offset };
    if (!plan.recoverable) return lost;
    const sink = new EventSink(this.name);
    const result = store.recover(this.#key, { offset, epoch: channel.epoch }, room, sink);
    if (result.status === "busy") return "unavailable";
    // The events are longer than the publications.
    if (result.status !== "read" || sink.out.length > room.maxBytes) return lost;
    return { events: sink.out.view(), from: offset, to: result.offset };
  }
}

interface Recovery {
  readonly events: Missed;
  /** Where the stream is without the events. */
  readonly from: number;
  /** Where it is with them. */
  readonly to: number;
}

/** Encodes what is recovered, as live publications are. */
class EventSink implements EntrySink {
  readonly out = new ByteBuffer(0);
  readonly #channel: { readonly name: string };

  constructor(name: string) {
    this.#channel = { name };
  }

  entry(entry: Entry): void {
    PARTS.append(this.out, this.#channel, entry);
  }
}
