/**
 * One stream of events: the publications of some channels, for a client without a library.
 *
 * In: the channels that are open to the client, and the positions that it comes back with; then what the hub passes on, and deadlines. Out:
 * events to the answer, each with the positions of all channels behind it. First `retry:`, then an event `lost` if anything is, then what was
 * missed, a part at a time as the client reads, then what is published. If the client does not read, the stream ends, or skips to the newest
 * and says so in an event `skipped`, by the policy of the channel. It ends when a token expires. At an upgrade it goes on in the new server, as
 * if it came back with its last position.
 * Longer than 400 lines because each step, from the first position to the end, changes the state that is drawn here.
 *
 *   new ──begin──► started ──► ended
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import {
  type Disconnect,
  DISCONNECTS,
  type Unsubscribe,
} from "../../../protocol/centrifuge/mod.ts";
import { type Deferred, NEVER, TimerNode } from "../../net/mod.ts";
import {
  type ChannelContext,
  type ClientDirectory,
  type ControlledClient,
  firstPingAt,
  momentOf,
  NewestMessages,
  READING_BYTES,
} from "../centrifuge/mod.ts";
import type { Face } from "../hub/mod.ts";
import { type AnswerStream, DROPPED, type StreamListener } from "../session/mod.ts";
import type { ChannelAccess } from "./channel_access.ts";
import { encodeMovedStream } from "./moved_stream.ts";
import {
  countEventParts,
  EventParts,
  readEventParts,
  WholeEvents,
  writeOwnEvent,
  writePlaces,
} from "./event_faces.ts";
import { type ChannelStreamOwner, StreamChannel } from "./stream_channel.ts";
import { joinPositions, type PositionFinder } from "./stream_position.ts";

/** Milliseconds after which clients come back: spread, because a server that stops ends all streams at once. */
const RETRY = { least: 1_000, most: 5_000 } as const;
/** The path of streams. */
export const SSE_PATH = "/channels/sse";
/** A comment, so that proxies and phones keep the connection. No empty line: @microsoft/fetch-event-source 2.0 takes that for a message. */
const PING = new TextEncoder().encode(":\n");
/** Short events grow by their positions: at this length they are sent, so that a client that does not read is noticed. */
const FULL_BYTES = 64 * 1024;
/** Bytes of a position in an event, at most. */
const POSITION_BYTES = 40;
/** As READING_BYTES, for a channel of which nothing is recovered: there may be many, with members that come and go. */
const ENTERING_BYTES = 4 * 1024;

const NOWHERE: PositionFinder = () => [];

/** Where a channel of a stream was. */
type SinceOf = (channel: StreamChannel) => ReturnType<PositionFinder>;

/** What all streams of a worker share. */
export interface ChannelStreamParts {
  readonly context: ChannelContext;
  readonly directory: ClientDirectory;
  /** How streams of one channel are encoded for. */
  readonly whole: WholeEvents;
  /** How the others are. */
  readonly parts: EventParts;
  /** Where events get the positions of a stream, one stream after another. */
  readonly scratch: ByteBuffer;
}

