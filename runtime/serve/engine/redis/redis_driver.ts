/**
 * The driver for one Redis or Valkey server, version 6.2 or later.
 *
 * In: the calls of {@link EngineDriver}. Out: its answers; the events come from the {@link LinkKeeper}. Between two links every
 * request is answered `unavailable` at once: nothing is queued, and nothing is sent twice.
 */
import type {
  EngineDoneResult,
  EngineDriver,
  EngineEvents,
  EngineFull,
  EngineJoinResult,
  EngineMember,
  EngineMembersResult,
  EnginePosition,
  EnginePublication,
  EnginePublishResult,
  EngineRangeQuery,
  EngineRangeResult,
  EngineStateResult,
  EngineStatus,
  EngineUnavailable,
} from "../driver.ts";
import { LinkKeeper } from "../link_keeper.ts";
import { encodeMember } from "../member_bytes.ts";
import { randomText } from "../random_text.ts";
import { NO_LINK, refusal, unavailable, UNVERIFIED } from "../refusals.ts";
import { AppendQueue } from "./append_queue.ts";
import { decodeMember, decodeMessage } from "./frames.ts";
import { RedisNames } from "./names.ts";
import { databaseOf } from "./redis_address.ts";
import { redisFault } from "./redis_faults.ts";
import type { RedisLink, RedisServer } from "./redis_link.ts";
import { RedisLinks } from "./redis_links.ts";
import { RedisNodes } from "./redis_nodes.ts";
import { type RangeReply, rangeResult } from "./range_reply.ts";
import { type RedisScript, SCRIPTS } from "./scripts.ts";

/** The options of a driver. */
export interface RedisDriverOptions extends RedisServer {
  /** Before all keys, so that installations can share a server. */
  readonly prefix: string;
  /** After a connection is made, the milliseconds in which only nodes with a proof decide about a channel; default: 8,000. */
  readonly graceMs?: number;
}

/** The most bytes of one page of a history. */
const RANGE_BYTES = 2 ** 20;
const DONE: EngineDoneResult = { status: "done" };

/** The driver. */
export class RedisDriver implements EngineDriver {
  readonly #names: RedisNames;
  readonly #nodes: RedisNodes;
  readonly #keeper: LinkKeeper<RedisLink>;
  readonly #appends: AppendQueue;

