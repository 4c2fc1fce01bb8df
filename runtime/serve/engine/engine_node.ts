/**
 * The engine's part of one server, on the main thread: for each server of the engine its driver and its conductor, and the desk of the workers.
 *
 * In: drivers that are not connected, the store of the main thread, and how to wake a worker. Out: the memory with which workers call, and
 * whether the server is ready. Loaded only if the config names an engine. Of several servers of the engine each has the channels
 * that {@link shardOf} gives it, and fails and comes back by itself; what servers tell each other is at the first one.
 */
import { Conductor, type EngineFigures } from "./conductor.ts";
import type { Publication } from "../../channels/mod.ts";
import type { ControlStore, PublishAnswer } from "../broker/mod.ts";
import type { EngineDriver } from "./driver.ts";
import { EngineBroker } from "./engine_broker.ts";
import { EngineDesk } from "./engine_desk.ts";
import { createEngineMemory } from "./engine_memory.ts";
import type { FollowingStore } from "./followed_entry.ts";
import { MessageStore } from "./message_store.ts";
import { NodeMembers } from "./node_members.ts";
import { NodePeers } from "./node_peers.ts";
import { decodeNodeState, encodeNodeState, type ShardState } from "./node_state.ts";
import { OfflineDelivery } from "./offline_delivery.ts";
import { RequestAnswers } from "./request_answers.ts";
import { ALL_SERVERS, ServerMember, type SharedSettings } from "./server_member.ts";
import { shardOf } from "./shard_of.ts";

/** What a node is made with. */
export interface EngineNodeParts {
  /** Names this server among those of the engine: another one in each run. */
  readonly uid: string;
  /** The machine and the port. */
  readonly name: string;
  /** By which other servers check the names of this one's sessions. */
  readonly sessionKey: Uint8Array;
  readonly settings: SharedSettings;
  /** One for each server of the engine, in the order that all servers have; one at least. */
  readonly drivers: readonly EngineDriver[];
  readonly store: FollowingStore & ControlStore;
  readonly workers: number;
  /** Whether it may go on as the node of a server before: {@link EngineNode.takeOver} follows. Default: no. */
  readonly isHeir?: boolean;
  /** Whether what the engine does not take while it is away reaches the subscribers of this server. */
  readonly deliversOffline: boolean;
  /** Gives a worker's loop a turn. */
  ring(worker: number): void;
  warn(text: string): void;
  inform(text: string): void;
}

/** Milliseconds for which what other servers say about the clients of the server before waits for these. */
const LONGEST_WAIT = 5_000;
/** Milliseconds in which workers say which members have come. */
const CLAIM_TIME = 2_000;

/** The figures of a node, for metrics. */
export interface EngineNodeFigures extends EngineFigures {
  /** Requests by what was answered. */
  readonly requests: { readonly done: number; readonly full: number; readonly busy: number };
  /** Publications that the engine did not take, and subscribers of this server got. */
  readonly offlineDeliveries: number;
}

/** One server of the engine, and what this node has there. */
interface Shard {
  readonly driver: EngineDriver;
  readonly conductor: Conductor;
  readonly members: NodeMembers;
  /** Which one it is, as "2 of 3"; empty: the only one. */
  readonly place: string;
  warn(text: string): void;
}

/** The engine of one server. */
export class EngineNode {
  /** For the workers' `EngineCalls`. */
  readonly memory: SharedArrayBuffer;
  readonly #shards: readonly Shard[];
  /** At all servers of the engine but the first. */
  readonly #entries: readonly ServerMember[];
  readonly #peers: NodePeers;
  readonly #answers: RequestAnswers;
  readonly #offline: OfflineDelivery | undefined;
  readonly #desk: EngineDesk;
  readonly #broker: EngineBroker;
  /** Those that have publications under way whose end others wait for. */
  readonly #publishing = new Set<number>();
  #peersTimer: ReturnType<typeof setTimeout> | undefined = undefined;
  #claimTimer: ReturnType<typeof setTimeout> | undefined = undefined;
  /** Begins what the servers say to each other; undefined: it has begun, or is about to. */
  #beginPeers: (() => void) | undefined = undefined;

