/**
 * The masters of a cluster, each of which has the channels of its slots.
 *
 * In: requests about channels. Out: each request at the master of the channel's slot, and again at another one if that master says that
 * it has not done it, as the slot has moved. What this node listens to follows the slots: a channel whose master is lost, or is another
 * one now, is reported as cut, and is to be listened to again.
 *
 * Redirections of a single request (ASK) are not followed: while a slot is on its way, subscribers listen at the old master, and nobody
 * would hear a publication at the new one. Such requests wait, as long as a request may, until the slot has arrived.
 */
import type {
  EngineDoneResult,
  EngineEvents,
  EnginePublication,
  EnginePublishResult,
  EngineStatus,
} from "../driver.ts";
import { inTime, LATE } from "../../../thread/mod.ts";
import { NO_LINK, refusal, unavailable } from "../refusals.ts";
import { AppendQueue } from "./append_queue.ts";
import type { ClusterMaster } from "./cluster_master.ts";
import { ClusterMasters } from "./cluster_masters.ts";
import { decodeMessages } from "./frames.ts";
import { type RedisFault, redisFault } from "./redis_faults.ts";
import type { RedisLink } from "./redis_link.ts";
import type { NodesPlace } from "./redis_nodes.ts";
import type {
  RedisServers,
  RedisServersOptions,
  RedisSpot,
  Refusal,
  SpotAction,
} from "./redis_servers.ts";

/** The first pause until a request is sent again, and the longest, in milliseconds. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 320;
const SILENT: RedisFault = {
  kind: "failed",
  reason: "there is no answer in time",
  mayBeDone: true,
};
const DONE: EngineDoneResult = { status: "done" };
const MOVED_MEANWHILE = unavailable({ reason: "the slot has moved meanwhile", mayBeDone: false });

/** The servers. */
export class ClusterServers implements RedisServers {
  readonly hasOneOrder = false;
  readonly #options: RedisServersOptions;
  readonly #masters: ClusterMasters;
  /** Where each channel is listened to. */
  readonly #listened = new Map<string, ClusterMaster>();
  /** Publications on their way, by channels. */
  readonly #appends = new Map<string, AppendQueue>();
  #events: EngineEvents | undefined;
  #isClosed = false;

  /** Nothing is connected before `start`. */
  constructor(options: RedisServersOptions) {
    const { server, names, nodes, graceMs } = options;
    this.#options = options;
    const isHome = (master: ClusterMaster) => this.#ownerOf(undefined) === master;
    this.#masters = new ClusterMasters({
      ...{ server, names, graceMs, node: nodes.id },
      message: (name, bytes) => this.#message(name, bytes),
      changed: () => this.#cut((channel, master) => this.#ownerOf(channel) !== master),
      lost: (lost) => this.#cut((_, master) => master === lost),
      dropped: (master, all) => this.#dropped(master, all),
      renew: async (master, link) => isHome(master) && await nodes.renew(this.#placeOf(link)),
      end: async (master, link) => {
        if (isHome(master)) await nodes.end(this.#placeOf(link));
      },
    });
  }

  get status(): EngineStatus {
    return this.#masters.status;
  }

