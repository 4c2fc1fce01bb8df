/**
 * One followed channel with what it acts on: the driver, which is asked, and the store, which gets the publications.
 *
 * In: what the conductor has to tell it. Out: calls of the driver and of the store, and its end of each start to the conductor. If the store
 * is busy or full, the channel is lost there as soon as that is possible, and followed again: nothing is skipped silently.
 */
import { type ChannelStore, ENTRY_KIND, type PublishedForm } from "../../channels/mod.ts";
import type {
  EngineDriver,
  EngineEntry,
  EngineFull,
  EngineMessage,
  EngineUnavailable,
} from "./driver.ts";
import { type ChainPosition, type FollowActions, FollowedChannel } from "./followed_channel.ts";

/** What the conductor needs of the store of the main thread. */
export type FollowingStore = Pick<
  ChannelStore,
  "follow" | "lose" | "removeHistory" | "replicate" | "subscriberCount" | "unfollow"
>;

/** A publication as the machine sees it, with its bytes. */
interface Link {
  readonly offset: number;
  readonly tag: string;
  readonly size: number;
  readonly form: PublishedForm;
  readonly fields: Uint8Array;
  readonly data: Uint8Array;
  readonly historySize: number;
  readonly historyTtlMs: number;
}

/** The publications of the engine's history with which a channel begins here, and that one question asks for. */
const HISTORY = 1_000;
const HELD = { heldLinks: 1_000, heldBytes: 64 * 1024 };
/** Milliseconds in which what the engine has published must have come. */
const DELIVERY_TIME = 1_000;
/** Milliseconds until a store that has refused something is tried again: more each time, up to the second. */
const STORE_RETRY = 50;
const LONGEST_STORE_RETRY = 10_000;
const NO_BYTES = new Uint8Array(0);

/** What an entry works with, and the events that the conductor gets. */
export interface EntryOwner {
  readonly driver: Pick<EngineDriver, "listen" | "range" | "state">;
  readonly store: FollowingStore;
  /** Whether a channel begins here with the engine's history; if not, with what comes from then on. */
  readonly startsWithHistory: boolean;
  /** Milliseconds since 1970. */
  now(): number;
  /** It has everything now, or a question has failed and it is detached. */
  settled(entry: FollowedEntry, isLive: boolean): void;
  /** The history was asked for what is missing. */
  repairing(): void;
  /** Its subscribers were told that something is missing. */
  lost(): void;
  /** The driver has answered so, instead of doing what it was asked to. */
  refused(refusal: EngineFull | EngineUnavailable): void;
  /** It is to begin again, if the engine is there. */
  renewed(entry: FollowedEntry): void;
}

