/**
 * The masters of a cluster, which of them has which slot, and whether all of them can be used.
 *
 * In: the address of the cluster. Out: the master of a slot, looked up again each second and whenever a master says that it does not have
 * a slot; the status of all together. A master that takes over is connected, one without slots is left.
 */
import { errorMessage } from "../../../error_message.ts";
import { inTime } from "../../../thread/mod.ts";
import type { EngineEvents, EngineStatus } from "../driver.ts";
import { askNodes } from "./ask_nodes.ts";
import { ClusterMaster, type ClusterMasterParts } from "./cluster_master.ts";
import { type ClusterMap, clusterMap, type ClusterView, clusterView } from "./cluster_view.ts";
import { addressOf } from "./find_master.ts";
import { type ClusterPlace, type HostAndPort, redisAddress } from "./redis_address.ts";
import { connectionFault } from "./redis_faults.ts";

/** Milliseconds between two looks at the cluster. */
const LOOK_MS = 1_000;
/** Milliseconds that masters have to say what they see, if another one has. */
const VIEW_MS = 500;

/** What the masters are used for. */
export interface ClusterMastersParts
  extends Omit<ClusterMasterParts, "isLate" | "hasSlot" | "moved"> {
  /** Slots have other masters now. */
  changed(): void;
  /** A master is lost, and with it what it delivers. */
  lost(master: ClusterMaster): void;
}

/** The masters. */
export class ClusterMasters {
  readonly #parts: ClusterMastersParts;
  readonly #place: ClusterPlace;
  /** By their ids. */
  readonly #masters = new Map<string, ClusterMaster>();
  /** By slots. */
  #owners: readonly (ClusterMaster | undefined)[] = [];
  #isWhole = false;
  /** All nodes, as they were seen last. */
  #nodes: readonly HostAndPort[] = [];
  #events: EngineEvents | undefined;
  #status: EngineStatus = "lost";
  #looking: Promise<string | undefined> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Why the first masters could not be connected. */
  #opened: Promise<string | undefined>[] = [];
  #lastFault: string | undefined;
  #warnedOf = "";
  #isStarted = false;
  #isClosed = false;

  /** Nothing is connected before `start`. */
  constructor(parts: ClusterMastersParts) {
    this.#parts = parts;
    this.#place = redisAddress(parts.server.url).place as ClusterPlace;
  }

  /** Of all together: `partial` while one of them is lost, or a slot has no master. */
  get status(): EngineStatus {
    return this.#status;
  }

  /** All that have slots. */
  get all(): Iterable<ClusterMaster> {
    return this.#masters.values();
  }

  /** Who has a slot. */
  ownerOf(slot: number): ClusterMaster | undefined {
    return this.#owners[slot];
  }

