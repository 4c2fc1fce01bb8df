/**
 * The topics of an app: channels, as its WebSockets and its code use them.
 *
 * In: topics and messages of the app; entries from the hub. Out: publications in the store, which every subscriber on every worker gets,
 * of whatever protocol; subscriptions of sockets. A topic has the options of its namespace, and those of a channel without any where the
 * config has no such namespace: the app is trusted, so what clients may do does not matter here.
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import { CHANNEL_OPTIONS } from "../../config/mod.ts";
import { type Entry, type EntrySink, MAX_NAME_BYTES } from "../../channels/mod.ts";
import type { ClientError } from "../../../protocol/centrifuge/mod.ts";
import type { ClientPosition, PublishAnswer } from "../broker/mod.ts";
import { type ChannelContext, publishTo } from "../centrifuge/mod.ts";
import { type Channel, parseChannelName } from "../channels/mod.ts";
import type { Entrance, HubChannel, Subscriber } from "../hub/mod.ts";
import type { SharedFrames } from "../session/mod.ts";
import type { TopicData } from "./topic_data.ts";
import { type AwaitedPublication, AwaitedPublications } from "./awaited_publications.ts";
import { HALF } from "./publish_options.ts";
import { framesFor, TopicFace, type TopicFrames } from "./topic_face.ts";

const UTF8 = new TextEncoder();

/** A WebSocket that is subscribed. */
export interface TopicSocket {
  /** Sends messages of a topic; false if they were dropped, because too much waits for the client. */
  deliver(frames: SharedFrames): boolean;
  /** Whether what it publishes reaches itself. */
  readonly publishesToSelf: boolean;
}

/** One subscription of one WebSocket. */
export class TopicSubscription implements Subscriber<TopicFrames> {
  readonly face: TopicFace;
  /** Undefined until an engine has opened it, and after publications were lost and the channels had no room to go on. */
  channel: HubChannel | undefined = undefined;
  /** The offset from which on it gets what is published. */
  from = 0;
  /** Whether the socket has left the topic. */
  isEnded = false;
  readonly #topics: Topics;
  readonly #socket: TopicSocket;

  constructor(topics: Topics, face: TopicFace, socket: TopicSocket) {
    this.face = face;
    this.#topics = topics;
    this.#socket = socket;
  }

  receive(message: TopicFrames): void {
    const frames = framesFor(message, this);
    if (frames !== undefined && !this.#socket.deliver(frames)) this.#topics.noteDropped();
  }

  lost(): void {
    this.#topics.resubscribe(this);
  }
}

/** What is said of a publication beside its data. */
export interface TopicPublication {
  /** The subscription of the socket that publishes and is not to get it. */
  readonly publisher?: TopicSubscription | undefined;
  /** What it is a newer value of, where the namespace merges publications; empty: nothing. */
  readonly key?: string;
}

interface OwnPublication extends AwaitedPublication {
  readonly publisher: TopicSubscription;
}

/** The topics of one worker. */
export class Topics {
  readonly #context: ChannelContext;
  readonly #awaited = new AwaitedPublications();
  readonly #face: TopicFace;
  /** Whether the app has published or subscribed. */
  isUsed = false;

  constructor(context: ChannelContext) {
    this.#context = context;
    this.#face = new TopicFace(context.meter, this.#awaited);
  }

