/**
 * One client: from its first message to the end of its connection, whatever carries it.
 *
 * In: messages with commands, from the owner of the connection; deadlines. Out: replies in the order of the commands, pings, and
 * the end of the connection with its code. When each command is carried out is the business of its queue.
 * Longer than 400 lines because each command and each deadline changes the same few fields.
 *
 *   new ──connect──► connected ──► closed
 */

import {
  CLIENT_ERRORS,
  type ClientError,
  type Command,
  type Disconnect,
  DISCONNECTS,
  refusalOf,
  type SubscribeResult,
  type Unsubscribe,
  writeConnectResult,
  writeEmptyResult,
  writeRefreshPush,
  writeRefreshResult,
  writeSubRefreshResult,
  writeSubscribePush,
  writeSubscribeResult,
} from "../../../protocol/centrifuge/mod.ts";
import { NEVER, TimerNode } from "../../net/mod.ts";
import type { Soon } from "../broker/mod.ts";
import { type Channel, maySubscribe } from "../channels/mod.ts";
import type { ConnectionClaims } from "../tokens/mod.ts";
import { answerChannelCommand, isError } from "./channel_commands.ts";
import type { ChannelContext } from "./channel_context.ts";
import type { ControlledClient } from "./client_directory.ts";
import { ANONYMOUS, ClientIdentity } from "./client_identity.ts";
import type { ChannelMeter, ClientTransport } from "./channel_meter.ts";
import { ClientDecisions, type DecidedClient } from "./client_decisions.ts";
import { type ClientState, optionalBytes, optionalText } from "./client_state.ts";
import { type ConnectGrant, grantedClaims } from "./client_hooks.ts";
import type { ClientLink, Sized } from "./client_link.ts";
import {
  endAfter,
  firstPingAt,
  momentOf,
  momentOfTick,
  NEVER_TICK,
  presentOf,
  secondsUntil,
  tickOf,
} from "./deadlines.ts";
import { writePush } from "./publication_fields.ts";
import { decodeCommands, isPong, PONG, TOO_MANY } from "./command_message.ts";
import { type CommandOwner, CommandQueue } from "./command_queue.ts";
import { CommandRate, FLOOD } from "./command_rate.ts";
import { Replies } from "./replies.ts";
import type { Subscription, SubscriptionOwner } from "./subscription.ts";
import {
  PLAIN_GRANT,
  type SubscriptionGrant,
  Subscriptions,
  type SubscriptionWish,
} from "./subscriptions.ts";
import { checkConnectionToken, checksTokens, checkSubscriptionToken } from "./token_check.ts";

type CommandOf<Name extends Command["name"]> = Extract<Command, { readonly name: Name }>;

/** The events that the owner of the connection gets. */
export interface ClientOwner {
  /** The client is connected: its user is known. */
  connected(client: ControlledClient): void;
}