  /** Connects to all; returns why the first try failed, or undefined. */
  async start(events: EngineEvents): Promise<string | undefined> {
    this.#events = events;
    const fault = await this.look();
    const faults = await Promise.all(this.#opened);
    this.#isStarted = true;
    return fault ?? faults.find((each) => each !== undefined);
  }

  /** Ends, for good. @param first ends before the others */
  async stop(first: ClusterMaster | undefined): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await first?.keeper.stop();
    await Promise.all([...this.#masters.values()].map(({ keeper }) => keeper.stop()));
    await this.#looking;
  }

  /** Looks which master has which slot; who comes meanwhile shares the look. @returns why nobody knows */
  look(): Promise<string | undefined> {
    clearTimeout(this.#timer);
    if (this.#isClosed) return Promise.resolve(undefined);
    this.#looking ??= this.#look().then((fault) => {
      this.#looking = undefined;
      if (!this.#isClosed) this.#timer = setTimeout(() => void this.look(), LOOK_MS);
      return fault;
    });
    return this.#looking;
  }

  async #look(): Promise<string | undefined> {
    let fault: string | undefined;
    try {
      const map = clusterMap(await this.#views());
      if (!this.#isClosed) this.#use(map);
    } catch (error) {
      const reason = errorMessage(error);
      fault = connectionFault(reason, this.#parts.server);
    }
    const isNew = fault !== undefined && fault !== this.#lastFault;
    if (isNew && this.#isStarted) {
      this.#warn(`the engine cannot be used: ${fault}; it is tried again`);
    }
    this.#lastFault = fault;
    return fault;
  }

  /** What the masters see; if none can be asked, what any node sees. */
  async #views(): Promise<ClusterView[]> {
    const hasTls = this.#place.tls !== undefined;
    const views: ClusterView[] = [];
    const asked = [...this.#masters.values()].map(async ({ keeper, host }) => {
      const text = await keeper.link?.command("CLUSTER", "NODES");
      if (typeof text === "string") views.push(clusterView(text, host, hasTls));
    });
    // What becomes of the link to one that does not answer is decided elsewhere.
    await inTime(Promise.allSettled(asked), VIEW_MS);
    if (views.length > 0) return [...views];
    const known = [...this.#place.seeds, ...this.#nodes].map((node) => [addressOf(node), node]);
    return await askNodes(this.#parts.server, [
      ...new Map(known as [string, HostAndPort][]).values(),
    ]);
  }

  #use({ owners, places }: ClusterMap): void {
    const started: ClusterMaster[] = [];
    const ids = new Set(owners);
    for (const id of ids) {
      const place = id === undefined ? undefined : places.get(id);
      if (place === undefined) continue;
      const known = this.#masters.get(id!);
      if (known?.address === addressOf(place)) continue;
      void known?.keeper.stop();
      const master = this.#newMaster(place);
      this.#masters.set(id!, master);
      started.push(master);
    }
    for (const [id, { keeper }] of this.#masters) {
      if (ids.has(id)) continue;
      this.#masters.delete(id);
      void keeper.stop();
    }
    this.#nodes = [...places.values()];
    const before = this.#owners;
    this.#owners = owners.map((id) => id === undefined ? undefined : this.#masters.get(id));
    this.#isWhole = this.#owners.every((owner) => owner !== undefined);
    // They try everything in one of their slots.
    this.#opened = started.map((master) => master.start(this.#eventsOf(master)));
    if (this.#owners.every((owner, slot) => owner === before[slot])) return;
    const late = started.map(({ address }) => address).join(", ");
    this.#judge(this.#isWhole ? `${late} is not connected yet` : "some slots have no master");
    if (before.length > 0) this.#parts.changed();
  }

  #newMaster(place: HostAndPort): ClusterMaster {
    return new ClusterMaster(place, {
      ...this.#parts,
      isLate: this.#isStarted,
      hasSlot: (master, slot) => this.#owners[slot] === master,
      moved: () => void this.look(),
    });
  }

  #eventsOf(master: ClusterMaster): EngineEvents {
    const events = this.#events!;
    return {
      status: (status, reason) => {
        if (![...this.#masters.values()].includes(master)) return;
        this.#judge(`the master at ${master.address}: ${reason}`);
        if (status !== "lost") return;
        this.#parts.lost(master);
        void this.look();
      },
      message: (channel, message) => events.message(channel, message),
      cut: (channels) => events.cut(channels),
      membersLost: () => events.membersLost(),
      warn: (text) => this.#warn(text),
    };
  }

  /** Once, if several masters have the same to say. */
  #warn(text: string): void {
    if (this.#warnedOf === text) return;
    this.#warnedOf = text;
    this.#events?.warn(text);
  }

  #judge(reason: string): void {
    const all = [...this.#masters.values()].map(({ keeper }) => keeper.status);
    const status = statusOf(all, this.#isWhole);
    if (status === this.#status) return;
    this.#status = status;
    this.#events?.status(status, reason);
  }
}

function statusOf(all: readonly EngineStatus[], isWhole: boolean): EngineStatus {
  if (all.every((status) => status === "lost")) return "lost";
  if (!isWhole || all.includes("lost")) return "partial";
  return all.includes("doubt") ? "doubt" : "up";
}