  /**
   * Publishes.
   *
   * @param more who publishes, and what it is a newer value of
   * @returns the subscribers of all workers but the publisher; undefined if the channels have no room now
   * @throws {TypeError} for a topic that no channel can be called, {@link RangeError} if the data is too long
   */
  publish(
    topic: string,
    { data, form }: TopicData,
    { publisher, key }: TopicPublication = {},
  ): number | undefined {
    this.isUsed = true;
    const channel = this.#channelOf(topic, "publish");
    const { store } = this.#context;
    if (data.length > store.maxEntryBytes) {
      throw new RangeError(
        `A publication of ${data.length} bytes is too long: at most ${store.maxEntryBytes} fit into --channels-memory`,
      );
    }
    const result = publishTo(this.#context, channel, { data, form, key, source: "app" });
    if (result instanceof Promise) {
      const own = publisher && { topic, publisher, data, form, hasCome: false };
      return this.#countLater(topic, result, own);
    }
    if ("code" in result) return undefined;
    const { offset, subscribers } = result;
    if (publisher?.channel === undefined) return subscribers;
    this.#face.excludePublisher(publisher.channel, offset, publisher);
    return subscribers - 1;
  }

  /** An engine answers later: the operator is told if it has refused. The subscribers are those of this server. */
  #countLater(
    topic: string,
    answer: Promise<PublishAnswer | ClientError>,
    own?: OwnPublication,
  ): number {
    if (own !== undefined) this.#awaited.add(own);
    this.#context.follow(answer.then((result) => {
      // It may be delivered here all the same, without an offset, if the engine is away: then the feed has it already.
      if (own !== undefined && "code" in result) this.#context.hub.flush();
      if (own !== undefined) this.#settle(own, "code" in result ? 0 : result.offset);
      if (!("code" in result)) return;
      this.#context.report(new Error(`a publication of the app in "${topic}" was refused`));
    }));
    return this.subscriberCount(topic) - (own?.publisher.channel === undefined ? 0 : 1);
  }

  /** The engine has said which offset a socket's publication has, unless it has come already; 0: it has none. */
  #settle(own: OwnPublication, offset: number): void {
    this.#awaited.remove(own);
    const { hasCome, publisher } = own;
    if (hasCome || publisher.channel === undefined || offset <= publisher.channel.passedUpTo) {
      return;
    }
    this.#face.excludePublisher(publisher.channel, offset, publisher);
  }

  /** The subscribers of a topic on all workers; 0 if the channels are busy. */
  subscriberCount(topic: string): number {
    return this.#context.store.subscriberCount(keyOf(topic, "subscriberCount")) ?? 0;
  }

  /**
   * Subscribes a socket.
   *
   * @param since up to where it has what was published, in the process before this one: it gets what follows, if the feed or the history
   * has that; null: it begins now
   * @throws {TypeError} for a topic that no channel can be called, {@link Error} if the channels have no room
   */
  subscribe(
    topic: string,
    socket: TopicSocket,
    since: ClientPosition | null = null,
  ): TopicSubscription {
    this.isUsed = true;
    const subscription = new TopicSubscription(this, this.#face, socket);
    const status = this.#enter({ topic, key: keyOf(topic, "subscribe"), since }, subscription);
    if (status !== "entered") {
      const advice = status === "full" ? ": see --channels-memory" : " now: try again";
      throw new Error(`Cannot subscribe to a topic: the channels have no room${advice}`);
    }
    this.#context.meter.subscribed(false);
    return subscription;
  }

  /** Ends a subscription. */
  unsubscribe(subscription: TopicSubscription): void {
    this.#context.meter.unsubscribed(false);
    subscription.isEnded = true;
    if (subscription.channel !== undefined) {
      this.#context.hub.leave(subscription.channel, subscription);
    }
    subscription.channel = undefined;
  }

  /** Passes on what was published: all of it, if nothing follows, as the channels are those of another server. */
  flush(): void {
    const { hub, store } = this.#context;
    if (store.isSealed) hub.finish();
    else hub.flush();
  }

  /** Up to where a subscription has what was published; null: it is not known, as nothing was passed on. */
  positionOf({ channel, from }: TopicSubscription): ClientPosition | null {
    if (channel === undefined) return null;
    const epoch = this.#context.store.epochText(channel.epoch);
    return { epoch, offset: Math.max(channel.passedUpTo, from) };
  }

  /** Whether the topic is open, and nothing that the subscriber has published in it is still to come back. */
  isSettled(subscription: TopicSubscription): boolean {
    const { channel } = subscription;
    return channel !== undefined && !this.#face.awaitsOwn(channel, subscription) &&
      !this.#awaited.has(channel.name, subscription);
  }

  /** Messages of a topic were dropped for a slow socket. */
  noteDropped(): void {
    this.#context.meter.limitExceeded("queued");
  }

  /** Publications were lost for a subscription: it goes on with what follows. A socket without a protocol cannot be told. */
  resubscribe(subscription: TopicSubscription): void {
    const { channel } = subscription;
    if (channel === undefined) return;
    this.#context.meter.lost();
    subscription.channel = undefined;
    const place = { topic: channel.name, key: channel.key, since: null };
    const status = this.#enter(place, subscription);
    if (status !== "entered") this.#reportLost(channel.name);
  }

  #reportLost(topic: string): void {
    this.#context.report(new Error(`the app's WebSockets have lost the topic "${topic}": no room`));
  }

  /** Enters once an engine has opened the channel, unless the socket has left. */
  async #enterLater(place: Place, subscription: TopicSubscription): Promise<void> {
    const { broker, hub } = this.#context;
    const opened = await broker.open(place.key);
    const since = await this.#askForMissed(place, subscription);
    if (subscription.isEnded) return;
    const entrance = opened === "open" ? hub.enter(place.topic, place.key) : opened;
    if (typeof entrance === "string") return this.#reportLost(place.topic);
    const from = this.#recover(entrance, { ...place, since }, subscription);
    this.#join(entrance.channel, subscription, from ?? entrance.offset);
  }

  #enter(place: Place, subscription: TopicSubscription): "entered" | "full" | "busy" {
    const { broker, hub } = this.#context;
    const entrance = hub.enter(place.topic, place.key);
    if (entrance !== "absent" && typeof entrance === "string") return entrance;
    if (entrance !== "absent" && this.#goOn(entrance, place, subscription)) return "entered";
    const from = entrance === "absent" ? undefined : this.#recover(entrance, place, subscription);
    if (entrance === "absent" || (from === undefined && broker.recover !== undefined)) {
      if (entrance !== "absent") hub.leave(entrance.channel);
      this.#context.follow(this.#enterLater(place, subscription));
    } else this.#join(entrance.channel, subscription, from ?? entrance.offset);
    return "entered";
  }

  /** Goes on where the process before this one has left off. False: it cannot, or an engine has the channels. */
  #goOn(entrance: Entrance, { since }: Place, subscription: TopicSubscription): boolean {
    const { broker, hub, store } = this.#context;
    const { channel } = entrance;
    if (since === null || since.epoch !== store.epochText(channel.epoch)) return false;
    if (broker.recover !== undefined) return false;
    const wish = { face: this.#face.forMissed };
    if (!hub.resume(entrance, subscription, since.offset, wish)) return false;
    subscription.channel = channel;
    subscription.from = since.offset;
    return true;
  }

  /** Passes on what the store has behind a position; returns up to where; undefined: it does not have all of that. */
  #recover(
    { channel, offset: newest }: Entrance,
    { key, since }: Place,
    subscription: TopicSubscription,
  ): number | undefined {
    if (since === null) return newest;
    const { store } = this.#context;
    const { epoch } = channel;
    if (since.epoch !== store.epochText(epoch)) return undefined;
    if (since.offset >= newest) return since.offset;
    const missed = new MissedFrames(this.#face);
    const result = store.recover(key, { offset: since.offset, epoch }, this.#room, missed);
    if (result.status !== "read") return undefined;
    missed.deliver(subscription);
    return result.offset;
  }

  /** Passes on what an engine has behind a position; returns where that ends, or null if that is not known. */
  async #askForMissed(
    { key, since }: Place,
    subscription: TopicSubscription,
  ): Promise<ClientPosition | null> {
    const { broker } = this.#context;
    if (since === null || broker.recover === undefined) return since;
    const missed = new MissedFrames(this.#face);
    const { status, offset } = await broker.recover(key, since, this.#room, missed);
    if (status !== "read") return null;
    if (!subscription.isEnded) missed.deliver(subscription);
    return { epoch: since.epoch, offset };
  }

  get #room() {
    const { historyPublications: limit, historyBytes: maxBytes } = this.#context.limits;
    return { limit, maxBytes };
  }

  #join(channel: HubChannel, subscription: TopicSubscription, from: number): void {
    subscription.channel = channel;
    subscription.from = from;
    this.#context.hub.join(channel, subscription, from);
  }

  #channelOf(topic: string, asker: string): Channel {
    const found = this.#context.rules.resolve(topic);
    if ("channel" in found) return found.channel;
    keyOf(topic, asker);
    return { ...parseChannelName(topic), name: topic, options: CHANNEL_OPTIONS, users: undefined };
  }
}

