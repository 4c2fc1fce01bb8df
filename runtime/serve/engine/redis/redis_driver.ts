/**
 * The driver for one Redis or Valkey server, version 6.2 or later, or for the masters of a cluster, version 7 or later.
 *
 * In: the calls of {@link EngineDriver}. Out: its answers; the events come from the {@link RedisServers}. Between two links every
 * request is answered `unavailable` at once: nothing is queued, and nothing is sent twice.
 */
import type {
  EngineDoneResult,
  EngineDriver,
  EngineEvents,
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
import { KeyedQueue } from "../keyed_queue.ts";
import { encodeMember } from "../member_bytes.ts";
import { randomText } from "../random_text.ts";
import { unavailable, UNVERIFIED } from "../refusals.ts";
import { ClusterServers } from "./cluster_servers.ts";
import { decodeMember } from "./frames.ts";
import { RedisNames } from "./names.ts";
import { databaseOf, isCluster } from "./redis_address.ts";
import type { RedisServer } from "./redis_link.ts";
import { RedisNodes } from "./redis_nodes.ts";
import { OneServer, type RedisServers, type RedisSpot, type Refusal } from "./redis_servers.ts";
import { type RangeReply, rangeResult } from "./range_reply.ts";
import type { ScriptName } from "./scripts.ts";

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

type Argument = string | Uint8Array;

/** The driver. */
export class RedisDriver implements EngineDriver {
  readonly #names: RedisNames;
  readonly #nodes: RedisNodes;
  readonly #servers: RedisServers;
  /** What happens to a member, if the servers do not keep the order. */
  readonly #members = new KeyedQueue();

  /** @param options where the server is; nothing is connected before `connect` */
  constructor({ prefix, graceMs, ...server }: RedisDriverOptions) {
    const names = this.#names = new RedisNames(prefix, databaseOf(server.url));
    const nodes = this.#nodes = new RedisNodes(names, randomText);
    const options = { server, names, nodes, graceMs };
    this.#servers = isCluster(server.url) ? new ClusterServers(options) : new OneServer(options);
  }

  get status(): EngineStatus {
    return this.#servers.status;
  }

  get probeMs(): number {
    return this.#servers.probeMs;
  }

  isAway(channel: string): boolean {
    return this.#servers.isAway(channel);
  }

  connect(events: EngineEvents): Promise<string | undefined> {
    return this.#servers.start(events);
  }

  close(): Promise<void> {
    return this.#servers.stop();
  }

  get node(): string {
    return this.#nodes.id;
  }

  takeNode(node: string): void {
    this.#nodes.take(node);
  }

  giveUpNode(): void {
    this.#nodes.giveUp();
  }

  publish(channel: string, publication: EnginePublication): Promise<EnginePublishResult> {
    return this.#servers.publish(channel, publication);
  }

  state(channel: string, proof?: EnginePosition): Promise<EngineStateResult> {
    const { epoch = "", offset = 0, tag = "" } = proof ?? {};
    return this.#ask(channel, "state", this.#channelKeys(channel), ({ lives, isInGrace }) => {
      const start = [lives, randomText(), isInGrace ? "1" : "0"];
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
    if (state.status === "full") return withoutRoom(state);
    const second = await this.#range(channel, query);
    return second === "unverified" ? UNVERIFIED : second;
  }

  async removeHistory(channel: string): Promise<EngineDoneResult> {
    const key = this.#names.ofChannel("s", channel);
    const args = [this.#names.ofPubSub("x", channel)];
    return done(await this.#ask(channel, "forget", [key], () => args, () => DONE));
  }

  join(channel: string, member: EngineMember): Promise<EngineJoinResult> {
    const node = this.#nodes.id;
    // Before the member: a list that has too many channels is harmless.
    const list = () =>
      this.#servers.reach(undefined, async ({ link }) => {
        await link.command("SADD", this.#names.ofNode("q", node), channel);
        return DONE;
      });
    const enter = () =>
      this.#ask(
        channel,
        "join",
        [this.#names.ofChannel("p", channel)],
        () => [
          `${node}|${member.client}`,
          encodeMember(member),
          this.#names.ofPubSub("x", channel),
          member.info,
        ],
        (): EngineJoinResult => ({ status: "joined" }),
      );
    if (this.#servers.hasOneOrder) {
      return Promise.all([list(), enter()]).then(([first, second]) =>
        first.status === "done" ? second : first
      );
    }
    return this.#members.run(memberOf(channel, member.client), async () => {
      const listed = await list();
      return listed.status === "done" ? await enter() : listed;
    });
  }

  async leave(channel: string, client: string): Promise<EngineDoneResult> {
    const node = this.#nodes.id;
    const leave = () =>
      this.#ask(channel, "leave", [this.#names.ofChannel("p", channel)], () => [
        `${node}|${client}`,
        this.#names.ofPubSub("x", channel),
      ], () => DONE);
    const result = this.#servers.hasOneOrder
      ? leave()
      : this.#members.run(memberOf(channel, client), leave);
    return done(await result);
  }

  async members(channel: string): Promise<EngineMembersResult> {
    const key = this.#names.ofChannel("p", channel);
    const flat = await this.#servers.reach(
      channel,
      async ({ link }) => await link.bytesCommand("HGETALL", key) as Uint8Array[],
    );
    if ("status" in flat) return withoutRoom(flat);
    const members = [];
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const found = decodeMember(String(flat[i]), flat[i + 1]!);
      if (found === undefined || this.#nodes.isDead(found.node)) continue;
      const { node: _, ...member } = found;
      members.push(member);
    }
    return { status: "read", members };
  }

  async listen(channel: string): Promise<EngineDoneResult> {
    return done(await this.#servers.listen(channel));
  }

  async unlisten(channel: string): Promise<EngineDoneResult> {
    return done(await this.#servers.unlisten(channel));
  }

  #channelKeys(channel: string): string[] {
    return [this.#names.ofChannel("m", channel), this.#names.ofChannel("s", channel)];
  }

  async #range(
    channel: string,
    { from, limit, reverse = false }: EngineRangeQuery,
  ): Promise<EngineRangeResult | "unverified"> {
    const result = await this.#ask(channel, "range", this.#channelKeys(channel), ({ lives }) => [
      lives,
      from === undefined ? "" : `${from}-0`,
      String(limit),
      String(RANGE_BYTES),
      reverse ? "1" : "0",
    ], (reply) => {
      const isRead = String(reply[0]) === "read";
      return isRead ? rangeResult(reply as unknown as RangeReply) : UNVERIFIED;
    });
    if (result === UNVERIFIED) return "unverified";
    return result.status === "full" ? withoutRoom(result) : result;
  }

  /** Runs a script; its arguments are made only if there is a link. Sent within the call, so that requests keep their order. */
  #ask<T>(
    channel: string,
    script: ScriptName,
    keys: readonly Argument[],
    args: (spot: RedisSpot) => readonly Argument[],
    read: (reply: readonly unknown[]) => T,
  ): Promise<T | Refusal> {
    return this.#servers.reach(
      channel,
      async (spot) => read(await spot.link.run(script, keys, args(spot)) as unknown[]),
    );
  }
}

function memberOf(channel: string, client: string): string {
  return `${channel}\0${client}`;
}

/** Requests that need no memory are never refused for want of it. */
function done(result: EngineDoneResult | Refusal): EngineDoneResult {
  return result.status === "full" ? withoutRoom(result) : result;
}

/** The same for a request whose answer has no `full`. */
function withoutRoom(refusal: Refusal): EngineUnavailable {
  return refusal.status === "full"
    ? unavailable({ reason: "the server is out of memory", mayBeDone: false })
    : refusal;
}