  constructor(parts: EngineNodeParts) {
    const { uid, name, sessionKey, settings, store, workers, deliversOffline, ring } = parts;
    const { isHeir = false } = parts;
    this.memory = createEngineMemory(workers);
    const shards = this.#shards = parts.drivers.map((_, i) =>
      openShard(parts, i, (isUnderWay) => this.#notePublishing(i, isUnderWay))
    );
    const [first, ...others] = shards;
    const peers = this.#peers = new NodePeers({
      ...first!,
      uid,
      name,
      sessionKey,
      settings,
      store,
    });
    if (!isHeir) peers.begin();
    this.#entries = others.map((shard) => enterAt(shard, parts));
    const offline = this.#offline = deliversOffline ? new OfflineDelivery(store) : undefined;
    const placeOf = (channel: string) => shards[shardOf(channel, shards.length)]!;
    const handler = this.#answers = new RequestAnswers({ placeOf, peers, offline });
    this.#desk = new EngineDesk({ memory: this.memory, workers, handler, ring });
    this.#broker = new EngineBroker({
      call: async (kind, values) => await handler.request(workers, kind, values),
      tell: (kind, values) => void handler.request(workers, kind, values),
    });
  }

  /** Connects. @returns why the first try failed; it goes on trying. Undefined: it is connected */
  async connect(): Promise<string | undefined> {
    const tries = this.#shards.map(async ({ driver, conductor, place }) => {
      const fault = await driver.connect(conductor);
      return fault === undefined || place === "" ? fault : `server ${place}: ${fault}`;
    });
    const faults = (await Promise.all(tries)).filter((fault) => fault !== undefined);
    return faults.length === 0 ? undefined : faults.join("; ");
  }

  /** Whether clients get everything here. */
  get isReady(): boolean {
    return this.#shards.every(({ conductor }) => conductor.isReady);
  }

  /** The figures of now. */
  figures(): EngineNodeFigures {
    return {
      ...joinedFigures(this.#shards.map(({ conductor }) => conductor.figures())),
      requests: { ...this.#answers.counts },
      offlineDeliveries: this.#offline?.count ?? 0,
    };
  }

  /** Publishes for the main thread, as the brokers of workers do. */
  publish(name: Uint8Array, publication: Publication): Promise<PublishAnswer> {
    return this.#broker.publish(name, publication);
  }

  /** A worker has written requests. */
  look(worker: number): void {
    this.#desk.look(worker);
  }

  /** While all have publications under way, workers need not call for others: they are fetched as soon as one has an answer. */
  #notePublishing(shard: number, isUnderWay: boolean): void {
    if (!isUnderWay) {
      this.#publishing.delete(shard);
      return this.#desk.lookAtAll();
    }
    this.#publishing.add(shard);
    if (this.#publishing.size === this.#shards.length) this.#desk.expect();
  }

  /** A worker is dead: its members leave, and its successor begins with empty rings. */
  remove(worker: number): void {
    for (const { members } of this.#shards) members.remove(worker);
    this.#desk.remove(worker);
  }

  // At an upgrade, in the old server.

  /** The channels that are followed, for {@link listenAhead}: by the servers of the engine. */
  namesAhead(): string {
    return JSON.stringify(this.#shards.map(({ conductor }) => conductor.namesAhead()));
  }

  /** Nothing happens to channels any more, until {@link resume}. Returns what another process needs to go on with them. */
  pause(): string {
    // What has been asked for before is done before.
    this.#desk.lookAtAll();
    return encodeNodeState(this.#shards.map(({ conductor, driver, members }): ShardState => {
      conductor.pause();
      return { node: driver.node, ...conductor.states, members: members.all };
    }));
  }

  /** Goes on: nobody has got the channels. */
  resume(): void {
    for (const { conductor } of this.#shards) conductor.resume();
  }

  /** Another process is this node from now on. */
  giveUp(): void {
    for (const { conductor, driver, members } of this.#shards) {
      conductor.giveUp();
      driver.giveUpNode();
      members.giveUp();
    }
  }

  // In the new one.

  /** The store is about to become that of the server before. */
  awaitState(): void {
    for (const { conductor } of this.#shards) conductor.awaitStates();
  }

  /** Listens to the channels of {@link namesAhead}, so that nothing is missing when this node goes on with them. */
  async listenAhead(names: string): Promise<void> {
    const all = JSON.parse(names) as string[][];
    await Promise.all(this.#shards.map(({ conductor }, i) => conductor.listenAhead(all[i] ?? [])));
  }

  /** Goes on as the node of the server before, whose channels the store has now. @param state undefined: as one of its own */
  takeOver(state: string | undefined): void {
    const states = state === undefined ? [] : decodeNodeState(state);
    this.#shards.forEach(({ conductor, driver, members }, i) => {
      const its = states[i];
      if (its !== undefined) {
        driver.takeNode(its.node, its.members);
        members.take(its.members);
      }
      conductor.takeOver(its?.channels ?? []);
    });
    if (states.length === 0) return this.#peers.begin();
    const places = (states[0]?.kept ?? []).flatMap(({ name, at }) =>
      at === undefined ? [] : [[name, at] as const]
    );
    this.#beginPeers = () => {
      this.#beginPeers = undefined;
      clearTimeout(this.#peersTimer);
      this.#peers.begin(new Map(places));
    };
    this.#peersTimer = setTimeout(this.#beginPeers, LONGEST_WAIT);
  }

  /** All clients of the server before have come that come at all. */
  noteArrived(): void {
    this.#beginPeers?.();
    this.#claimTimer = setTimeout(() => {
      for (const { members } of this.#shards) members.removeLeft();
    }, CLAIM_TIME);
  }

  /** Ends everything; the members of this server leave. */
  async close(): Promise<void> {
    clearTimeout(this.#peersTimer);
    clearTimeout(this.#claimTimer);
    this.#desk.close();
    this.#peers.close();
    for (const entry of this.#entries) entry.close();
    for (const { members } of this.#shards) members.close();
    await Promise.all(this.#shards.map(({ conductor }) => conductor.close()));
  }
}

function openShard(
  parts: EngineNodeParts,
  index: number,
  publishing: (isUnderWay: boolean) => void,
): Shard {
  const { drivers, store, deliversOffline } = parts;
  const driver = drivers[index]!;
  const place = drivers.length === 1 ? "" : `${index + 1} of ${drivers.length}`;
  const named = (text: string) => place === "" ? text : `server ${place} of the engine: ${text}`;
  const warn = (text: string) => parts.warn(named(text));
  const inform = (text: string) => parts.inform(named(text));
  const members = new NodeMembers(driver);
  const membersLost = () => members.enterAgain();
  const told = { warn, inform, membersLost, publishing };
  const conductor = new Conductor({ driver, store, deliversOffline, ...told });
  return { driver, conductor, members, place, warn };
}

/** Servers with another list of the engine's servers are found at each of them. */
function enterAt(shard: Shard, { uid, name, sessionKey }: EngineNodeParts): ServerMember {
  // The settings are compared at the first one.
  const member = new ServerMember({ ...shard, uid, name, info: sessionKey, settings: {} });
  const begun = () => void member.enter();
  // Nothing is published there.
  shard.conductor.keep(
    ALL_SERVERS,
    new MessageStore({ begun, receive: () => {}, lost: () => {} }),
  );
  return member;
}

function joinedFigures(all: readonly EngineFigures[]): EngineFigures {
  const sum = (name: "followed" | "repairs" | "losses") =>
    all.reduce((total, figures) => total + figures[name], 0);
  return {
    isUp: all.every(({ isUp }) => isUp),
    probeSeconds: Math.max(...all.map(({ probeSeconds }) => probeSeconds)),
    followed: sum("followed"),
    repairs: sum("repairs"),
    losses: sum("losses"),
  };
}
