/**
 * One channel of one stream: where the stream is in it, and what the hub passes on.
 *
 * In: a channel that is open to the client, and the position that it had, if it comes back. Out: what it has missed, or that this is lost;
 * then what is published, to the stream. Entering is one piece of work without a wait: the worker is subscribed, the
 * history is read, the subscriber joins where that ended (see runtime/serve/hub/). If more was missed than is read at once, the first part
 * of it comes, and nobody is subscribed: the stream enters again from there.
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
  /** The channels have no room, or an engine does not answer. */
  unavailable(): void;
}

/** What a recovery may have. */
export interface RecoveryRoom {
  /** Publications. */
  readonly limit: number;
  /** Bytes of their events, without the positions. */
  readonly maxBytes: number;
}

/** What a stream that comes back gets of a channel. */
export interface Missed {
  /** Its events as {@link EventParts}, or null: they are lost. */
  readonly events: Uint8Array | null;
  /** Whether there is more: the channel is not entered yet. */
  readonly isPart: boolean;
}

const UTF8 = new TextEncoder();
/** A channel may be lost again while its past is read. */
const ENGINE_ATTEMPTS = 4;
/** A short event with its position; the publication takes less. */
const EVENT_BYTES = 128;
const NO_SINK: EntrySink = { entry() {} };
const NOTHING = new Uint8Array(0);
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
  /** What was not sent ended here; undefined: nothing was left out, or the client knows it. */
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
  /** What an engine had, or that it did not answer. */
  #earlier: EarlierEvents | "unavailable" | undefined = undefined;
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

  /** What it was opened with. */
  get open(): OpenChannel {
    return this.#open;
  }

  /** Whether it is entered, and the client has, or will get, all that was passed on. */
  get isSettled(): boolean {
    return this.#hubChannel !== undefined && !this.isBehind && this.skippedTo === undefined;
  }

  /** The position behind all that was passed on. */
  get settledPosition(): string {
    return `${this.#prefix}${Math.max(this.offset, this.#hubChannel?.passedUpTo ?? 0)}`;
  }

  /** Whether others see the client in it. */
  get isMember(): boolean {
    return this.#isMember;
  }

  /** Where it was: to enter again. */
  get last(): readonly ChannelPosition[] {
    return this.#epoch === "" ? [] : [this.place];
  }

  /**
   * Asks an engine for what has to be there before {@link enter}, which is to follow in the same turn; undefined: nothing has to.
   *
   * @param since what `enter` will be given
   */
  prepare(since: readonly ChannelPosition[], room: RecoveryRoom): Promise<void> | undefined {
    if (this.#owner.context.broker.recover === undefined) return undefined;
    return this.#missing(since, room) === undefined ? undefined : this.#ask(since, room);
  }

  async #ask(since: readonly ChannelPosition[], room: RecoveryRoom): Promise<void> {
    const { broker } = this.#owner.context;
    for (let i = 0; i < ENGINE_ATTEMPTS; i++) {
      this.#earlier = undefined;
      const missing = this.#missing(since, room);
      if (missing === undefined) return;
      if (missing === "absent") {
        if (await broker.open(this.#key) !== "open") return;
        continue;
      }
      const sink = new EventSink(this.name);
      const result = await broker.recover?.(this.#key, missing, room, sink);
      const isReached = result?.status !== "read" || result.offset <= this.#newestHere();
      if (result?.status === "busy" || !isReached) this.#earlier = "unavailable";
      else if (result?.status === "read") {
        this.#earlier = { ...missing, events: sink.out.view(), to: result.offset };
      }
      if (isReached) return;
    }
  }

  /** The offset up to which this server has the channel; it may be behind the engine, for a moment. */
  #newestHere(): number {
    const { hub } = this.#owner.context;
    const entrance = hub.enter(this.name, this.#key);
    if (typeof entrance === "string") return 0;
    hub.leave(entrance.channel);
    return entrance.offset;
  }

  /** Whether the channel has to be followed, or from where on the store does not have everything. */
  #missing(
    since: readonly ChannelPosition[],
    room: RecoveryRoom,
  ): "absent" | ChannelPosition | undefined {
    const { hub, store } = this.#owner.context;
    const entrance = hub.enter(this.name, this.#key);
    if (typeof entrance === "string") return entrance === "absent" ? entrance : undefined;
    const { channel: { epoch }, offset: newest } = entrance;
    hub.leave(entrance.channel);
    const text = store.epochText(epoch);
    const position = since.find((one) => one.epoch === text);
    if (position === undefined || position.offset === newest) return undefined;
    const { offset } = position;
    const { status } = store.recover(this.#key, { offset, epoch }, room, NO_SINK);
    return status === "unrecoverable" ? position : undefined;
  }

  /**
   * Subscribes, and reads what was missed, or a part of it. {@link offset} is then that before what was missed, or the newest if that is lost.
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
    // It is no member of a channel that was made again.
    if (epoch !== this.#epoch) this.#isMember = false;
    if (missed !== "unavailable" && missed.isPart === true) {
      context.hub.leave(entrance.channel);
      this.#setPlace(epoch, missed.from);
      return { events: missed.events, isPart: true };
    }
    const entered = missed === "unavailable"
      ? missed
      : this.#isMember
      ? undefined
      : enterPresence(context, identity, this.#membership(plan));
    if (missed === "unavailable" || (entered !== undefined && !(entered instanceof Promise))) {
      context.hub.leave(entrance.channel);
      return "unavailable";
    }
    if (entered instanceof Promise) this.#confirm(entrance.channel, entered);
    this.#isMember = isMemberBy(plan);
    this.skips = plan.whenSlow !== "close";
    this.#hubChannel = entrance.channel;
    this.#countSubscription();
    const { events, from, to } = missed;
    this.#setPlace(epoch, from);
    context.hub.join(entrance.channel, this, to);
    return { events, isPart: false };
  }

  #setPlace(epoch: string, offset: number): void {
    this.#epoch = epoch;
    this.#prefix = positionPrefix(this.name, epoch);
    this.offset = offset;
  }

  /** Ends the stream if the client cannot become a member: an engine says so later. */
  #confirm(channel: HubChannel, entered: ReturnType<typeof enterPresence>): void {
    const { context } = this.#owner;
    context.follow(
      Promise.resolve(entered).then((error) => {
        if (error !== undefined && this.#hubChannel === channel) this.#owner.unavailable();
      }),
    );
  }

  /** Leaves the channel. @param staysMember its stream goes on in another server, as the same member; default: no */
  leave(staysMember = false): void {
    const { context, identity } = this.#owner;
    if (this.#hubChannel !== undefined) context.hub.leave(this.#hubChannel, this);
    this.#hubChannel = undefined;
    if (this.#isCounted) context.meter.unsubscribed(this.#isCountedMember);
    this.#isCounted = false;
    if (this.#isMember && !staysMember) leavePresence(context, identity, this.#key);
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
    const earlier = this.#earlier;
    this.#earlier = undefined;
    if (earlier === "unavailable") return earlier;
    const lost = { events: null, from: newest, to: newest };
    if (position === undefined) return lost;
    const { offset } = position;
    if (offset === newest) return { events: NOTHING, from: offset, to: offset };
    if (!plan.recoverable) return lost;
    const sink = new EventSink(this.name);
    const isJoined = earlier?.epoch === epoch && earlier.offset === offset;
    if (isJoined) sink.out.append(earlier.events);
    const from = { offset: isJoined ? earlier.to : offset, epoch: channel.epoch };
    const result = store.recover(this.#key, from, room, sink);
    if (result.status === "busy") return "unavailable";
    // The events are longer than the publications.
    const areLonger = result.status === "read" && sink.out.length > room.maxBytes;
    const exceeds = areLonger ? "maxBytes" : result.exceeds;
    if (exceeds !== undefined) return this.#firstPart(channel, offset, room) ?? lost;
    if (result.status !== "read") return lost;
    return { events: sink.out.view(), from: offset, to: result.offset };
  }

  /** The first of what was missed, if all of it is more than is read at once; undefined: there is no first one. */
  #firstPart(
    { epoch }: HubChannel,
    from: number,
    { limit, maxBytes }: RecoveryRoom,
  ): Recovery | "unavailable" | undefined {
    const { broker, limits, meter, slowBytes, store } = this.#owner.context;
    // An engine is asked once, and has answered already.
    if (broker.recover === undefined) {
      const sink = new EventSink(this.name);
      // So much that a client that reads is not a slow one; but one publication at least.
      const most = Math.min(limit, Math.ceil(slowBytes / EVENT_BYTES));
      const query = { since: { offset: from, epoch }, limit: most };
      for (const bytes of [Math.min(maxBytes, slowBytes), maxBytes]) {
        const { status } = store.history(this.#key, { ...query, maxBytes: bytes }, sink);
        if (status === "busy") return "unavailable";
        if (status === "read" && sink.out.length > 0) break;
      }
      // Other channels of the stream may have used the room: there will be some.
      const isFirst = maxBytes === limits.historyBytes;
      const events = sink.out.view();
      if (events.length > 0 || !isFirst) return { events, isPart: true, from, to: from };
    }
    meter.recoveryExceeds("maxBytes");
    return undefined;
  }
}

interface Recovery {
  readonly events: Uint8Array | null;
  /** Whether there is more, behind `to`. */
  readonly isPart?: boolean;
  /** Where the stream is without the events. */
  readonly from: number;
  /** Where it is with them. */
  readonly to: number;
}

/** What was published behind a position before the channel was followed. */
interface EarlierEvents extends ChannelPosition {
  readonly events: Uint8Array;
  /** The offset up to which they go. */
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
