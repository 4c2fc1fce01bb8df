/**
 * Follows a channel: connects, prints what comes, and connects again.
 *
 * In: the channel, its tokens, and where to begin. Out: one line for each publication, each once and in order; on standard error what
 * happened to the connection, and which publications were lost. Ends with a CommandFailure if the server does not want
 * it any more, or was never reached.
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import { reconnects, resubscribes } from "../../../protocol/centrifuge/mod.ts";
import { ChannelSocket, ConnectError, type SocketEnd } from "./channel_socket.ts";
import { CommandFailure } from "./command_io.ts";
import {
  beginning,
  isOfConnect,
  isPing,
  offsetOf,
  repliesOf,
  type TailConnection,
  type TailPosition,
  type TailReply,
  type TailSubscription,
} from "./tail_protocol.ts";
import type { Tokens, TokenSource } from "./tail_tokens.ts";
import { UsageError } from "../usage_error.ts";

/** Milliseconds for the first replies, and beyond the server's ping. */
const PATIENCE = 10_000;
/** Milliseconds until the first attempt to connect again, and the most. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;
const LINE_FEED = 0x0a;
const TOKEN_EXPIRED = 109;
const INVALID_TOKEN = 3500;

/** What is followed. */
export interface TailWish {
  readonly channel: string;
  readonly tokens: TokenSource;
  /** ws or wss. */
  readonly url: URL;
  readonly ca: string | undefined;
  /** Undefined: what is published from now on. */
  readonly since: TailPosition | undefined;
  /** The most publications. */
  readonly limit: number;
}

/** Where it goes. */
export interface TailOutput {
  /** Prints so many publications, each a line. */
  write(bytes: Uint8Array, publications: number): Promise<void>;
  /** Says something about the connection. */
  warn(text: string): void;
}

/** Follows one channel. */
export class Tail {
  readonly #wish: TailWish;
  readonly #output: TailOutput;
  #position: TailPosition | undefined;
  #socket: ChannelSocket | undefined;
  #wasSubscribed = false;
  #isStopped = false;
  #answersPings = false;
  #left: number;
  #pause = FIRST_PAUSE;

  /** @param wish what is followed */
  constructor(wish: TailWish, output: TailOutput) {
    this.#wish = wish;
    this.#output = output;
    this.#position = wish.since;
    this.#left = wish.limit;
  }

  /** Follows it until it is stopped or has enough. @throws {CommandFailure} @throws what `write` throws */
  async run(): Promise<void> {
    while (!this.#isDone) {
      const reason = await this.#followOnce();
      if (this.#isDone) return;
      this.#output.warn(`${reason}: connecting again`);
      await this.#wait();
    }
  }

  /** Ends it; {@link Tail.run} is fulfilled after what it is writing. */
  stop(): void {
    this.#isStopped = true;
    void this.#socket?.close();
  }

  get #isDone(): boolean {
    return this.#isStopped || this.#left <= 0;
  }

