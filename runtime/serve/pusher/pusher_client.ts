/**
 * One client of the Pusher protocol: from its first message to the end of its connection.
 *
 * In: messages, each with one command; deadlines. Out: events, and the end of the connection with its code. A subscription is one piece
 * of work without a wait, unless an engine has to be asked. The protocol has no recovery: a client for which something was lost
 * connects again, and so knows it.
 *
 * Longer than 400 lines because each command, each deadline and a move to another process change the same few fields.
 */

import { BINARY, ProtocolError, TEXT } from "../../../protocol/mod.ts";
import {
  cacheMiss,
  connectionEstablished,
  decodePusherMessage,
  EVENT_REFUSED,
  PUSHER_CLOSES,
  PUSHER_PING,
  PUSHER_PONG,
  type PusherClose,
  type PusherCommand,
  pusherError,
  type PusherMember,
  readPusherMember,
  readPusherUser,
  signinSuccess,
  subscriptionError,
  subscriptionSucceeded,
} from "../../../protocol/pusher/mod.ts";
import { NEVER, TimerNode } from "../../net/mod.ts";
import { whenThere } from "../broker/mod.ts";
import { CommandRate, encodeClientInfo, MAX_USER_BYTES, presentOf } from "../centrifuge/mod.ts";
import { DROPPED, type WebSocketPeer } from "../session/mod.ts";
import { readCached } from "./cached_event.ts";
import { type ClientEvent, ClientEvents } from "./client_events.ts";
import { memberOf, type PusherClientState } from "./pusher_client_state.ts";
import type { PusherContext } from "./pusher_context.ts";
import { framesFor, type PusherFrames } from "./pusher_face.ts";
import { PusherSubscription, type PusherSubscriptionOwner } from "./pusher_subscription.ts";
import { resumeSubscription, subscriptionState } from "./subscription_move.ts";

type CommandOf<Name extends PusherCommand["name"]> = Extract<
  PusherCommand,
  { readonly name: Name }
>;

const UTF8 = new TextEncoder();

/** Milliseconds for the answer to a ping; that of Pusher. */
const PONG_TIME = 30_000;
/** Clients ask first, after the time that they are told; the server after this many times as long. */
const PATIENCE = 1.25;
/** Attempts to enter a channel that an engine has. */
const ATTEMPTS = 3;
/** RFC 6455 section 7.4.1. The protocol has no code of its own. */
const TOO_BIG: PusherClose = { code: 1009, reason: "message too big" };
const NOT_TEXT: PusherClose = { code: 1003, reason: "messages are text" };

/** A client. */
export class PusherClient extends TimerNode implements PusherSubscriptionOwner {
  /** The name of the connection, which applications sign: two numbers, and nobody can guess them. */
  readonly socketId: string;
  readonly #context: PusherContext;
  readonly #peer: WebSocketPeer;
  readonly #byName = new Map<string, PusherSubscription>();
  readonly #rate: CommandRate;
  /** Made with the first event. */
  #events: ClientEvents | undefined = undefined;
  #isClosed = false;
  /** Answers of an engine that it waits for. */
  #pending = 0;
  /** Empty: it has not signed in. */
  #user = "";
  // In the loop's milliseconds.
  #heardAt: number;
  #pongBy = NEVER;

  /** @param state of a client that another process has given up; absent: it is a new one */
  constructor(context: PusherContext, peer: WebSocketPeer, state?: PusherClientState) {
    super();
    this.#context = context;
    this.#peer = peer;
    this.socketId = state?.socketId ?? crypto.getRandomValues(new Uint32Array(2)).join(".");
    const { app, channels } = context;
    this.#rate = new CommandRate(channels.limits.commandsPerSecond);
    this.#heardAt = channels.loop.now;
    channels.meter.clientConnected("pusher");
    if (state !== undefined) this.#resume(state);
    else this.#send(connectionEstablished(this.socketId, app.config.activityTime / 1000));
    this.#setTimer();
  }