/** A followed channel. */
export class FollowedEntry implements FollowActions<Link> {
  readonly name: string;
  /** The name as the store has it. */
  readonly key: Uint8Array;
  /** When it had its last subscriber, in milliseconds of the conductor's clock. */
  usedAt = 0;
  /** When the engine was asked about it last, by the same clock. */
  checkedAt = performance.now();
  /** Those who wait until it is live. */
  waiters: ((isOpen: boolean) => void)[] = [];
  readonly #owner: EntryOwner;
  #machine: FollowedChannel<Link>;
  /** The store has refused something: the machine acts no more, and another one follows. */
  #isBroken = false;
  #isEnded = false;
  #retry = STORE_RETRY;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #confirmation: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(name: string, key: Uint8Array, owner: EntryOwner) {
    this.name = name;
    this.key = key;
    this.#owner = owner;
    this.#machine = this.#newMachine();
  }

  /** Whether the store has everything. */
  get isLive(): boolean {
    return !this.#isBroken && this.#machine.isLive;
  }

  /** Whether it waits to be begun. */
  get isDetached(): boolean {
    const { state } = this.#machine;
    return !this.#isBroken && (state === "idle" || state === "detached");
  }

  /** Whether the store has it, or did until it refused something. */
  get isPlaced(): boolean {
    return this.#isBroken || this.#machine.position !== undefined;
  }

  /** Up to where the store has it. */
  get position(): ChainPosition | undefined {
    return this.#isBroken ? undefined : this.#machine.position;
  }

  /** The engine is there. */
  begin(): void {
    if (!this.#isBroken && !this.#isEnded) this.#machine.begin();
  }

  /** Begins to listen, for {@link place}. Returns whether it does. */
  async listenAhead(): Promise<boolean> {
    return (await this.#owner.driver.listen(this.name)).status === "done";
  }

  /** Goes on where the server before was; see {@link FollowedChannel.place}. */
  place(at: ChainPosition, isListening: boolean): void {
    this.#machine.place(at, isListening);
  }

  /** Of a channel that was taken over: asks the engine where it is, and if that has not come a second later, for what is missing. */
  async confirm(): Promise<void> {
    const machine = this.#machine;
    const result = await this.#owner.driver.state(this.name, this.position);
    const isCurrent = () => !this.#isBroken && !this.#isEnded && machine === this.#machine;
    if (!isCurrent()) return;
    this.#confirmation = setTimeout(() => {
      const at = this.position;
      const isThere = result.status === "known" && at?.epoch === result.epoch &&
        at.offset >= result.offset;
      if (isCurrent() && !isThere) machine.check();
    }, DELIVERY_TIME);
  }

  /** The engine is gone. */
  cut(): void {
    this.#machine.cut();
  }

  /** The engine is to know that the channel is in use. */
  check(): void {
    if (!this.#isBroken) this.#machine.check();
  }

  /** It is followed no more. */
  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#confirmation);
    this.#machine.cut();
    this.answer(false);
  }

  /** Answers those who wait. */
  answer(isOpen: boolean): void {
    const { waiters } = this;
    this.waiters = [];
    for (const waiter of waiters) waiter(isOpen);
  }

  /** A message of the channel. */
  message(message: EngineMessage): void {
    if (this.#isBroken || this.#isEnded) return;
    switch (message.kind) {
      case "publication": {
        const size = message.data.length + message.fields.length;
        return this.#machine.published({ ...message, size });
      }
      case "join":
      case "leave": {
        const kind = ENTRY_KIND[message.kind];
        const { data } = message;
        const entry = { offset: 0, kind, data, historySize: 0, historyTtlMs: 0 };
        this.#owner.store.replicate(this.key, entry); // refused: it is live or not at all
        return;
      }
      case "epoch":
        return this.#machine.began(message.epoch);
      case "removed":
        // Busy: what is removed stays here until its time. The engine answers who asks for it.
        this.#owner.store.removeHistory(this.key);
        return;
    }
  }

  // FollowActions

  listen(round: number): void {
    const machine = this.#machine;
    void this.#owner.driver.listen(this.name).then((result) => {
      if (result.status === "done") machine.confirmed(round);
      else this.#failed(machine, round, result);
    });
  }

  readState(round: number, proof: ChainPosition | undefined): void {
    const machine = this.#machine;
    void this.#owner.driver.state(this.name, proof).then((result) => {
      if (result.status === "known") machine.stated(round, result);
      else this.#failed(machine, round, result);
    });
  }

  readRange(round: number, from: number): void {
    const machine = this.#machine;
    if (machine.state === "repairing") this.#owner.repairing();
    void this.#owner.driver.range(this.name, { from, limit: HISTORY }).then((result) => {
      if (result.status !== "read") return this.#failed(machine, round, result);
      const now = this.#owner.now();
      const links = result.entries.map((entry) => linkOf(entry, now));
      const { epoch } = result.position;
      machine.ranged(round, { epoch, links, hasMore: result.hasMore });
    });
  }

  follow({ epoch, offset }: ChainPosition): void {
    if (this.#isBroken) return;
    if (this.#owner.store.follow(this.key, { epoch, offset }) !== "followed") this.#break();
  }

  replicate(link: Link): void {
    if (this.#isBroken) return;
    const status = this.#owner.store.replicate(this.key, link);
    if (link.offset > 0 && status !== "stored" && status !== "known") this.#break();
  }

  ready(): void {
    if (this.#isBroken) return;
    this.answer(true);
    this.#owner.settled(this, true);
  }

  lose(): void {
    if (this.#isBroken) return;
    if (this.#loseInStore()) this.#owner.lost();
    else this.#break();
  }

  #newMachine(): FollowedChannel<Link> {
    const history = this.#owner.startsWithHistory ? HISTORY : 0;
    return new FollowedChannel<Link>(this, { ...HELD, history });
  }

  #failed(
    machine: FollowedChannel<Link>,
    round: number,
    refusal: EngineFull | EngineUnavailable,
  ): void {
    this.#owner.refused(refusal);
    if (machine !== this.#machine || this.#isBroken || this.#isEnded) return;
    if (machine.failed(round)) this.#owner.settled(this, false);
  }

  #loseInStore(): boolean {
    const status = this.#owner.store.lose(this.key);
    return status !== "full" && status !== "busy";
  }

  #break(): void {
    this.#isBroken = true;
    this.#renewLater();
  }

  /** A store that is too small for a publication refuses it each time. */
  #renewLater(): void {
    this.#timer = setTimeout(() => this.#renew(), this.#retry);
    this.#retry = Math.min(2 * this.#retry, LONGEST_STORE_RETRY);
  }

  #renew(): void {
    if (this.#isEnded) return;
    if (!this.#loseInStore()) return this.#renewLater();
    this.#machine.cut();
    this.#machine = this.#newMachine();
    this.#isBroken = false;
    this.#owner.lost();
    this.#owner.renewed(this);
  }
}

function linkOf(entry: EngineEntry, now: number): Link {
  const { offset, tag, form, fields = NO_BYTES, data, expiresAt } = entry;
  const size = fields.length + data.length;
  const historyTtlMs = Math.max(0, expiresAt - now);
  return { offset, tag, size, form, fields, data, historySize: HISTORY, historyTtlMs };
}
