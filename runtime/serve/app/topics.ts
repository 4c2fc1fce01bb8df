/**
 * The topics of an app: channels, as its WebSockets and its code use them.
 *
 * In: topics and messages of the app; entries from the hub. Out: publications in the store, which every subscriber on every worker gets,
 * of whatever protocol; subscriptions of sockets. A topic has the options of its namespace, and those of a channel without any where the
 * config has no such namespace: the app is trusted, so what clients may do does not matter here.
 */

import { CHANNEL_OPTIONS } from "../../config/mod.ts";
import { MAX_NAME_BYTES } from "../../channels/mod.ts";
import type { ClientError } from "../../../protocol/centrifuge/mod.ts";
import type { PublishAnswer } from "../broker/mod.ts";
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
   * @throws {TypeError} for a topic that no channel can be called, {@link Error} if the channels have no room
   */
  subscribe(topic: string, socket: TopicSocket): TopicSubscription {
    const subscription = new TopicSubscription(this, this.#face, socket);
    const status = this.#enter(topic, keyOf(topic, "subscribe"), subscription);
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
    const status = this.#enter(channel.name, channel.key, subscription);
    if (status !== "entered") this.#reportLost(channel.name);
  }

  #reportLost(topic: string): void {
    this.#context.report(new Error(`the app's WebSockets have lost the topic "${topic}": no room`));
  }

  /** Enters once an engine has opened the channel, unless the socket has left. */
  async #enterLater(
    topic: string,
    key: Uint8Array,
    subscription: TopicSubscription,
  ): Promise<void> {
    const opened = await this.#context.broker.open(key);
    if (subscription.isEnded) return;
    const entrance = opened === "open" ? this.#context.hub.enter(topic, key) : opened;
    if (typeof entrance === "string") this.#reportLost(topic);
    else this.#join(entrance, subscription);
  }

  #enter(
    topic: string,
    key: Uint8Array,
    subscription: TopicSubscription,
  ): "entered" | "full" | "busy" {
    const { hub } = this.#context;
    const entrance = hub.enter(topic, key);
    if (entrance === "absent") {
      this.#context.follow(this.#enterLater(topic, key, subscription));
      return "entered";
    }
    if (typeof entrance === "string") return entrance;
    this.#join(entrance, subscription);
    return "entered";
  }

  #join({ channel, offset }: Entrance, subscription: TopicSubscription): void {
    subscription.channel = channel;
    this.#context.hub.join(channel, subscription, offset);
  }

  #channelOf(topic: string, asker: string): Channel {
    const found = this.#context.rules.resolve(topic);
    if ("channel" in found) return found.channel;
    keyOf(topic, asker);
    return { ...parseChannelName(topic), name: topic, options: CHANNEL_OPTIONS, users: undefined };
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
