/**
 * The engine's part of one server, on the main thread: the driver, the conductor, and the desk of the workers.
 *
 * In: a driver that is not connected, the store of the main thread, and how to wake a worker. Out: the memory with which workers call, and
 * whether the server is ready. Loaded only if the config names an engine.
 */
import { Conductor, type EngineFigures } from "./conductor.ts";
import type { Publication } from "../../channels/mod.ts";
import type { ControlStore, PublishAnswer } from "../broker/mod.ts";
import type { EngineDriver } from "./driver.ts";
import { EngineBroker } from "./engine_broker.ts";
import { EngineDesk } from "./engine_desk.ts";
import { createEngineMemory } from "./engine_memory.ts";
import type { FollowingStore } from "./followed_entry.ts";
import { NodeMembers } from "./node_members.ts";
import { NodePeers } from "./node_peers.ts";
import { OfflineDelivery } from "./offline_delivery.ts";
import { RequestAnswers } from "./request_answers.ts";

/** What a node is made with. */
export interface EngineNodeParts {
  /** Names this server among those of the engine: another one in each run. */
  readonly uid: string;
  /** By which other servers check the names of this one's sessions. */
  readonly sessionKey: Uint8Array;
  readonly driver: EngineDriver;
  readonly store: FollowingStore & ControlStore;
  readonly workers: number;
  /** Whether what the engine does not take while it is away reaches the subscribers of this server. */
  readonly deliversOffline: boolean;
  /** Gives a worker's loop a turn. */
  ring(worker: number): void;
  warn(text: string): void;
  inform(text: string): void;
}

/** The figures of a node, for metrics. */
export interface EngineNodeFigures extends EngineFigures {
  /** Requests by what was answered. */
  readonly requests: { readonly done: number; readonly full: number; readonly busy: number };
  /** Publications that the engine did not take, and subscribers of this server got. */
  readonly offlineDeliveries: number;
}

/** The engine of one server. */
export class EngineNode {
  /** For the workers' `EngineCalls`. */
  readonly memory: SharedArrayBuffer;
  readonly #driver: EngineDriver;
  readonly #conductor: Conductor;
  readonly #members: NodeMembers;
  readonly #peers: NodePeers;
  readonly #answers: RequestAnswers;
  readonly #offline: OfflineDelivery | undefined;
  readonly #desk: EngineDesk;
  readonly #broker: EngineBroker;

  constructor(parts: EngineNodeParts) {
    const { uid, sessionKey, driver, store, workers, deliversOffline, ring, warn, inform } = parts;
    this.memory = createEngineMemory(workers);
    this.#driver = driver;
    const membersLost = () => this.#members.enterAgain();
    this.#conductor = new Conductor({
      driver,
      store,
      deliversOffline,
      warn,
      inform,
      membersLost,
    });
    const members = this.#members = new NodeMembers(driver);
    const conductor = this.#conductor;
    const peers = this.#peers = new NodePeers({
      uid,
      sessionKey,
      driver,
      conductor,
      members,
      store,
      warn,
    });
    const offline = this.#offline = deliversOffline ? new OfflineDelivery(store) : undefined;
    const requests = { conductor, driver, members, peers, offline };
    const handler = this.#answers = new RequestAnswers(requests);
    this.#desk = new EngineDesk({ memory: this.memory, workers, handler, ring });
    this.#broker = new EngineBroker({
      call: async (kind, values) => await handler.request(workers, kind, values),
      tell: (kind, values) => void handler.request(workers, kind, values),
    });
  }

  /** Connects. @returns why the first try failed; it goes on trying. Undefined: it is connected */
  connect(): Promise<string | undefined> {
    return this.#driver.connect(this.#conductor);
  }

  /** Whether clients get everything here. */
  get isReady(): boolean {
    return this.#conductor.isReady;
  }

  /** The figures of now. */
  figures(): EngineNodeFigures {
    return {
      ...this.#conductor.figures(),
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

  /** A worker is dead: its members leave, and its successor begins with empty rings. */
  remove(worker: number): void {
    this.#members.remove(worker);
    this.#desk.remove(worker);
  }

  /** Ends everything; the members of this server leave. */
  async close(): Promise<void> {
    this.#desk.close();
    this.#peers.close();
    this.#members.close();
    await this.#conductor.close();
  }
}
