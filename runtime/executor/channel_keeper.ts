/**
 * The main thread's part in the channels: it creates their memory, gives back what has expired, and removes what a dead
 * worker has left.
 *
 * In: the config. Out: memory and secrets for the start of each worker. Loaded only if there are channels. It never serves a
 * client; what it does in a turn of the loop is bounded.
 */

import {
  adoptChannelMemory,
  type ChannelStore,
  createChannelMemory,
  heirOf,
  openChannelStore,
  type StoreFigures,
  type StoreIdentity,
  storeIdentity,
  usedParts,
  type WorkerRemoval,
} from "../channels/mod.ts";
import type { ChannelsConfig, Config } from "../config/mod.ts";
import type { ChannelDeskParts } from "../observe/admin/mod.ts";
import type { EngineNode, EngineNodeFigures } from "../serve/engine/mod.ts";
import type { WebhookFigures, Webhooks } from "../serve/webhooks/mod.ts";
import { MemoryFile, preciseClock, SystemError } from "../os/mod.ts";
import type { ChannelReport, ChannelsStart, ServerFacts } from "../thread/mod.ts";
import { readNote, writeNote } from "./memory_note.ts";
import type { ConnectionReceiver } from "./connection_receiver.ts";
import type { ConnectionSender } from "./connection_sender.ts";
import { changedSecretFiles, placesOf, readSecretTexts } from "./secret_texts.ts";
import { UpgradeError } from "./upgrade_error.ts";

/** Milliseconds between two sweeps, and the part of the store that one visits: all of it in five seconds. */
const SWEEP_INTERVAL = 250;
const SWEEP_SHARE = 1 / 20;
/** Attempts to seal the store, a millisecond apart: each waits for the lock itself. */
const SEALS = 3;
/** Milliseconds for an engine to deliver, before a new server takes over, beyond those of an attempt to connect. */
const ENGINE_TIME = 5_000;
const ENGINE_LOOK_INTERVAL = 10;
/** Milliseconds for clients of the server before to come, if it does not say that it has sent all. */
const LONGEST_ARRIVAL = 60_000;
/** Steps of a removal between two turns of the loop: less than a millisecond. */
const REMOVAL_STEPS = 16;
const PLACES = {
  readText: Deno.readTextFileSync,
  variable: (name: string) => Deno.env.get(name),
};

/** A config with channels. */
type ChannelKeeperConfig = Pick<Config, "workers" | "channelLimits" | "monitoring"> & {
  readonly channels: ChannelsConfig;
};

/** What is called for events of the engine and of webhooks. */
export interface EngineNotes {
  warn(text: string): void;
  inform(text: string): void;
}

/** Keeps the memory of all channels. */
export class ChannelKeeper {
  readonly #store: ChannelStore;
  readonly #workers: number;
  readonly #ring: (worker: number) => void;
  readonly #deskConfig: Pick<ChannelDeskParts, "channels" | "limits"> | undefined;
  #start: ChannelsStart;
  /** Null if there is no engine. */
  #engine: EngineNode | null = null;
  /** Null if there are none. */
  #webhooks: Webhooks | null = null;
  #isMarked = false;
  readonly #timer: ReturnType<typeof setInterval>;
  #removing: Promise<void> = Promise.resolve();
  readonly #isHeir: boolean;
  /** What the engine is called; undefined: there is none. */
  readonly #engineName: string | undefined;
  /** Why the engine could not be used at first. */
  #engineFault: string | undefined = undefined;
  #arrivalTimer: ReturnType<typeof setTimeout> | undefined = undefined;
  #spreadTimer: ReturnType<typeof setTimeout> | undefined = undefined;
  readonly #drainSpread: number;