/** A client. */
export class Client extends TimerNode
  implements ControlledClient, SubscriptionOwner, CommandOwner, DecidedClient {
  readonly identity: ClientIdentity;
  readonly subscriptions: Subscriptions;
  readonly #context: ChannelContext;
  readonly link: ClientLink;
  readonly #owner: ClientOwner;
  readonly #rate: CommandRate;
  /** Null while there is nothing to carry out: nearly always, and it would be 150 bytes. */
  #queue: CommandQueue | null = null;
  /** Null if nobody else decides. */
  readonly #decisions: ClientDecisions | null;
  #state: "new" | "connected" | "closed" = "new";
  /** Whether it counts as a connection of its user. */
  #isCounted = false;
  /** Whether who has granted the connection decides how long it goes on. */
  #expiresByHook = false;
  // Ticks, which are no heap numbers.
  #staleAt: number;
  #pingAt = NEVER_TICK;
  #pongBy = NEVER_TICK;
  #expiresAt = NEVER_TICK;

  /** @param id of a client that {@link resume}s what another process has begun; absent: it is a new one */
  constructor(context: ChannelContext, link: ClientLink, owner: ClientOwner, id?: string) {
    super();
    this.identity = new ClientIdentity(id);
    this.#context = context;
    this.link = link;
    this.#owner = owner;
    this.subscriptions = new Subscriptions(context, this);
    this.#rate = new CommandRate(context.limits.commandsPerSecond);
    this.#decisions = context.hooks === undefined ? null : new ClientDecisions(context, this);
    // Who has to wait for a password's hash is upgraded in a promise.
    this.#staleAt = tickOf(presentOf(context) + context.limits.connectTime);
    this.setTimer();
  }

  /** How it is connected. */
  get transport(): ClientTransport {
    return this.link.wire.transport;
  }

  /** The name of the session, if it has one: backends may name it. */
  get session(): string | undefined {
    return this.link.session;
  }

  /** Whether the connection is over. */
  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** One message. The bytes are valid until this returns. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.isClosed) return;
    // The answer to a ping must not be late because an answer to the client is long.
    if (isPong(bytes, start, end)) return void this.carryOut(PONG, new Replies(this.link));
    this.#openQueue().receive(bytes, start, end);
  }

  #openQueue(): CommandQueue {
    return this.#queue ??= new CommandQueue(this.#context, this, {
      link: this.link,
      rate: this.#rate,
    });
  }

  /** The client has read all that was queued for it. */
  drained(): void {
    // In this order: replies do not wait for the newest messages, of which there may always be one.
    this.#queue?.drained();
    this.subscriptions.drained();
  }

  /** The connection is gone. */
  closed(reason: Disconnect = DISCONNECTS.CONNECTION_CLOSED): void {
    const wasConnected = this.#state === "connected";
    this.#state = "closed";
    this.#context.loop.timers.cancel(this);
    this.#queue?.close();
    this.#queue = null;
    this.subscriptions.clear();
    this.#uncount();
    if (wasConnected) this.#decisions?.tellEnd(reason);
  }

  /** Gives up the client, whose connection goes on in another process; undefined, and nothing has happened: it waits for something. */
  leave(): ClientState | undefined {
    const isIdle = this.#state === "connected" && this.#queue === null &&
      this.#decisions?.isAsking !== true;
    const subscriptions = isIdle ? this.subscriptions.states : undefined;
    if (subscriptions === undefined) return undefined;
    const { id, user, capabilities, info } = this.identity;
    const { fields } = this.link;
    const state = {
      id,
      user,
      capabilities,
      info: optionalText(info),
      fields: fields && [...fields],
      isCounted: this.#isCounted,
      expiresByHook: this.#expiresByHook,
      expiresIn: this.#timeUntil(this.#expiresAt),
      pingIn: this.#timeUntil(this.#pingAt),
      pongIn: this.#timeUntil(this.#pongBy),
      subscriptions,
    };
    this.#state = "closed";
    this.#context.loop.timers.cancel(this);
    this.subscriptions.leave();
    return state;
  }

  /** Goes on with a client that another process has given up, in place of its first message. */
  resume(state: ClientState): void {
    const info = optionalBytes(state.info);
    this.identity.identify({ ...state, info });
    this.#state = "connected";
    this.#staleAt = NEVER_TICK;
    this.#isCounted = state.isCounted;
    if (state.isCounted) this.#context.users.goOn(this.identity);
    this.#expiresByHook = state.expiresByHook;
    this.#expiresAt = this.#tickIn(state.expiresIn);
    this.#pingAt = this.#tickIn(state.pingIn);
    this.#pongBy = this.#tickIn(state.pongIn);
    this.#owner.connected(this);
    for (const subscription of state.subscriptions) {
      if (!this.isClosed) this.subscriptions.resume(subscription);
    }
    // The config may allow less here.
    this.#revise();
    this.setTimer();
  }

  #timeUntil(tick: number): number | undefined {
    return tick === NEVER_TICK ? undefined : momentOfTick(tick) - presentOf(this.#context);
  }

  #tickIn(time: number | undefined): number {
    return time === undefined ? NEVER_TICK : tickOf(presentOf(this.#context) + time);
  }

  /** Ends the connection. */
  disconnect(reason: Disconnect): void {
    if (this.isClosed) return;
    this.closed(reason);
    this.#meter.disconnected(reason.code);
    this.link.disconnect(reason);
  }

  /** Ends a subscription, and tells the client. */
  unsubscribe(channel: string, reason: Unsubscribe): void {
    this.#queue?.cancel(channel);
    this.subscriptions.end(channel, reason);
  }

  /** Subscribes the client, and tells it, as soon as it can take what it recovers. */
  subscribeByServer(channel: Channel, wish: SubscriptionWish, grant: SubscriptionGrant): void {
    // A WebSocket in its closing handshake is still in the directory.
    if (this.isClosed) return;
    const { name } = channel;
    const run = (replies: Replies) => {
      const result = this.subscriptions.refusalOf(name) ??
        this.subscriptions.subscribe(channel, wish, grant);
      return this.#after(result, replies, (settled) => this.#pushSubscribe(name, settled, replies));
    };
    this.#openQueue().add({ channel: name, run });
  }

  #pushSubscribe(name: string, result: SubscribeResult | ClientError, replies: Replies): void {
    if (isError(result)) return;
    replies.add((out) => writeSubscribePush(out, name, result));
    for (const publication of result.publications ?? []) {
      replies.add((out) => writePush(out, name, publication));
    }
    this.setTimer();
  }

  /** Goes on with a result, now or later; then it sends the replies, unless the client has left. */
  #after<Result>(
    result: Soon<Result>,
    replies: Replies,
    next: (result: Result) => void,
  ): void | Promise<void> {
    if (!(result instanceof Promise)) return next(result);
    return result.then((settled) => {
      if (this.isClosed) return;
      next(settled);
      this.send(replies);
    });
  }

  /** Changes when the connection ends, and tells the client. */
  refreshByServer(expireAt: number | undefined): void {
    const ttl = this.#setExpiry(expireAt);
    if (ttl !== undefined && ttl <= 0) return this.disconnect(DISCONNECTS.EXPIRED);
    const push = new Replies(this.link);
    push.add((out) => writeRefreshPush(out, { ttl }));
    this.send(push);
  }

  /** A client that has not read so many bytes is slow. */
  get slowBytes(): number {
    return this.#context.slowBytes;
  }

  get #meter(): ChannelMeter {
    return this.#context.meter;
  }

  onSlow(): void {
    if (!this.isClosed) this.#meter.limitExceeded("queued");
    this.disconnect(DISCONNECTS.SLOW);
  }

  onLost(subscription: Subscription): void {
    this.subscriptions.noteLost(subscription);
  }

  onSkip(subscription: Subscription, message: Sized): void {
    this.subscriptions.skip(subscription, message);
  }

  onCaughtUp(subscription: Subscription): void {
    this.subscriptions.dropNewest(subscription);
  }

  onInsufficientState(): void {
    this.disconnect(DISCONNECTS.INSUFFICIENT_STATE);
  }

  override onDeadline(now: number): void {
    if (now >= momentOfTick(this.#staleAt)) {
      this.#meter.limitExceeded("channel_connect_timeout");
      return this.disconnect(DISCONNECTS.STALE);
    }
    if (now >= momentOfTick(this.#pongBy)) {
      if (this.link.queuedBytes === 0) return this.disconnect(DISCONNECTS.NO_PONG);
      // What is queued stands before the ping. Who reads nothing at all is ended by the limit of writing.
      this.#pongBy = tickOf(now + this.#context.limits.pongTime);
    }
    if (now >= momentOfTick(this.#expiresAt)) {
      this.#expiresAt = NEVER_TICK;
      const isAsked = this.#expiresByHook && this.#decisions?.askForConnection() === true;
      if (!isAsked) this.disconnect(DISCONNECTS.EXPIRED);
      if (this.isClosed) return;
    }
    this.subscriptions.expire(now);
    if (now >= momentOfTick(this.#pingAt)) this.#ping(now);
    if (now >= this.subscriptions.wakeAt) this.subscriptions.onTime();
    if (this.#queue !== null && now >= this.#queue.wakeAt) this.#queue.onTime();
    this.setTimer();
  }

  #uncount(): void {
    if (this.#isCounted) this.#context.users.leave(this.identity);
    this.#isCounted = false;
  }

  #ping(now: number): void {
    this.#pingAt = tickOf(now + this.#pingTime);
    this.#pongBy = tickOf(now + this.#context.limits.pongTime);
    if (!this.link.sendShared(this.link.wire.ping)) this.onSlow();
  }

  get #pingTime(): number {
    return this.#context.limits.pingTime * this.link.wire.pingFactor;
  }

  // CommandOwner: called by the queue.

  setTimer(): void {
    if (this.isClosed) return;
    const own = Math.min(this.#staleAt, this.#pingAt, this.#pongBy, this.#expiresAt);
    const { nextExpiry, wakeAt } = this.subscriptions;
    const others = Math.min(nextExpiry, wakeAt, this.#queue?.wakeAt ?? NEVER);
    this.#context.loop.timers.set(this, Math.min(momentOfTick(own), others));
  }

  onIdle(): void {
    this.#queue = null;
  }

  decode(bytes: Uint8Array, start: number, end: number): readonly Command[] {
    // What is more ends the connection before it is carried out.
    const most = FLOOD * this.#context.limits.commandsPerSecond;
    const commands = decodeCommands(bytes, { start, end, most });
    if (Array.isArray(commands)) return commands;
    this.disconnect(commands as Disconnect);
    return [];
  }

  carryOut(command: Command, replies: Replies): void | Promise<void> {
    // Answers that take long may have given the commands before several seconds.
    const admission = command === TOO_MANY ? "flood" : this.#rate.admit(this.#context.loop.now);
    if (admission !== "admitted") this.#meter.limitExceeded("channel_commands");
    if (admission === "flood") return this.disconnect(DISCONNECTS.TOO_MANY_REQUESTS);
    if (command.name === "pong") return this.#notePong();
    const isSend = command.name === "send";
    if (isSend && !this.#decisions?.takesMessages) {
      return this.disconnect(DISCONNECTS.NOT_AVAILABLE);
    }
    if (admission === "refused") {
      return isSend ? undefined : replies.error(command.id, CLIENT_ERRORS.TOO_MANY_REQUESTS);
    }
    if ((command.name === "connect") !== (this.#state === "new")) {
      return this.disconnect(DISCONNECTS.BAD_REQUEST);
    }
    const refusal = refusalOf(command);
    if (refusal !== undefined) return replies.error(command.id, refusal);
    switch (command.name) {
      case "connect":
        return this.#connect(command, replies);
      case "subscribe":
        return this.#subscribe(command, replies);
      case "unsubscribe":
        return this.#unsubscribe(command, replies);
      case "refresh":
        return this.#refresh(command, replies);
      case "sub_refresh":
        return this.#refreshSubscription(command, replies);
      case "publish":
        if (this.#decisions?.publishes) return this.#decisions.publish(command, replies);
        return answerChannelCommand(this.#context, this, { command, replies });
      case "rpc":
        if (this.#decisions?.answersCalls) return this.#decisions.call(command, replies);
        return replies.error(command.id, CLIENT_ERRORS.NOT_AVAILABLE);
      case "send":
        return this.#decisions?.take(command, replies);
      default:
        return answerChannelCommand(this.#context, this, { command, replies });
    }
  }

  #notePong(): void {
    this.#pongBy = NEVER_TICK;
  }

  // The connection.

  #connect(command: CommandOf<"connect">, replies: Replies): void | Promise<void> {
    const { token } = command.request;
    if (token && this.#verifiesFor("connect")) return this.#connectWith(token, command, replies);
    return this.#decideConnect(command, undefined, replies);
  }

  /** Whether the tokens of such commands are verified here. Without keys they are what the hook makes of them. */
  #verifiesFor(command: "connect" | "subscribe"): boolean {
    const isForHook = this.#context.verifier === undefined &&
      this.#context.hooks?.[command] !== undefined;
    return !isForHook && checksTokens(this.#context);
  }

  async #connectWith(
    token: string,
    command: CommandOf<"connect">,
    replies: Replies,
  ): Promise<void> {
    const claims = await checkConnectionToken(this.#context, token);
    if (this.isClosed) return;
    if (claims === undefined) return this.disconnect(DISCONNECTS.INVALID_TOKEN);
    if (isError(claims)) replies.error(command.id, claims);
    else await this.#decideConnect(command, claims, replies);
    this.send(replies);
  }

  #decideConnect(
    command: CommandOf<"connect">,
    claims: ConnectionClaims | undefined,
    replies: Replies,
  ): void | Promise<void> {
    const byConfig = () => this.#connectByConfig(command, claims, replies);
    if (this.#context.hooks?.connect === undefined) return byConfig();
    return this.#decisions?.connect({ command, claims }, replies, (grant) => {
      if (grant === undefined) return byConfig();
      return this.#accept(command, grantedClaims(grant, claims ?? ANONYMOUS), replies, grant);
    });
  }

  #connectByConfig(
    command: CommandOf<"connect">,
    claims: ConnectionClaims | undefined,
    replies: Replies,
  ): void | Promise<void> {
    const { allowsAnonymous, isInsecure } = this.#context;
    if (claims === undefined && !allowsAnonymous && !isInsecure) {
      return this.disconnect(DISCONNECTS.INVALID_TOKEN);
    }
    return this.#accept(command, claims ?? ANONYMOUS, replies);
  }

  #accept(
    command: CommandOf<"connect">,
    claims: ConnectionClaims,
    replies: Replies,
    grant?: ConnectGrant,
  ): void | Promise<void> {
    const { id, request } = command;
    // A hook's is looked at when it is over.
    if (grant?.expireAt === undefined && this.#isPast(claims.expireAt)) {
      return replies.error(id, CLIENT_ERRORS.TOKEN_EXPIRED);
    }
    this.identity.identify(claims);
    const entered = this.#context.users.enter(this.identity);
    if (entered === "limit") {
      this.#meter.limitExceeded("connections_per_user");
      return this.disconnect(DISCONNECTS.CONNECTION_LIMIT);
    }
    if (entered === "unavailable") return replies.error(id, CLIENT_ERRORS.INTERNAL);
    this.#isCounted = true;
    const subs = this.#subscribeByToken(claims, request.subs);
    return this.#after(subs, replies, (settled) => {
      if (!isError(settled)) return this.#connected(id, { claims, grant, subs: settled }, replies);
      // Its token names the same channels the next time.
      if (settled === CLIENT_ERRORS.LIMIT_EXCEEDED) {
        return this.disconnect(DISCONNECTS.CHANNEL_LIMIT);
      }
      this.subscriptions.clear();
      this.#uncount();
      replies.error(id, settled);
    });
  }

  #connected(
    id: number,
    { claims, grant, subs }: {
      readonly claims: ConnectionClaims;
      readonly grant: ConnectGrant | undefined;
      readonly subs: ReadonlyMap<string, SubscribeResult>;
    },
    replies: Replies,
  ): void {
    const { node, version } = this.#context;
    this.#state = "connected";
    this.#staleAt = NEVER_TICK;
    this.#pingAt = tickOf(firstPingAt(this.#context, this.#pingTime));
    this.#expiresByHook = grant?.expireAt !== undefined;
    const ttl = this.#expiresByHook
      ? this.#setExactExpiry(grant?.expireAt)
      : this.#setExpiry(claims.expireAt);
    const ping = Math.ceil(this.#pingTime / 1000);
    const { identity: { id: client } } = this;
    const { session } = this.link;
    const data = grant?.data;
    const result = { client, version, data, ttl, subs, ping, pong: true, session, node };
    replies.add((out) => writeConnectResult(out, id, result));
    this.#owner.connected(this);
  }

  /** Subscribes to the channels that the token names, one after the other. */
  #subscribeByToken(
    { subscriptions }: ConnectionClaims,
    positions: CommandOf<"connect">["request"]["subs"],
  ): Soon<ReadonlyMap<string, SubscribeResult> | ClientError> {
    const results = new Map<string, SubscribeResult>();
    // All are in one reply: together they recover no more than one subscription may.
    let room = this.#context.limits.historyBytes;
    const note = (name: string, result: SubscribeResult): void => {
      for (const { length } of result.publications ?? []) room = Math.max(0, room - length);
      results.set(name, result);
    };
    const left = subscriptions.entries();
    const goOn = (): Soon<ReadonlyMap<string, SubscribeResult> | ClientError> => {
      for (const [name, described] of left) {
        const found = this.#context.rules.resolve(name);
        if ("error" in found) return found.error;
        const grant = { ...described, expireAt: undefined, isServerSide: true };
        const wish = positions?.get(name) ?? {};
        const result = this.subscriptions.refusalOf(name) ??
          this.subscriptions.subscribe(found.channel, wish, grant, room);
        if (result instanceof Promise) {
          return result.then((settled) => {
            if (isError(settled)) return settled;
            note(name, settled);
            return goOn();
          });
        }
        if (isError(result)) return result;
        note(name, result);
      }
      return results;
    };
    return goOn();
  }

  async #refresh({ id, request }: CommandOf<"refresh">, replies: Replies): Promise<void> {
    const claims = await checkConnectionToken(this.#context, request.token ?? "");
    if (this.isClosed) return;
    // Another user is another connection.
    if (claims === undefined || (!isError(claims) && claims.user !== this.identity.user)) {
      return this.disconnect(DISCONNECTS.INVALID_TOKEN);
    }
    if (isError(claims)) {
      replies.error(id, claims);
    } else if (this.#isPast(claims.expireAt)) {
      replies.error(id, CLIENT_ERRORS.TOKEN_EXPIRED);
    } else {
      const ttl = this.#setExpiry(claims.expireAt);
      this.identity.capabilities = claims.capabilities;
      const { version } = this.#context;
      const result = { client: this.identity.id, version, ttl };
      replies.add((out) => writeRefreshResult(out, id, result));
    }
    this.send(replies);
    this.#revise();
  }

  /** Ends the subscriptions that the client may not have any more. */
  #revise(): void {
    if (!this.#context.isInsecure) this.subscriptions.revise((name) => this.#maySubscribe(name));
  }

  #maySubscribe(name: string): boolean {
    const found = this.#context.rules.resolve(name);
    return "channel" in found && maySubscribe(found.channel, this.identity);
  }

  /** Whether what a token opens would be over already: its `expire_at` may be before its `exp`. Then a client needs another token. */
  #isPast(expireAt: number | undefined): boolean {
    return (secondsUntil(this.#context, expireAt) ?? Infinity) <= 0;
  }

  /** Sets when the connection ends. Returns the seconds until its token expires. */
  #setExpiry(expireAt: number | undefined): number | undefined {
    const ttl = secondsUntil(this.#context, expireAt);
    this.#expiresAt = ttl === undefined ? NEVER_TICK : tickOf(endAfter(this.#context, ttl));
    this.setTimer();
    return ttl;
  }

  /** Sets when a connection ends whose hook decides about that: the client is not told. */
  #setExactExpiry(expireAt: number | undefined): undefined {
    this.#expiresAt = tickOf(momentOf(this.#context, expireAt));
    this.setTimer();
  }

  // DecidedClient: called by the decisions.

  prolong(moment: number): void {
    this.#expiresAt = tickOf(moment);
  }

  onExpiring(subscription: Subscription): boolean {
    return this.#decisions?.askToGoOn(subscription) ?? false;
  }

  send(replies: Replies): void {
    if (!this.isClosed && !replies.send()) this.onSlow();
  }

  // Subscriptions.

  #subscribe(command: CommandOf<"subscribe">, replies: Replies): void | Promise<void> {
    const { id, request: { channel: name = "", token } } = command;
    const found = this.#context.rules.resolve(name);
    if ("error" in found) return replies.error(id, found.error);
    const refusal = this.subscriptions.refusalOf(name);
    if (refusal !== undefined) return replies.error(id, refusal);
    const { channel } = found;
    // Before a token is verified, and a hook is asked.
    const tooMuch = this.#context.rates.refusalOf(channel, this.identity, "subscribe");
    if (tooMuch !== undefined) return replies.error(id, tooMuch);
    if (token && this.#verifiesFor("subscribe")) {
      return this.#subscribeWith(token, channel, { command, replies });
    }
    const byConfig = () => this.#subscribeByConfig(channel, command, replies);
    if (this.#context.hooks?.subscribe === undefined) return byConfig();
    return this.#decisions?.subscribe(command, replies, (granted) => {
      // A server may have subscribed the client meanwhile.
      const refused = this.subscriptions.refusalOf(name);
      if (refused !== undefined) return replies.error(id, refused);
      if (granted === undefined) return byConfig();
      const { override = {} } = granted;
      const grant = { ...granted, override, isServerSide: false, isByApp: true };
      const result = this.subscriptions.subscribe(channel, command.request, grant);
      return this.#replySubscribe(id, result, replies);
    });
  }

  #subscribeByConfig(
    channel: Channel,
    command: CommandOf<"subscribe">,
    replies: Replies,
  ): void | Promise<void> {
    const { id } = command;
    if (!this.#context.isInsecure && !maySubscribe(channel, this.identity)) {
      return replies.error(id, CLIENT_ERRORS.PERMISSION_DENIED);
    }
    const result = this.subscriptions.subscribe(channel, command.request, PLAIN_GRANT);
    return this.#replySubscribe(id, result, replies);
  }

  async #subscribeWith(
    token: string,
    channel: Channel,
    { command, replies }: {
      readonly command: CommandOf<"subscribe">;
      readonly replies: Replies;
    },
  ): Promise<void> {
    const claims = await this.#checkSubscriptionToken(channel.name, token);
    if (this.isClosed) return;
    const { id, request } = command;
    // Checked again: a server may have subscribed the client meanwhile.
    const result = this.subscriptions.refusalOf(channel.name) ??
      (isError(claims)
        ? claims
        : this.subscriptions.subscribe(channel, request, { ...claims, isServerSide: false }));
    await this.#replySubscribe(id, result, replies);
    this.send(replies);
  }

  #checkSubscriptionToken(channel: string, token: string) {
    return checkSubscriptionToken(this.#context, token, { channel, identity: this.identity });
  }

  #replySubscribe(
    id: number,
    result: Soon<SubscribeResult | ClientError>,
    replies: Replies,
  ): void | Promise<void> {
    return this.#after(result, replies, (settled) => {
      if (isError(settled)) return replies.error(id, settled);
      replies.add((out) => writeSubscribeResult(out, id, settled));
      this.setTimer();
    });
  }

  #unsubscribe({ id, request }: CommandOf<"unsubscribe">, replies: Replies): void {
    this.subscriptions.unsubscribe(request.channel ?? "");
    replies.add((out) => writeEmptyResult(out, id, "unsubscribe"));
  }

  async #refreshSubscription(
    { id, request }: CommandOf<"sub_refresh">,
    replies: Replies,
  ): Promise<void> {
    const { channel: name = "", token = "" } = request;
    const claims = await this.#checkSubscriptionToken(name, token);
    if (this.isClosed) return;
    const subscription = this.subscriptions.get(name);
    if (subscription === undefined) replies.error(id, CLIENT_ERRORS.PERMISSION_DENIED);
    else if (isError(claims)) replies.error(id, claims);
    else if (this.#isPast(claims.expireAt)) replies.error(id, CLIENT_ERRORS.TOKEN_EXPIRED);
    else {
      const ttl = this.subscriptions.refresh(subscription, claims.expireAt);
      this.setTimer();
      replies.add((out) => writeSubRefreshResult(out, id, { ttl }));
    }
    this.send(replies);
  }
}