/** Where a subscription begins. */
interface Place {
  readonly topic: string;
  /** The topic as the store has it. */
  readonly key: Uint8Array;
  readonly since: ClientPosition | null;
}

/** What a socket has missed, as its messages. */
class MissedFrames implements EntrySink {
  readonly #face: TopicFace;
  readonly #out = new ByteBuffer(0);

  constructor(face: TopicFace) {
    this.#face = face;
  }

  entry(entry: Entry): void {
    this.#face.appendMissed(this.#out, entry);
  }

  deliver(subscription: TopicSubscription): void {
    if (this.#out.length > 0) subscription.receive(this.#face.seal(this.#out));
  }
}

/** The topic as the store has it. */
function keyOf(topic: string, asker: string): Uint8Array {
  if (typeof topic !== "string") throw new TypeError(`${asker} expects a topic that is a string`);
  if (topic === "") throw new TypeError(`${asker} requires a non-empty topic name`);
  if (!topic.isWellFormed()) throw new TypeError(`A topic's name must not have ${HALF}`);
  const key = UTF8.encode(topic);
  if (key.length <= MAX_NAME_BYTES) return key;
  throw new RangeError(
    `A topic's name has ${key.length} bytes: at most ${MAX_NAME_BYTES} are allowed`,
  );
}