  /** @param options where the server is; nothing is connected before `connect` */
  constructor(options: RedisDriverOptions) {
    this.#names = new RedisNames(options.prefix, databaseOf(options.url));
    this.#nodes = new RedisNodes(this.#names, randomText);
    this.#keeper = new LinkKeeper(
      new RedisLinks(options, {
        names: this.#names,
        nodes: this.#nodes,
        message: (channel, bytes) => this.#message(channel, bytes),
      }),
      options.graceMs,
    );
    this.#appends = new AppendQueue({
      names: this.#names,
      link: () => this.#keeper.link,
      isInGrace: () => this.#keeper.isInGrace,
    });
  }

  get status(): EngineStatus {
    return this.#keeper.status;
  }

  get probeMs(): number {
    return this.#keeper.probeMs;
  }

  connect(events: EngineEvents): Promise<string | undefined> {
    return this.#keeper.start(events);
  }

  close(): Promise<void> {
    return this.#keeper.stop();
  }

  publish(channel: string, publication: EnginePublication): Promise<EnginePublishResult> {
    return this.#appends.add(channel, publication);
  }

  state(channel: string, proof?: EnginePosition): Promise<EngineStateResult> {
    return this.#ask(SCRIPTS.state, this.#channelKeys(channel), () => {
      const { epoch = "", offset = 0, tag = "" } = proof ?? {};
      const life = this.#keeper.link?.facts.life ?? "";
      const start = [life, randomText(), this.#keeper.isInGrace ? "1" : "0"];
      return [...start, this.#names.ofPubSub("x", channel), epoch, String(offset), tag];
    }, (reply) => {
      if (String(reply[0]) !== "known") return UNVERIFIED;
      const [, offset, epoch, tag] = reply.map(String);
      return { status: "known", epoch: epoch!, offset: Number(offset), tag: tag! };
    });
  }

  async range(channel: string, query: EngineRangeQuery): Promise<EngineRangeResult> {
    const first = await this.#range(channel, query);
    if (first !== "unverified") return first;
    const state = await this.state(channel);
    if (state.status === "unavailable") return state;
    if (state.status === "full") {
      return unavailable({ reason: "the server is out of memory", mayBeDone: false });
    }
    const second = await this.#range(channel, query);
    return second === "unverified" ? UNVERIFIED : second;
  }

  async removeHistory(channel: string): Promise<EngineDoneResult> {
    return done(
      await this.#ask(SCRIPTS.forget, [this.#names.ofChannel("s", channel)], () => [
        this.#names.ofPubSub("x", channel),
      ], () => DONE),
    );
  }

  join(channel: string, member: EngineMember): Promise<EngineJoinResult> {
    const node = this.#nodes.id;
    // Sent before the member: a list that has too many channels is harmless.
    const listed = this.#do((link) => link.command("SADD", this.#names.ofNode("q", node), channel));
    const entered = this.#ask(
      SCRIPTS.join,
      [this.#names.ofChannel("p", channel)],
      () => [
        `${node}|${member.client}`,
        encodeMember(member),
        this.#names.ofPubSub("x", channel),
        member.info,
      ],
      (): EngineJoinResult => ({ status: "joined" }),
    );
    return Promise.all([listed, entered]).then(([first, second]) =>
      first.status === "done" ? second : first
    );
  }

  async leave(channel: string, client: string): Promise<EngineDoneResult> {
    return done(
      await this.#ask(SCRIPTS.leave, [this.#names.ofChannel("p", channel)], () => [
        `${this.#nodes.id}|${client}`,
        this.#names.ofPubSub("x", channel),
      ], () => DONE),
    );
  }

  async members(channel: string): Promise<EngineMembersResult> {
    const link = this.#open();
    if (link === undefined) return NO_LINK;
    try {
      const key = this.#names.ofChannel("p", channel);
      const flat = await link.bytesCommand("HGETALL", key) as Uint8Array[];
      const members = [];
      for (let i = 0; i + 1 < flat.length; i += 2) {
        const found = decodeMember(String(flat[i]), flat[i + 1]!);
        if (found === undefined || this.#nodes.isDead(found.node)) continue;
        const { node: _, ...member } = found;
        members.push(member);
      }
      return { status: "read", members };
    } catch (error) {
      return unavailable(redisFault(error));
    }
  }

  async listen(channel: string): Promise<EngineDoneResult> {
    const name = this.#names.ofPubSub("x", channel);
    return done(await this.#do((link) => link.subscribe(name)));
  }

  async unlisten(channel: string): Promise<EngineDoneResult> {
    const name = this.#names.ofPubSub("x", channel);
    return done(await this.#do((link) => link.unsubscribe(name)));
  }

  #message(name: string, bytes: Uint8Array): void {
    const channel = this.#names.channelOf(name);
    if (channel === undefined) this.#keeper.probed(new TextDecoder().decode(bytes));
    else this.#keeper.deliver(channel, decodeMessage(bytes));
  }

  #channelKeys(channel: string): string[] {
    return [this.#names.ofChannel("m", channel), this.#names.ofChannel("s", channel)];
  }

  async #range(
    channel: string,
    { from, limit, reverse = false }: EngineRangeQuery,
  ): Promise<EngineRangeResult | "unverified"> {
    const result = await this.#ask(SCRIPTS.range, this.#channelKeys(channel), () => [
      this.#keeper.link?.facts.life ?? "",
      from === undefined ? "" : `${from}-0`,
      String(limit),
      String(RANGE_BYTES),
      reverse ? "1" : "0",
    ], (reply) => {
      const isRead = String(reply[0]) === "read";
      return isRead ? rangeResult(reply as unknown as RangeReply) : UNVERIFIED;
    });
    if (result === UNVERIFIED) return "unverified";
    return result.status === "full" ? unavailable({ reason: "full", mayBeDone: false }) : result;
  }

  /** The link, if there is one, for a request behind the publications before it. */
  #open(): RedisLink | undefined {
    this.#appends.flush();
    return this.#keeper.link;
  }

  /** Runs a script; its arguments are made only if there is a link. Sent within the call, so that requests keep their order. */
  async #ask<T>(
    script: RedisScript,
    keys: readonly (string | Uint8Array)[],
    args: () => readonly (string | Uint8Array)[],
    read: (reply: readonly unknown[]) => T,
  ): Promise<T | EngineFull | EngineUnavailable> {
    const link = this.#open();
    if (link === undefined) return NO_LINK;
    try {
      return read(await link.run(script, keys, args()) as unknown[]);
    } catch (error) {
      return refusal(redisFault(error));
    }
  }

  async #do(
    action: (link: RedisLink) => Promise<unknown>,
  ): Promise<EngineDoneResult | EngineFull> {
    const link = this.#open();
    if (link === undefined) return NO_LINK;
    try {
      await action(link);
      return DONE;
    } catch (error) {
      return refusal(redisFault(error));
    }
  }
}

/** Requests that need no memory are never refused for want of it. */
function done(result: EngineDoneResult | EngineFull): EngineDoneResult {
  return result.status === "full"
    ? unavailable({ reason: "the server is out of memory", mayBeDone: false })
    : result;
}