  async #wait(): Promise<void> {
    // Others may have lost the same server at the same moment.
    const time = this.#pause * (0.5 + Math.random() / 2);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    await new Promise((resolve) => setTimeout(resolve, time));
  }

  /** Follows it over one connection; the result is why that ended. */
  async #followOnce(): Promise<string> {
    const { channel, tokens, url, ca } = this.#wish;
    let given: Tokens;
    let socket: ChannelSocket;
    try {
      given = await tokens.next();
      socket = await ChannelSocket.open(url, ca);
    } catch (error) {
      if (error instanceof ConnectError) {
        return this.#again(`cannot connect to ${url.host}: ${error.message}`);
      }
      // The file of the token is being replaced.
      if (error instanceof UsageError && this.#wasSubscribed) return error.message;
      throw error;
    }
    this.#socket = socket;
    socket.expectWithin(PATIENCE);
    socket.send(beginning(channel, given, this.#position));
    try {
      return await this.#read(socket);
    } finally {
      if (this.#isDone) await socket.close();
      else socket.terminate();
    }
  }

  async #read(socket: ChannelSocket): Promise<string> {
    for (;;) {
      const message = await socket.next();
      if (!(message instanceof Uint8Array)) return this.#ended(message);
      const replies = repliesOf(message);
      if (replies === undefined) {
        throw new CommandFailure(`${this.#wish.url.host} does not speak the protocol of channels`);
      }
      const publications: Uint8Array[] = [];
      for (const reply of replies) {
        const reason = this.#take(socket, reply, publications);
        if (reason === undefined) continue;
        await this.#print(publications);
        return reason;
      }
      await this.#print(publications);
      if (this.#isDone) return "";
    }
  }

  /** Takes one reply; the result is why the connection cannot go on, if it cannot. */
  #take(
    socket: ChannelSocket,
    reply: TailReply,
    publications: Uint8Array[],
  ): string | undefined {
    const { error, connect, subscribe, push } = reply;
    if (isPing(reply) && this.#answersPings) socket.send("{}");
    if (error !== undefined) return this.#refused(reply);
    if (connect !== undefined) this.#connected(socket, connect);
    if (subscribe !== undefined) this.#subscribed(subscribe, publications);
    if (push?.publication !== undefined) this.#published(push.publication, publications);
    if (push?.disconnect !== undefined) {
      const { code = 0, reason = "" } = push.disconnect;
      return this.#ended({ code, reason });
    }
    if (push?.unsubscribe === undefined) return undefined;
    const { code = 0, reason = "" } = push.unsubscribe;
    const text = `the server ended the subscription: ${reason} (${code})`;
    if (resubscribes(code)) return text;
    throw new CommandFailure(text);
  }

  #connected(socket: ChannelSocket, { ping = 0, pong = false }: TailConnection): void {
    this.#answersPings = pong;
    socket.expectWithin(ping > 0 ? ping * 1000 + PATIENCE : Infinity);
  }

  #subscribed(result: TailSubscription, publications: Uint8Array[]): void {
    const { channel } = this.#wish;
    const before = this.#position;
    const now = result.positioned
      ? { offset: result.offset ?? 0, epoch: result.epoch ?? "" }
      : undefined;
    this.#pause = FIRST_PAUSE;
    const recovered = result.publications ?? [];
    if (!this.#wasSubscribed) {
      this.#output.warn(`subscribed to ${channel}${positionText(now)}`);
    }
    if (result.recovered) {
      if (this.#wasSubscribed) {
        this.#output.warn(`connected again: ${counted(recovered.length)} recovered`);
      }
      for (const publication of recovered) this.#published(publication, publications);
    } else if (before !== undefined || this.#wasSubscribed) {
      const prefix = this.#wasSubscribed ? "connected again: " : "";
      this.#output.warn(`${prefix}${lossText(channel, before, now)}`);
    }
    this.#wasSubscribed = true;
    this.#position = now;
  }

  #published(publication: Uint8Array, publications: Uint8Array[]): void {
    const offset = offsetOf(publication);
    const last = this.#position;
    if (offset !== undefined && last !== undefined) {
      if (offset <= last.offset) return;
      if (offset > last.offset + 1) {
        this.#output.warn(`publications were lost: ${range(last.offset + 1, offset - 1)}`);
      }
      this.#position = { ...last, offset };
    }
    publications.push(publication);
  }

  async #print(publications: readonly Uint8Array[]): Promise<void> {
    const some = publications.slice(0, this.#left);
    if (some.length === 0 || this.#isStopped) return;
    this.#left -= some.length;
    const lines = new ByteBuffer();
    for (const publication of some) {
      lines.append(publication);
      lines.appendByte(LINE_FEED);
    }
    await this.#output.write(lines.view(), some.length);
  }

  /** An error in place of a connection or a subscription. */
  #refused(reply: TailReply): string {
    const { code = 0, message = "", temporary = false } = reply.error!; // the caller has seen it
    const what = isOfConnect(reply) ? "the connection" : "the subscription";
    const text = `the server refuses ${what}: ${message} (${code})`;
    const { isRenewed, hint } = this.#wish.tokens;
    const isWorthIt = temporary || (code === TOKEN_EXPIRED && isRenewed);
    if (isWorthIt && this.#wasSubscribed) return text;
    throw new CommandFailure(code === TOKEN_EXPIRED ? `${text}: ${hint}` : text);
  }

  #ended({ code, reason }: SocketEnd): string {
    const why = reason === "" ? `${code}` : `${reason}, ${code}`;
    if (reconnects(code)) return this.#again(`the connection ended (${why})`);
    const { hint } = this.#wish.tokens;
    const text = `the server closed the connection: ${reason} (${code})`;
    throw new CommandFailure(code === INVALID_TOKEN ? `${text}: ${hint}` : text);
  }

  /** The reason, if there was a subscription before. @throws {CommandFailure} if not: most likely it is a mistake */
  #again(reason: string): string {
    if (this.#wasSubscribed || this.#isStopped) return reason;
    throw new CommandFailure(reason);
  }
}

function positionText(position: TailPosition | undefined): string {
  if (position === undefined) {
    return ", which has no recovery: what is published while the connection is lost will be missing";
  }
  return ` at offset ${position.offset}, epoch ${position.epoch}`;
}

/** What is missing between two positions. */
function lossText(
  channel: string,
  before: TailPosition | undefined,
  now: TailPosition | undefined,
): string {
  if (now === undefined || before === undefined) {
    return `publications may be lost, because ${channel} has no recovery`;
  }
  if (before.epoch !== undefined && before.epoch !== now.epoch) {
    return `publications may be lost: ${channel} has another epoch, ${now.epoch}, ` +
      "because the server was restarted or the channel was made again";
  }
  const missing = now.offset - before.offset;
  if (missing <= 0) return `nothing was published after offset ${now.offset}`;
  return `${counted(missing)} lost, ${range(before.offset + 1, now.offset)}: ` +
    "the history does not have all of them, or they are more than one recovery may have";
}

function counted(count: number): string {
  return count === 1 ? "1 publication was" : `${count} publications were`;
}

function range(from: number, to: number): string {
  return from === to ? `offset ${from}` : `offsets ${from} to ${to}`;
}