  /** Gives up the client, whose connection goes on in another process; undefined, and nothing has happened: it waits for something. */
  leave(): PusherClientState | undefined {
    if (this.#isClosed || this.#pending > 0) return undefined;
    const { channels } = this.#context;
    const all = [...this.#byName.values()].map((subscription) =>
      subscriptionState(channels, subscription)
    );
    const subscriptions = all.filter((state) => state !== undefined);
    if (subscriptions.length < all.length) return undefined;
    const now = presentOf(channels);
    const state = {
      socketId: this.socketId,
      user: this.#user,
      silentFor: now - this.#heardAt,
      pongIn: this.#pongBy === NEVER ? undefined : this.#pongBy - now,
      rate: this.#rate.spent(channels.loop.now),
      events: this.#events?.sent,
      subscriptions,
    };
    this.#close();
    for (const subscription of this.#byName.values()) this.#giveUp(subscription);
    this.#byName.clear();
    return state;
  }

  /** Goes on with a client that another process has given up. It is told nothing, unless something was lost. */
  #resume(state: PusherClientState): void {
    const { app, channels, directory, face } = this.#context;
    const now = presentOf(channels);
    this.#heardAt = now - state.silentFor;
    if (state.pongIn !== undefined) this.#pongBy = now + state.pongIn;
    this.#rate.goOn(state.rate, channels.loop.now);
    if (state.events !== undefined) this.#openEvents().goOn(state.events);
    this.#user = state.user;
    if (state.user !== "") directory.add(state.user, this);
    const resumed = state.subscriptions.map((one) => {
      const channel = app.channel(one.name);
      if (channel === undefined) return undefined;
      const parts = { channel, face, member: memberOf(one), owner: this };
      const subscription = new PusherSubscription(parts);
      subscription.isMember = one.member !== undefined;
      this.#byName.set(one.name, subscription);
      return { subscription, state: one };
    });
    // All are there before the first gets something: it may end the connection.
    for (const one of resumed) {
      if (one !== undefined && resumeSubscription(this.#context, this, one)) continue;
      return this.onLost();
    }
  }

  /** Whether the connection is over. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The peer has sent a message. */
  receive(): void {
    if (this.#isClosed) return;
    const { opcode, payload, payloadStart, payloadEnd } = this.#peer;
    const { limits, meter, loop } = this.#context.channels;
    this.#heardAt = loop.now;
    if (this.#pongBy !== NEVER) {
      this.#pongBy = NEVER;
      this.#setTimer();
    }
    if (opcode === BINARY) return this.end(NOT_TEXT);
    if (payloadEnd - payloadStart > limits.messageBytes) {
      meter.limitExceeded("channel_message");
      return this.end(TOO_BIG);
    }
    const admission = this.#rate.admit(loop.now);
    if (admission !== "admitted") {
      meter.limitExceeded("channel_commands");
      return this.end(PUSHER_CLOSES.TOO_MANY_MESSAGES);
    }
    try {
      this.#carryOut(decodePusherMessage(payload, payloadStart, payloadEnd));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#send(pusherError(error.message));
    }
  }

  /** The connection is gone. */
  closed(): void {
    if (this.#isClosed) return;
    this.#close();
    for (const [name] of this.#byName) this.#leave(name);
  }

  #close(): void {
    this.#isClosed = true;
    const { channels, directory } = this.#context;
    channels.loop.timers.cancel(this);
    channels.meter.clientLeft("pusher");
    if (this.#user !== "") directory.remove(this.#user, this);
  }

  /** Ends the connection. */
  end({ code, reason }: PusherClose): void {
    if (this.#isClosed) return;
    this.closed();
    this.#context.channels.meter.disconnected(code);
    this.#peer.close(code, reason);
  }

  /** The server stops; it, or another one, is there again in a moment. */
  disconnect(): void {
    this.end(PUSHER_CLOSES.RECONNECT);
  }

  override onDeadline(now: number): void {
    if (now >= this.#pongBy) {
      if (this.#peer.queuedBytes === 0) return this.end(PUSHER_CLOSES.NO_PONG);
      // What is queued stands before the ping. Who reads nothing at all is ended by the limit of writing.
      this.#pongBy = now + PONG_TIME;
    }
    if (this.#pongBy === NEVER && now >= this.#silentAt) {
      this.#pongBy = now + PONG_TIME;
      this.#send(PUSHER_PING);
    }
    this.#setTimer();
  }

  get #silentAt(): number {
    return this.#heardAt + PATIENCE * this.#context.app.config.activityTime;
  }

  #setTimer(): void {
    if (this.#isClosed) return;
    const { timers } = this.#context.channels.loop;
    timers.set(this, this.#pongBy === NEVER ? this.#silentAt : this.#pongBy);
  }

  // PusherSubscriptionOwner: called by the hub.

  pass(message: PusherFrames): void {
    const frames = this.#isClosed ? undefined : framesFor(message, this.socketId);
    if (frames !== undefined && this.#peer.sendShared(frames) === DROPPED) this.#onSlow();
  }

  onLost(): void {
    if (!this.#isClosed) this.#context.channels.meter.lost();
    this.end(PUSHER_CLOSES.RECONNECT);
  }

  #onSlow(): void {
    if (!this.#isClosed) this.#context.channels.meter.limitExceeded("queued");
    this.end(PUSHER_CLOSES.OVER_CAPACITY);
  }

  #send(message: string): void {
    if (this.#isClosed) return;
    const bytes = UTF8.encode(message);
    if (this.#peer.send(TEXT, bytes, 0, bytes.length) === DROPPED) this.#onSlow();
  }

  #carryOut(command: PusherCommand): void {
    switch (command.name) {
      case "subscribe":
        return this.#subscribe(command);
      case "unsubscribe":
        return this.#leave(command.channel);
      case "signin":
        return this.#signIn(command);
      case "event":
        return this.#publish(command);
      case "ping":
        return this.#send(PUSHER_PONG);
      case "pong":
        return;
      case "unknown":
        return this.#send(pusherError("There is no such event for clients to send"));
    }
  }

  // Subscriptions.

  #subscribe(command: CommandOf<"subscribe">): void {
    const { app, channels, face } = this.#context;
    const { channel: name, channelData } = command;
    const channel = app.channel(name);
    if (channel === undefined) {
      channels.meter.limitExceeded("channel_name");
      return this.#refuse(name, "InvalidChannel", "This is no name of a channel", 400);
    }
    if (this.#byName.has(name)) {
      return this.#send(pusherError(`Existing subscription to channel ${name}`));
    }
    if (this.#byName.size >= channels.limits.channelsPerConnection) {
      channels.meter.limitExceeded("channels");
      return this.#refuse(name, "LimitReached", "The connection has too many channels", 429);
    }
    const isAllowed = channel.kind === "public" ||
      (channel.kind === "user"
        ? channel.user === this.#user
        : app.mayEnter(this.socketId, command));
    if (!isAllowed) {
      channels.meter.pusherSignatureRefused();
      return this.#refuse(name, "AuthError", "The connection may not subscribe", 401);
    }
    let member: PusherMember | undefined;
    if (channel.kind === "presence") {
      member = readPusherMember(channelData ?? "");
      if (member === undefined) {
        return this.#refuse(name, "AuthError", "channel_data has no user_id", 401);
      }
      if (UTF8.encode(member.id).length > MAX_USER_BYTES) {
        const text = `user_id has more than ${MAX_USER_BYTES} bytes`;
        return this.#refuse(name, "LimitReached", text, 413);
      }
    }
    const subscription = new PusherSubscription({ channel, face, member, owner: this });
    this.#byName.set(name, subscription);
    this.#enter(subscription, ATTEMPTS);
  }

  #refuse(channel: string, type: string, error: string, status: number): void {
    this.#send(subscriptionError(channel, { type, error, status }));
  }

  /** Whether nobody has ended it meanwhile. */
  #isCurrent(subscription: PusherSubscription): boolean {
    return this.#byName.get(subscription.channel.name) === subscription;
  }

  #enter(subscription: PusherSubscription, attempts: number): void {
    const { channel: { channel: { name }, key, kind } } = subscription;
    const { channels: { hub, broker, meter }, rooms } = this.#context;
    const entrance = hub.enter(name, key);
    if (entrance === "absent" && attempts > 0) {
      return this.#later(
        broker.open(key).then((status) => {
          if (!this.#isCurrent(subscription)) return;
          if (status === "open") this.#enter(subscription, attempts - 1);
          else this.end(PUSHER_CLOSES.OVER_CAPACITY);
        }),
      );
    }
    // The client would stay out until its next connection, so it gets one.
    if (typeof entrance === "string") return this.end(PUSHER_CLOSES.OVER_CAPACITY);
    const hubChannel = subscription.hubChannel = entrance.channel;
    if (kind === "presence") subscription.room = rooms.enter(name, key);
    meter.subscribed(kind === "presence");
    // From where the feed is, and not from the newest publication: members come and go without an offset.
    const position = hubChannel.passedUpTo;
    hub.join(hubChannel, subscription, position);
    if (subscription.room !== undefined) return this.#join(subscription, position);
    this.#open(subscription, position);
  }

  /** The client becomes a member. */
  #join(subscription: PusherSubscription, position: number): void {
    const { room, member, channel: { name } } = subscription;
    const { limits, meter } = this.#context.channels;
    if (room === undefined || member === undefined) throw new TypeError("no presence channel");
    this.#after(room.ready, subscription, (state) => {
      if (state === "busy") return this.end(PUSHER_CLOSES.OVER_CAPACITY);
      if (state === "limit" || room.size >= limits.presenceClients) {
        meter.limitExceeded("presence");
        this.#leave(name);
        return this.#refuse(name, "LimitReached", "The channel has too many members", 429);
      }
      const info = encodeClientInfo({
        user: member.id,
        client: this.socketId,
        channelInfo: member.info,
      });
      if (info.length > this.#context.channels.store.maxEntryBytes) {
        this.#leave(name);
        return this.#refuse(name, "LimitReached", "user_info is too long", 413);
      }
      subscription.isMember = true;
      const joined = this.#context.channels.broker.join(subscription.channel.key, {
        client: UTF8.encode(this.socketId),
        user: UTF8.encode(member.id),
        info,
        announce: true,
      });
      this.#after(joined, subscription, (status) => {
        if (status !== "joined") return this.end(PUSHER_CLOSES.OVER_CAPACITY);
        this.#open(subscription, position);
      });
    });
  }

  /** Tells the client that it is subscribed, and lets it have what it gets. */
  #open(subscription: PusherSubscription, position: number): void {
    const { channel: { name, isCache }, member, room } = subscription;
    const succeeded = () =>
      this.#send(subscriptionSucceeded(name, member && room?.membersWith(member)));
    if (!isCache) {
      succeeded();
      return subscription.open();
    }
    this.#after(readCached(this.#context, subscription.channel), subscription, (cached) => {
      if (cached === "busy") return this.end(PUSHER_CLOSES.OVER_CAPACITY);
      succeeded();
      if (cached === undefined) this.#send(cacheMiss(name));
      // What is newer comes, or has come, from the hub.
      else if (cached.offset <= position) this.#send(cached.message);
      subscription.open();
    });
  }

  #leave(name: string): void {
    const subscription = this.#byName.get(name);
    if (subscription === undefined) return;
    this.#byName.delete(name);
    this.#giveUp(subscription);
    const { isMember, channel: { key } } = subscription;
    if (isMember) this.#context.channels.broker.leave(key, UTF8.encode(this.socketId));
  }

  /** Nothing more comes from the channel; a member stays one. */
  #giveUp(subscription: PusherSubscription): void {
    const { hubChannel, room, channel } = subscription;
    const { channels: { hub, meter }, rooms } = this.#context;
    if (hubChannel !== undefined) {
      hub.leave(hubChannel, subscription);
      meter.unsubscribed(room !== undefined);
    }
    if (room !== undefined) rooms.leave(channel.channel.name, room);
  }

  /** Goes on with a result, at once if it is there, unless the subscription has ended meanwhile. */
  #after<Result>(
    result: Result | Promise<Result>,
    subscription: PusherSubscription,
    next: (result: Result) => void,
  ): void {
    if (!(result instanceof Promise)) return next(result);
    this.#later(result.then((settled) => {
      if (this.#isCurrent(subscription)) next(settled);
    }));
  }

  #later(promise: Promise<void>): void {
    this.#pending++;
    const { channels } = this.#context;
    const settled = promise.catch((error) => channels.report(error));
    channels.follow(settled.finally(() => void this.#pending--));
  }

  // The user.

  #signIn({ auth, userData }: CommandOf<"signin">): void {
    const { app, directory, channels } = this.#context;
    const isSigned = app.isUser(this.socketId, auth, userData);
    const user = isSigned ? readPusherUser(userData) : undefined;
    if (user === undefined || (this.#user !== "" && this.#user !== user)) {
      if (!isSigned) channels.meter.pusherSignatureRefused();
      const { UNAUTHORIZED } = PUSHER_CLOSES;
      this.#send(pusherError(UNAUTHORIZED.reason, UNAUTHORIZED.code));
      return this.end(UNAUTHORIZED);
    }
    if (this.#user === "") directory.add(user, this);
    this.#user = user;
    this.#send(signinSuccess(userData));
  }

  // Events of the client.

  #publish(event: ClientEvent): void {
    const answer = this.#openEvents().send(event, this.#byName.get(event.channel), this.#user);
    const told = whenThere(answer, (refusal) => this.#refuseEvent(refusal));
    if (told instanceof Promise) this.#later(told);
  }

  #openEvents(): ClientEvents {
    return this.#events ??= new ClientEvents(this.#context, this.socketId);
  }

  #refuseEvent(reason: string | undefined): void {
    if (reason === undefined) return;
    this.#context.channels.meter.pusherEventRefused();
    this.#send(pusherError(`Client event rejected: ${reason}`, EVENT_REFUSED));
  }
}