  /**
   * @param config the dimensions, and where the secrets are
   * @param server what it says about itself
   * @param ring wakes a worker
   * @param before the memory of the server that this one replaces; undefined: it gives none
   * @throws {RangeError} if the memory is too small for so many workers
   * @throws if a secret cannot be read
   */
  constructor(
    { workers, channelLimits: limits, channels, monitoring }: ChannelKeeperConfig,
    server: ServerFacts,
    ring: (worker: number) => void,
    before?: StoreIdentity,
  ) {
    const secrets = readSecretTexts(channels, PLACES);
    const random = crypto.getRandomValues(new Uint32Array(7));
    const { engine: shared } = channels;
    const engine = shared !== undefined;
    this.#engineName = shared && JSON.stringify([shared.url, shared.prefix]);
    const dimensions = { bytes: limits.memoryBytes, workers };
    const heir = before && heirOf(before, { ...dimensions, engine: this.#engineName });
    this.#isHeir = heir !== undefined;
    const memory = createChannelMemory({ ...dimensions, random, engine, ...heir });
    this.#start = { memory, server, secrets };
    this.#workers = workers;
    this.#drainSpread = limits.drainSpread;
    this.#deskConfig = monitoring.adminChannels ? { channels, limits } : undefined;
    this.#ring = ring;
    this.#store = openChannelStore(memory, {
      writer: workers,
      now: preciseClock(),
      ring,
      ...(engine ? { onMarked: () => this.#ringLater() } : {}),
    });
    this.#timer = setInterval(() => this.#store.sweep(SWEEP_SHARE), SWEEP_INTERVAL);
  }

  /** What a new server must know so that it can go on with these channels. */
  get identity(): StoreIdentity {
    return storeIdentity(this.#start.memory, this.#engineName);
  }

  /** Says which channels of the engine are followed; undefined: there is none. */
  get followed(): (() => string) | undefined {
    const engine = this.#engine;
    return engine === null ? undefined : () => engine.namesAhead();
  }

  /** The engine delivers to this server. @throws {UpgradeError} if it does not: the old server has the better connection */
  async engineReady(): Promise<void> {
    const end = performance.now() + ENGINE_TIME;
    while (!this.isReady) {
      if (performance.now() > end) {
        const fault = this.#engineFault ?? "its probes do not come back";
        throw new UpgradeError(`the engine cannot be used: ${fault}`);
      }
      await new Promise((resolve) => setTimeout(resolve, ENGINE_LOOK_INTERVAL));
    }
  }

  /** The memory of the server before is about to come, and the store is sealed: listens to what is published in its channels. */
  async listenAhead(names: string): Promise<void> {
    await this.#engine?.listenAhead(names);
  }

  /** Whether it can go on with the memory of the server before. */
  get isHeir(): boolean {
    return this.#isHeir;
  }

  /** The memory of the server before is about to come: until {@link adopt} nobody can do anything. False: the store is busy. */
  seal(): boolean {
    const isSealed = this.#store.seal("awaiting");
    if (isSealed) this.#engine?.awaitState();
    else this.#engine?.takeOver(undefined);
    return isSealed;
  }

  /** Takes {@link give} back. */
  takeBack(): void {
    this.#store.unseal();
    this.#webhooks?.takeBack();
    this.#engine?.resume();
  }

  /** Goes on with the channels of the server before; with none, if its memory has not come. */
  adopt(receiver: Pick<ConnectionReceiver, "takeStore" | "takeText"> | null): void {
    // Without it nobody would know which channels of the memory have to be followed.
    const state = this.#engine === null ? undefined : receiver?.takeText() ?? undefined;
    const isWhole = this.#engine === null || state !== undefined;
    using file = isWhole ? receiver?.takeStore() : undefined;
    if (file === undefined) {
      this.#store.unseal();
      this.#webhooks?.takeBack();
    } else this.#read(file);
    this.#engine?.takeOver(file && state);
    if (file === undefined) return;
    this.#arrivalTimer = setTimeout(() => this.noteArrived(), LONGEST_ARRIVAL);
  }

  #read(file: MemoryFile): void {
    const { memory } = this.#start;
    adoptChannelMemory(memory, (bytes, offset) => file.read(bytes, offset));
    const told = readNote(file, memory.byteLength);
    if (told !== undefined) this.#webhooks?.adopt(told);
  }

  /** All clients of the server before have come that come at all. */
  noteArrived(): void {
    if (this.#arrivalTimer === undefined) return;
    clearTimeout(this.#arrivalTimer);
    this.#arrivalTimer = undefined;
    this.#engine?.noteArrived();
    this.#remove(this.#store.removeLeft());
    if (this.#webhooks === null) return;
    // Those that could not move come back by then.
    this.#spreadTimer = setTimeout(() => this.#webhooks?.noteArrived(), this.#drainSpread);
  }

  /**
   * Seals the store, and copies it for the server that replaces this one. Returns whether that gets it; if not, the channels stay, and work: without
   * memory or a descriptor the new server begins with other ones.
   */
  async give(sender: Pick<ConnectionSender, "sendStore" | "sendText">): Promise<boolean> {
    const state = this.#engine?.pause();
    const isGiven = await this.#seal() && this.#send(sender, state);
    if (isGiven) return true;
    sender.sendStore(undefined);
    this.takeBack();
    return false;
  }

  async #seal(): Promise<boolean> {
    for (let i = 0; !this.#store.seal(); i++) {
      if (i === SEALS) return false;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return true;
  }

  /** @param state what is known of the engine; undefined: there is none */
  #send(sender: Pick<ConnectionSender, "sendStore" | "sendText">, state?: string): boolean {
    try {
      if (state !== undefined && !sender.sendText(state)) return false;
      const { memory } = this.#start;
      using file = MemoryFile.of("async-deno channels", usedParts(memory));
      const told = this.#webhooks?.give();
      if (told !== undefined) writeNote(file, memory.byteLength, told);
      return sender.sendStore(file);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return false;
    }
  }

  /** What every worker starts with, also one that replaces a dead one. */
  get start(): ChannelsStart {
    return this.#start;
  }

  /**
   * Connects to the engine that the config names; fulfilled when that has succeeded, or has failed and is tried again.
   *
   * @throws if its password cannot be read
   */
  async openEngine(channels: ChannelsConfig, notes: EngineNotes): Promise<void> {
    const { engine } = channels;
    if (engine === undefined) return;
    const { engineDrivers } = await import("./channel_engine.ts");
    const { EngineNode } = await import("../serve/engine/mod.ts");
    const { sharedSettings } = await import("./shared_settings.ts");
    const places = placesOf(this.#start.secrets);
    const drivers = await engineDrivers(engine, places);
    const settings = sharedSettings(channels, places);
    const [store, workers, ring] = [this.#store, this.#workers, this.#ring];
    const { name } = this.#start.server;
    const names = { uid: store.epochText(0), name, sessionKey: store.sharedKey };
    const deliversOffline = engine.offlineDelivery === true;
    const isHeir = this.#isHeir;
    const more = { settings, deliversOffline, isHeir };
    const parts = { ...names, ...more, drivers, store, workers, ring };
    this.#engine = new EngineNode({ ...parts, ...notes });
    this.#start = { ...this.#start, engine: this.#engine.memory };
    const fault = this.#engineFault = await this.#engine.connect();
    if (fault !== undefined) {
      notes.warn(
        `the engine cannot be used: ${fault}; it is tried again, and publishing fails until then`,
      );
    }
  }

  /** Makes the webhooks of the config, if it has any. @throws if the secret of an app cannot be read */
  async openWebhooks({ pusher: apps = [] }: ChannelsConfig, notes: EngineNotes): Promise<void> {
    if (!apps.some(({ webhooks }) => webhooks.length > 0)) return;
    const { Webhooks } = await import("../serve/webhooks/mod.ts");
    const { readSecret } = await import("../serve/tokens/mod.ts");
    const places = placesOf(this.#start.secrets);
    // The workers check how long it is.
    const all = apps.map((app) => ({ ...app, secretBytes: readSecret(app.secret, places, 1) }));
    this.#webhooks = new Webhooks({ apps: all, workers: this.#workers, notes });
    this.#start = { ...this.#start, webhooks: this.#webhooks.memory };
  }

  /** Whether clients of channels get everything here. */
  get isReady(): boolean {
    return this.#engine?.isReady !== false;
  }

  /** What the engine does, for metrics; undefined: there is none. */
  engineFigures(): EngineNodeFigures | undefined {
    return this.#engine?.figures();
  }

  /** What the webhooks have done, for metrics; undefined: there are none. */
  webhookFigures(): readonly WebhookFigures[] | undefined {
    return this.#webhooks?.figures();
  }

  /** A worker has reported what happened in its channels. */
  report(worker: number, reports: readonly ChannelReport[]): void {
    this.#webhooks?.report(worker, reports);
  }

  /** A new server has taken over, to which the clients go. */
  handOver(): void {
    if (this.#store.isSealed) this.#engine?.giveUp();
    this.#webhooks?.handOver();
  }

  /** A worker has written requests to the engine. */
  lookAtRequests(worker: number): void {
    this.#engine?.look(worker);
  }

  /** What the admin page needs to list, read and publish; undefined: it may not. */
  get desk(): ChannelDeskParts | undefined {
    const now = () => performance.now();
    const publish: ChannelDeskParts["publish"] = (name, publication) =>
      (this.#engine ?? this.#store).publish(name, publication);
    return this.#deskConfig && { store: this.#store, now, publish, ...this.#deskConfig };
  }

  /** What the channels hold, for metrics. */
  figures(): StoreFigures {
    return this.#store.figures();
  }

  /** Warns if files of secrets have changed since the start. */
  warnOfChanges(warn: (text: string) => void): void {
    const changed = changedSecretFiles(this.start.secrets, PLACES.readText);
    if (changed.length === 0) return;
    warn(`new contents take effect only after a restart: ${changed.join(", ")}`);
  }

  /** Removes the subscribers and members of a worker that has ended. */
  remove(worker: number): void {
    // It may have published and not rung: until they look, no other thread would ring.
    for (let other = 0; other < this.#workers; other++) if (other !== worker) this.#ring(other);
    this.#engine?.remove(worker);
    this.#webhooks?.remove(worker);
    this.#remove(this.#store.removeWorker(worker));
  }

  #remove(removal: WorkerRemoval): void {
    this.#removing = this.#removing.then(async () => {
      while (!isDone(() => removal.step())) await new Promise((resolve) => setTimeout(resolve));
    });
  }

  /** Fulfilled when nothing of the removed workers is left: their successors have the same numbers. */
  get removed(): Promise<void> {
    return this.#removing;
  }

  /**
   * Ends the sweeps; fulfilled when the engine knows that the members of this server have left, and the webhooks are sent.
   *
   * @param milliseconds how long webhooks may take
   */
  async close(milliseconds: number): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#arrivalTimer);
    this.#arrivalTimer = undefined;
    clearTimeout(this.#spreadTimer);
    await Promise.all([this.#engine?.close(), this.#webhooks?.close(milliseconds)]);
  }

  /** Rings once for all that the engine has brought in this turn. */
  #ringLater(): void {
    if (this.#isMarked) return;
    this.#isMarked = true;
    queueMicrotask(() => {
      this.#isMarked = false;
      this.#store.ringBells();
    });
  }
}

/** Whether one of some steps was the last. */
function isDone(step: () => boolean): boolean {
  for (let i = 0; i < REMOVAL_STEPS; i++) {
    if (step()) return true;
  }
  return false;
}