/** A stream. */
export class ChannelStream extends TimerNode
  implements ChannelStreamOwner, ControlledClient, Deferred, StreamListener {
  readonly context: ChannelContext;
  readonly identity: ChannelAccess["identity"];
  readonly face: Face<Uint8Array>;
  /** As metrics have it. */
  readonly transport = "sse" as const;
  readonly #directory: ClientDirectory;
  readonly #scratch: ByteBuffer;
  readonly #expiry: Disconnect;
  /** Where it was; given back when it has begun, as there are many. */
  #since: PositionFinder;
  #channels: StreamChannel[];
  /** Those that the hub has ended, to be entered again. */
  readonly #lost = new Set<StreamChannel>();
  /** Those that get more of what they missed, when the client has read the last part. */
  readonly #partly = new Set<StreamChannel>();
  /** What waits for a slow client; null if it never was. */
  #newest: NewestMessages<Uint8Array> | null = null;
  #answer: AnswerStream | null = null;
  #state: "new" | "started" | "ended" = "new";
  #isDeferred = false;
  /** Seconds since 1970; undefined: it does not expire. */
  #expireAt: number | undefined = undefined;
  // In the loop's milliseconds.
  #pingAt = NEVER;
  #expiresAt = NEVER;

  /**
   * @param access of a client that counts as a connection of its user
   * @param since where it was
   */
  constructor(
    { context, directory, whole, parts, scratch }: ChannelStreamParts,
    { identity, channels, expireAt, expiry }: ChannelAccess,
    since: PositionFinder,
  ) {
    super();
    this.context = context;
    this.identity = identity;
    this.face = channels.length === 1 ? whole : parts;
    this.#directory = directory;
    this.#scratch = scratch;
    this.#expiry = expiry;
    this.#since = since;
    this.#channels = channels.map((open) => new StreamChannel(this, open));
    this.#setExpiry(expireAt);
  }

  /** Whether the stream is over. */
  get isClosed(): boolean {
    return this.#state === "ended";
  }

  /** The answer has begun. */
  begin(answer: AnswerStream): void {
    this.#answer = answer;
    this.#directory.connected(this);
    this.#start();
  }

  // ChannelStreamOwner: called by the channels, while the hub sends.

  receive(channel: StreamChannel, events: Uint8Array): void {
    if (channel.skips && this.#isSlow(channel)) return this.#keep(channel, events);
    if (channel.skippedTo !== undefined) this.#tellSkipped(channel, channel.skippedTo);
    if (this.face instanceof WholeEvents) return this.#send(events);
    const out = this.#scratch;
    out.clear();
    this.#appendParts(out, channel, events, () => this.#flush(out));
    this.#flush(out);
  }

  lost(channel: StreamChannel): void {
    this.context.meter.lost();
    this.#newest?.drop(channel); // it is recovered, too
    this.#lost.add(channel);
    this.#defer();
  }

  unavailable(): void {
    if (this.#state === "started") this.#endUnavailable(new ByteBuffer());
  }

  // Deferred: the next turn.

  onTurn(): void {
    this.#isDeferred = false;
    if (this.#state === "new") return this.#start();
    if (this.#state === "ended") return;
    const channels = [...this.#lost];
    this.#lost.clear();
    if (this.#queuedBytes === 0) channels.push(...this.#takePartly());
    if (channels.length === 0) return;
    this.#whenPrepared(channels, (channel) => channel.last, () => {
      const left = channels.filter((channel) => this.#channels.includes(channel));
      this.#enter(left, (channel) => channel.last, new ByteBuffer(0));
    });
  }

  /** Another one is the first each time, as the others get what it leaves. */
  #takePartly(): StreamChannel[] {
    const [first, ...others] = this.#partly;
    this.#partly.clear();
    return first === undefined ? [] : [...others, first];
  }

  override onDeadline(now: number): void {
    if (now >= this.#expiresAt) return this.disconnect(this.#expiry);
    if (now >= this.#pingAt) {
      this.#pingAt = now + this.context.limits.pingTime;
      this.#send(PING);
    }
    if (now >= this.#wakeAt) this.#newest?.onTime(now, this.#queuedBytes);
    this.#setTimer();
  }

  // StreamListener

  left(): void {
    this.#end();
  }

  drained(): void {
    this.#newest?.send();
    if (this.#partly.size > 0) this.#defer();
  }

  get resumesAt(): string | undefined {
    const { broker, store } = this.context;
    // Capabilities are functions of a token. An engine might hear that a member has left after it has come to a server that is another node.
    const isBound = this.identity.capabilities.length > 0 ||
      (broker.recover !== undefined && !store.isSealed &&
        this.#channels.some(({ isMember }) => isMember));
    return isBound ? undefined : SSE_PATH;
  }

  moving(): Uint8Array | undefined {
    this.context.hub.flush(); // may end it
    const isBusy = this.#isDeferred || this.#lost.size > 0 || this.#partly.size > 0;
    const isSettled = this.#channels.every((channel) => channel.isSettled);
    if (this.#state !== "started" || isBusy || !isSettled) return undefined;
    const access = {
      identity: this.identity,
      channels: this.#channels.map(({ open }) => open),
      expireAt: this.#expireAt,
      expiry: this.#expiry,
    };
    const since = joinPositions(this.#channels.map(({ settledPosition }) => settledPosition));
    // The members go over with the channels.
    this.#leave(this.context.store.isSealed);
    return encodeMovedStream({ access, since });
  }

  /** A getter, as there are many: a field would be in each. */
  get isFreezable(): boolean {
    return true;
  }

  stopping(): "later" {
    this.context.drain.add(this);
    return "later";
  }

  // ControlledClient: for backends.

  disconnect(reason: Disconnect): void {
    if (this.#state === "ended") return;
    this.context.meter.disconnected(reason.code);
    this.#sendOwn((out) =>
      writeOwnEvent(out, "disconnect", (json) => {
        json.name("code").integer(reason.code).name("reason").text(reason.reason);
      })
    );
    // First: the connection may go on with its next request.
    this.#end(reason);
    this.#answer?.end();
  }

  unsubscribe(name: string, { code, reason }: Unsubscribe): void {
    const channel = this.#channels.find((one) => one.name === name);
    if (this.#state === "ended" || channel === undefined) return;
    // Before the start, which may have been put off, it is not entered yet.
    if (this.#state === "started") channel.leave();
    this.context.meter.unsubscribePushed(code);
    this.#lost.delete(channel);
    this.#partly.delete(channel);
    this.#newest?.drop(channel);
    this.#channels = this.#channels.filter((one) => one !== channel);
    this.#sendOwn((out) =>
      writeOwnEvent(out, "unsubscribe", (json) => {
        json.name("channel").text(name).name("code").integer(code).name("reason").text(reason);
      })
    );
  }

  /** The channels of a stream are those of its address. */
  subscribeByServer(): void {}

  refreshByServer(expireAt: number | undefined): void {
    this.#setExpiry(expireAt);
    this.#setTimer();
  }

  #start(): void {
    const { loop, turn } = this.context;
    if (this.#state !== "new") return;
    // Of many that come back at once, each turn serves some.
    if (turn.isSpent(loop.now)) return this.#defer();
    this.#whenPrepared(this.#channels, ({ name }) => this.#since(name), () => this.#startNow());
  }

  /** Goes on at once, or when an engine has answered, unless the stream has ended by then. */
  #whenPrepared(
    channels: readonly StreamChannel[],
    sinceOf: SinceOf,
    goOn: () => void,
  ): void {
    const { broker, limits, follow, report } = this.context;
    if (broker.recover === undefined) return goOn();
    const room = { limit: limits.historyPublications, maxBytes: limits.historyBytes };
    const pending = channels.map((channel) => channel.prepare(sinceOf(channel), room))
      .filter((one) => one !== undefined);
    if (pending.length === 0) return goOn();
    follow(
      Promise.all(pending).then(() => this.#state === "ended" ? undefined : goOn()).catch(report),
    );
  }

  #startNow(): void {
    const { limits, random } = this.context;
    this.#state = "started";
    const out = new ByteBuffer();
    const retry = RETRY.least + random() * (RETRY.most - RETRY.least);
    out.appendLatin1(`retry: ${Math.round(retry)}\n`);
    this.#enter(this.#channels, ({ name }) => this.#since(name), out);
    this.#since = NOWHERE;
    this.#pingAt = firstPingAt(this.context, limits.pingTime);
    this.#setTimer();
  }

  /** Enters channels, and sends what was missed of them behind what `out` has, an event that is not ended. */
  #enter(
    channels: readonly StreamChannel[],
    sinceOf: SinceOf,
    out: ByteBuffer,
  ): void {
    const { loop, limits, meter, turn } = this.context;
    // Each event will have the positions of all channels.
    const idBytes = POSITION_BYTES * this.#channels.length;
    let room = limits.historyBytes;
    const missed: { readonly channel: StreamChannel; readonly events: Uint8Array }[] = [];
    const lost: StreamChannel[] = [];
    for (const channel of channels) {
      const since = sinceOf(channel);
      const limit = Math.min(limits.historyPublications, Math.floor(room / idBytes));
      const entered = channel.enter(since, { limit, maxBytes: room });
      turn.spend(since.length > 0 ? READING_BYTES : ENTERING_BYTES, loop.now);
      if (entered === "unavailable") return this.#endUnavailable(out);
      const { events, isPart } = entered;
      const count = events === null ? 0 : countEventParts(events);
      if (isPart) {
        this.#partly.add(channel);
        meter.recoveredPart(count);
      } else if (since.length > 0) meter.recovered(events !== null, count);
      if (events === null) lost.push(channel);
      else if (events.length > 0) missed.push({ channel, events });
      room = Math.max(0, room - (events?.length ?? 0) - count * idBytes);
    }
    if (lost.length > 0) {
      if (out.length > 0) out.appendLatin1("\n");
      this.#appendPlaces(out, "lost", lost);
    } else this.#appendId(out);
    out.appendLatin1("\n");
    for (const { channel, events } of missed) this.#appendParts(out, channel, events);
    turn.spend(out.length, loop.now);
    this.#send(out.view());
    if (this.#partly.size > 0) this.#defer();
  }

  /** Appends an event that says where the stream goes on in these channels. */
  #appendPlaces(out: ByteBuffer, event: string, channels: readonly StreamChannel[]): void {
    writePlaces(out, event, channels);
    this.#appendId(out);
  }

  /** Whether events of this channel are kept until the client has read: behind, until it has read everything. */
  #isSlow(channel: StreamChannel): boolean {
    if (channel.isBehind && this.#queuedBytes === 0) this.drained();
    return channel.isBehind || this.#queuedBytes > this.context.slowBytes;
  }

  /** Keeps events in the place of those that wait. If there is no room, the stream ends, as without the policy. */
  #keep(channel: StreamChannel, events: Uint8Array): void {
    if (this.isClosed) return;
    const { loop, meter, newest, slowBytes } = this.context;
    channel.noteKept(events);
    this.#newest ??= new NewestMessages(slowBytes, newest);
    const wakeAt = this.#wakeAt;
    if (!this.#newest.keep(channel, events, loop.now)) return this.#cutOff();
    meter.skipped();
    if (this.#wakeAt !== wakeAt) this.#setTimer();
  }

  /** Before the newest events of a channel, which has lost those up to an offset. */
  #tellSkipped(channel: StreamChannel, to: number): void {
    channel.offset = to;
    channel.skippedTo = undefined;
    this.#sendOwn((out) => this.#appendPlaces(out, "skipped", [channel]));
  }

  /** Appends events of a channel, each with its positions. */
  #appendParts(
    out: ByteBuffer,
    channel: StreamChannel,
    events: Uint8Array,
    isFull: () => void = () => {},
  ): void {
    readEventParts(events, (bytes, offset) => {
      if (out.length > FULL_BYTES) isFull();
      out.append(bytes);
      if (offset > 0) {
        channel.offset = offset;
        this.#appendId(out);
      }
      out.appendLatin1("\n");
    });
  }

  #flush(out: ByteBuffer): void {
    this.#send(out.view());
    out.clear();
  }

  #appendId(out: ByteBuffer): void {
    const positions = this.#channels.map(({ position }) => position);
    const known = positions.filter((position) => position !== undefined);
    out.appendLatin1(`id: ${joinPositions(known)}\n`);
  }

  #sendOwn(write: (out: ByteBuffer) => void): void {
    const out = new ByteBuffer();
    write(out);
    out.appendLatin1("\n");
    this.#send(out.view());
  }

  /** The store is full or busy: the client comes back with the positions that it has. */
  #endUnavailable(out: ByteBuffer): void {
    out.appendLatin1(": the channels have no room now\n\n");
    this.#send(out.view());
    // First: the connection may go on with its next request.
    this.#end();
    this.#answer?.end();
  }

  /** Sends, or ends the stream if too much waits for the client: it recovers when it comes back. */
  #send(bytes: Uint8Array): void {
    if (this.#state === "ended" || bytes.length === 0) return;
    if (this.#answer?.send(bytes, 0, bytes.length) !== DROPPED) return;
    if (!this.isClosed) this.#cutOff(); // the connection may just have ended
  }

  /** When it is looked again whether the client has read, in the loop's milliseconds. */
  get #wakeAt(): number {
    return this.#newest?.wakeAt ?? NEVER;
  }

  get #queuedBytes(): number {
    return this.#answer?.queuedBytes ?? 0;
  }

  #cutOff(): void {
    this.context.meter.limitExceeded("queued");
    this.#end();
    this.#answer?.abort();
  }

  #setExpiry(expireAt: number | undefined): void {
    this.#expireAt = expireAt;
    this.#expiresAt = momentOf(this.context, expireAt);
  }

  #setTimer(): void {
    if (this.#state === "ended") return;
    this.context.loop.timers.set(this, Math.min(this.#pingAt, this.#expiresAt, this.#wakeAt));
  }

  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.context.turn.wait(this);
  }

  #end(reason: Disconnect = DISCONNECTS.CONNECTION_CLOSED): void {
    if (this.#state === "ended") return;
    this.#leave();
    const { identity, transport } = this;
    this.context.hooks?.disconnect?.({ identity, transport, reason });
  }

  /** Gives up everything that it has in this server. @param staysMember see {@link StreamChannel.leave} */
  #leave(staysMember = false): void {
    this.#state = "ended";
    const { loop, users } = this.context;
    loop.timers.cancel(this);
    this.#lost.clear();
    this.#partly.clear();
    for (const channel of this.#channels) {
      this.#newest?.drop(channel);
      channel.leave(staysMember);
    }
    this.#directory.remove(this);
    users.leave(this.identity);
  }
}