  get probeMs(): number {
    return Math.max(0, ...Array.from(this.#masters.all, ({ keeper }) => keeper.probeMs));
  }

  async start(events: EngineEvents): Promise<string | undefined> {
    this.#events = events;
    return await this.#masters.start(events);
  }

  async stop(): Promise<void> {
    this.#isClosed = true;
    // The members leave through the links to all masters.
    await this.#masters.stop(this.#ownerOf(undefined));
  }

  isAway(channel: string): boolean {
    return this.#linkOf(channel) === undefined;
  }

  reach<T>(channel: string | undefined, action: SpotAction<T>): Promise<T | Refusal> {
    if (channel !== undefined) this.#appends.get(channel)?.flush();
    return this.#reach(channel, action);
  }

  publish(channel: string, publication: EnginePublication): Promise<EnginePublishResult> {
    if (this.isAway(channel)) return Promise.resolve(NO_LINK);
    const queue = this.#appends.get(channel) ?? this.#newQueue(channel);
    return queue.add(channel, publication);
  }

  async listen(channel: string): Promise<EngineDoneResult | Refusal> {
    return await this.#reach(channel, async ({ link }) => {
      await link.subscribe(this.#options.names.ofPubSub("x", channel));
      const owner = this.#ownerOf(channel);
      // The one before may have dropped it already.
      if (owner?.keeper.link !== link) return MOVED_MEANWHILE;
      this.#listened.set(channel, owner);
      return DONE;
    });
  }

  async unlisten(channel: string): Promise<EngineDoneResult | Refusal> {
    const link = this.#listened.get(channel)?.keeper.link;
    this.#listened.delete(channel);
    try {
      await link?.unsubscribe(this.#options.names.ofPubSub("x", channel));
      return DONE;
    } catch (error) {
      const fault = redisFault(error);
      // A master that does not have the slot any more has ended that itself.
      return fault.kind === "moved" ? DONE : refusal(fault);
    }
  }

  // Requests

  /** It is known until it has nothing left to do. */
  #newQueue(channel: string): AppendQueue {
    const queue = new AppendQueue({
      names: this.#options.names,
      mostCalls: 1,
      isOpen: () => !this.isAway(channel),
      reach: (action) => this.#reach(channel, action),
      idle: () => {
        if (this.#appends.get(channel) === queue) this.#appends.delete(channel);
      },
    });
    this.#appends.set(channel, queue);
    return queue;
  }

  async #reach<T>(channel: string | undefined, action: SpotAction<T>): Promise<T | Refusal> {
    const spot = this.#spotOf(channel);
    if (spot === undefined) return NO_LINK;
    const end = performance.now() + this.#options.server.timeoutMs;
    try {
      return await action(spot);
    } catch (error) {
      const fault = redisFault(error);
      if (fault.kind !== "moved") return refusal(fault);
      return await this.#reachAgain(channel, action, { end, fault });
    }
  }

  /** The master has not done it: the one that has the slot does, as soon as there is one, and within the time of a request. */
  async #reachAgain<T>(
    channel: string | undefined,
    action: SpotAction<T>,
    { end, fault }: { readonly end: number; readonly fault: RedisFault },
  ): Promise<T | Refusal> {
    let last = fault;
    for (let pause = FIRST_PAUSE_MS;; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      await this.#masters.look();
      const spot = this.#spotOf(channel);
      if (spot !== undefined) {
        try {
          const result = await inTime(action(spot), Math.max(0, end - performance.now()));
          return result === LATE ? refusal(SILENT) : result as T;
        } catch (error) {
          last = redisFault(error);
          if (last.kind !== "moved") return refusal(last);
        }
      }
      if (performance.now() + pause > end || this.#isClosed) return unavailable(last);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  #ownerOf(channel: string | undefined): ClusterMaster | undefined {
    return this.#masters.ownerOf(this.#options.names.slotOf(channel));
  }

  #linkOf(channel: string | undefined): RedisLink | undefined {
    return this.#ownerOf(channel)?.keeper.link;
  }

  #spotOf(channel: string | undefined): RedisSpot | undefined {
    const { link, isInGrace = false } = this.#ownerOf(channel)?.keeper ?? {};
    return link && { link, isInGrace, lives: this.#livesFrom(link) };
  }

  #livesFrom({ facts }: RedisLink): string {
    let lives = facts.life;
    for (const { keeper } of this.#masters.all) {
      const life = keeper.link?.facts.life ?? facts.life;
      if (life !== facts.life) lives += ` ${life}`;
    }
    return lives;
  }

  /** All masters, for what is done by the one that has what nodes have. */
  #placeOf(home: RedisLink): NodesPlace {
    return {
      command: (name, ...args) => home.command(name, ...args),
      runAt: async (channel, ...script) => {
        // While this node ends, the keeper of that one has no link any more.
        const isHome = this.#ownerOf(channel) === this.#ownerOf(undefined);
        if (isHome) return await home.run(...script);
        const result = await this.#reach(channel, ({ link }) => link.run(...script));
        if (!Array.isArray(result)) throw new Error(`members cannot leave ${channel} now`);
        return result;
      },
    };
  }

  // What comes

  #message(name: string, bytes: Uint8Array): void {
    const channel = this.#options.names.channelOf(name);
    if (channel === undefined) return;
    for (const message of decodeMessages(bytes)) this.#events?.message(channel, message);
  }

  #dropped(master: ClusterMaster, names: readonly string[]): void {
    const channels = new Set(names.map((name) => this.#options.names.channelOf(name)));
    this.#cut((channel, at) => at === master && channels.has(channel));
    void this.#masters.look();
  }

  /** Nothing is delivered any more of channels that are listened to at the wrong place. */
  #cut(isWrong: (channel: string, master: ClusterMaster) => boolean): void {
    const channels: string[] = [];
    for (const [channel, master] of this.#listened) {
      if (isWrong(channel, master)) channels.push(channel);
    }
    for (const channel of channels) this.#listened.delete(channel);
    if (channels.length > 0) this.#events?.cut(channels);
  }
}
