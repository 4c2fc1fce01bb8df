/**
 * Which server has what: one server has everything, or each master of a cluster has the channels of its slots.
 *
 * Types, and the one server. In: requests about channels. Out: the link to the server, at which they are carried out, and what became of them; never a rejection.
 */
import type {
  EngineDoneResult,
  EngineEvents,
  EngineFull,
  EnginePublication,
  EnginePublishResult,
  EngineStatus,
  EngineUnavailable,
} from "../driver.ts";
import { LinkKeeper } from "../link_keeper.ts";
import { NO_LINK, refusal } from "../refusals.ts";
import { AppendQueue } from "./append_queue.ts";
import { decodeMessages } from "./frames.ts";
import type { RedisNames } from "./names.ts";
import { redisFault } from "./redis_faults.ts";
import type { RedisLink, RedisServer } from "./redis_link.ts";
import { RedisLinks } from "./redis_links.ts";
import type { RedisNodes } from "./redis_nodes.ts";

/** A server that can be asked. */
export interface RedisSpot {
  readonly link: RedisLink;
  /** The life of the server, and behind it, between spaces, those of all other masters of a cluster. */
  readonly lives: string;
  /** Whether only nodes with a proof decide about a channel. */
  readonly isInGrace: boolean;
}

/** What a request is answered with if it cannot be carried out. */
export type Refusal = EngineFull | EngineUnavailable;

/** Something to be done at a server. */
export type SpotAction<T> = (spot: RedisSpot) => Promise<T>;

/** Where everything is. */
export interface RedisServers {
  readonly status: EngineStatus;
  readonly probeMs: number;
  /** Whether requests about different channels, and about nodes, are carried out in the order in which they are sent. */
  readonly hasOneOrder: boolean;
  /** Connects; returns why the first try failed, or undefined. */
  start(events: EngineEvents): Promise<string | undefined>;
  /** Ends, for good; the members of this node leave. */
  stop(): Promise<void>;
  /** Whether the server that has a channel is away. */
  isAway(channel: string): boolean;
  /**
   * Does something at the server that has a channel, behind the publications in it that wait. Sent within the call.
   *
   * @param channel undefined: what nodes have
   */
  reach<T>(channel: string | undefined, action: SpotAction<T>): Promise<T | Refusal>;
  publish(channel: string, publication: EnginePublication): Promise<EnginePublishResult>;
  listen(channel: string): Promise<EngineDoneResult | Refusal>;
  unlisten(channel: string): Promise<EngineDoneResult | Refusal>;
}

/** What servers are made with. */
export interface RedisServersOptions {
  readonly server: RedisServer;
  readonly names: RedisNames;
  readonly nodes: RedisNodes;
  /** See `RedisDriverOptions`. */
  readonly graceMs: number | undefined;
}

const DONE: EngineDoneResult = { status: "done" };

/** One server. */
export class OneServer implements RedisServers {
  readonly hasOneOrder = true;
  readonly #names: RedisNames;
  readonly #keeper: LinkKeeper<RedisLink>;
  readonly #appends: AppendQueue;

  /** Nothing is connected before `start`. */
  constructor({ server, names, nodes, graceMs }: RedisServersOptions) {
    this.#names = names;
    const message = (name: string, bytes: Uint8Array) => this.#message(name, bytes);
    this.#keeper = new LinkKeeper(new RedisLinks(server, { names, nodes, message }), graceMs);
    this.#appends = new AppendQueue({
      names,
      isOpen: () => this.#keeper.link !== undefined,
      reach: (action) => this.#reach(action),
      publishing: (isUnderWay) => this.#keeper.publishing(isUnderWay),
    });
  }

  get status(): EngineStatus {
    return this.#keeper.status;
  }

  get probeMs(): number {
    return this.#keeper.probeMs;
  }

  start(events: EngineEvents): Promise<string | undefined> {
    return this.#keeper.start(events);
  }

  stop(): Promise<void> {
    return this.#keeper.stop();
  }

  isAway(): boolean {
    return this.#keeper.status === "lost";
  }

  reach<T>(_channel: string | undefined, action: SpotAction<T>): Promise<T | Refusal> {
    this.#appends.flush();
    return this.#reach(action);
  }

  publish(channel: string, publication: EnginePublication): Promise<EnginePublishResult> {
    return this.#appends.add(channel, publication);
  }

  listen(channel: string): Promise<EngineDoneResult | Refusal> {
    return this.reach(channel, async ({ link }) => {
      await link.subscribe(this.#names.ofPubSub("x", channel));
      return DONE;
    });
  }

  unlisten(channel: string): Promise<EngineDoneResult | Refusal> {
    return this.reach(channel, async ({ link }) => {
      await link.unsubscribe(this.#names.ofPubSub("x", channel));
      return DONE;
    });
  }

  async #reach<T>(action: SpotAction<T>): Promise<T | Refusal> {
    const { link, isInGrace } = this.#keeper;
    if (link === undefined) return NO_LINK;
    try {
      return await action({ link, isInGrace, lives: link.facts.life });
    } catch (error) {
      return refusal(redisFault(error));
    }
  }

  #message(name: string, bytes: Uint8Array): void {
    const channel = this.#names.channelOf(name);
    if (channel === undefined) this.#keeper.probed(new TextDecoder().decode(bytes));
    else for (const each of decodeMessages(bytes)) this.#keeper.deliver(channel, each);
  }
}
