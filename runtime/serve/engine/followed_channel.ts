/**
 * One channel whose publications this node takes from the engine: which of them it may pass on, and what it has to ask.
 *
 * In: what the engine's connections say about the channel. Out: calls of {@link FollowActions}. Pure: no time, no socket, no
 * store. Called only by the conductor, on the main thread.
 *
 * ```text
 * begin ─► listening ─► reading ─► fetching ─► live ◄─► repairing
 *              ▲            │ stated, nothing to fetch ─►  ▲
 *              │            └─────────────────────────────┘
 *          detached ◄── cut, failed: from every state        place: from idle to live or detached
 * ```
 * A publication is passed on only if its offset is the next one **and** the tag that it names as the one before is the tag that
 * was passed on last. Offsets alone do not show a split brain: after a failover the new master may give the same offset to
 * another publication. What comes while something is asked is held, and judged by the same rule behind the answer. If the chain
 * cannot be made whole, the channel is lost: its subscribers are told, and it is followed again from its new position. Nothing is skipped silently.
 *
 * Each question has the number of its round; an answer of an earlier round, from a connection that is gone, is ignored.
 */

/** A publication of the engine; the conductor adds the bytes. */
export interface ChainLink {
  /** 1, 2, 3 … within the epoch; 0: it is live only, and not a part of the chain. */
  readonly offset: number;
  /** What identifies the publication, besides its offset. */
  readonly tag: string;
  /** The bytes that it takes, for the bound of what is held. */
  readonly size: number;
}

/** A publication that has just been made. */
export interface ArrivingLink extends ChainLink {
  readonly epoch: string;
  /** The tag of the publication before; empty for the first one of an epoch. */
  readonly previousTag: string;
}

/** Up to where a channel is known. */
export interface ChainPosition {
  readonly epoch: string;
  readonly offset: number;
  /** The tag of the publication with this offset; empty if the offset is 0. */
  readonly tag: string;
}

/** A part of a channel's history in the engine. */
export interface ChainRange<Link extends ChainLink> {
  readonly epoch: string;
  /** In the order of their offsets; some at the start may be missing. */
  readonly links: readonly Link[];
  /** Whether there is more behind the last one. */
  readonly hasMore: boolean;
}

/** What a channel asks for, and what it does to the local one. Questions are answered in a later turn, never within the call. */
export interface FollowActions<Link extends ChainLink> {
  /** Listen to the channel, and answer by `confirmed`. */
  listen(round: number): void;
  /** Read the channel's position, and answer by `stated`; `proof` is what this node knows, if it knows something. */
  readState(round: number, proof: ChainPosition | undefined): void;
  /** Read the history from an offset on, and answer by `ranged`. */
  readRange(round: number, from: number): void;
  /** The local channel has this position from now on, and no history. */
  follow(at: ChainPosition): void;
  /** The next publication of the local channel, or one that is live only. */
  replicate(link: Link): void;
  /** The local channel has everything from now on, until `lose` or `detach`. */
  ready(): void;
  /** Something is missing for good: subscribers of the local channel are told. */
  lose(): void;
}

/** What bounds a channel. */
export interface FollowBounds {
  /** Publications of the history that a new channel begins with. */
  readonly history: number;
  /** What may be held while an answer is awaited. */
  readonly heldLinks: number;
  readonly heldBytes: number;
}

/** Where a channel is. */
export type FollowState =
  | "idle"
  | "listening"
  | "reading"
  | "fetching"
  | "live"
  | "repairing"
  | "detached";

const NOWHERE: ChainPosition = { epoch: "", offset: 0, tag: "" };

/** A followed channel. */
export class FollowedChannel<Link extends ChainLink = ChainLink> {
  readonly #actions: FollowActions<Link>;
  readonly #bounds: FollowBounds;
  #state: FollowState = "idle";
  #round = 0;
  /** Whether the local channel has a position, so that `#epoch`, `#offset` and `#tag` are true. */
  #isPlaced = false;
  #epoch = "";
  #offset = 0;
  #tag = "";
  /** What the engine has said; of use while the beginning of the history is fetched. */
  #stated = NOWHERE;
  #held: (Link & ArrivingLink)[] = [];
  #heldBytes = 0;
  #hasDropped = false;

  constructor(actions: FollowActions<Link>, bounds: FollowBounds) {
    this.#actions = actions;
    this.#bounds = bounds;
  }

  /** Where it is. */
  get state(): FollowState {
    return this.#state;
  }

  /** Whether the local channel has everything that has arrived from the engine. */
  get isLive(): boolean {
    return this.#state === "live";
  }

  /** Up to where this node has the channel; undefined if it has nothing yet. */
  get position(): ChainPosition | undefined {
    if (!this.#isPlaced) return undefined;
    return { epoch: this.#epoch, offset: this.#offset, tag: this.#tag };
  }

  /** The engine is there: for the first time, or again after {@link cut}. */
  begin(): void {
    this.#forgetHeld();
    this.#state = "listening";
    this.#actions.listen(++this.#round);
  }

  /**
   * Goes on where another process has been: the local channel is there already.
   *
   * @param isListening whether everything behind that place is told from now on by {@link published}
   */
  place(at: ChainPosition, isListening: boolean): void {
    this.#forgetHeld();
    this.#round++;
    this.#follow(at);
    this.#state = isListening ? "live" : "detached";
  }

  /** The engine is gone, or a question has failed: nothing is known about what comes now. */
  cut(): void {
    this.#forgetHeld();
    this.#round++;
    this.#state = "detached";
  }

  /** A question of this round has failed. Returns whether it was of this round: then the channel is detached. */
  failed(round: number): boolean {
    if (round !== this.#round || this.#state === "live") return false;
    this.cut();
    return true;
  }

  /** The engine delivers the channel from now on. */
  confirmed(round: number): void {
    if (round !== this.#round || this.#state !== "listening") return;
    this.#read();
  }

  /** The engine's position of the channel. */
  stated(round: number, at: ChainPosition): void {
    if (round !== this.#round || this.#state !== "reading") return;
    this.#stated = at;
    if (!this.#isPlaced) return this.#fetch();
    const isBehind = this.#epoch === at.epoch && this.#offset < at.offset;
    if (isBehind) return this.#repair();
    const isEqual = this.#epoch === at.epoch && this.#offset === at.offset && this.#tag === at.tag;
    if (isEqual) return this.#settle();
    this.#lose();
    this.#fetch();
  }

  /** A part of the engine's history. */
  ranged(round: number, range: ChainRange<Link>): void {
    if (round !== this.#round) return;
    if (this.#state === "fetching") this.#place(range);
    else if (this.#state === "repairing") this.#mend(range);
  }

  /** A publication has been made. */
  published(link: Link & ArrivingLink): void {
    if (this.#state === "live") this.#judge(link);
    else if (this.#state !== "idle" && this.#state !== "detached") this.#hold(link);
  }

  /** The channel has begun again, without a publication. */
  began(epoch: string): void {
    if (this.#state === "live" && epoch !== this.#epoch) this.#read();
    // The answer that is on its way may be older: it is asked once more behind it.
    else if (this.#isAsking) this.#hasDropped = true;
  }

  /** Reads the engine's position of a quiet channel again: engines forget channels that nobody asks for. */
  check(): void {
    if (this.#state === "live") this.#read();
  }

  get #isAsking(): boolean {
    return this.#state === "reading" || this.#state === "fetching" || this.#state === "repairing";
  }

  #read(): void {
    this.#state = "reading";
    this.#actions.readState(++this.#round, this.position);
  }

  /** Asks for the end of the history, with which the local channel begins. */
  #fetch(): void {
    const { offset } = this.#stated;
    const count = Math.min(this.#bounds.history, offset);
    if (count === 0) {
      this.#follow(this.#stated);
      return this.#settle();
    }
    this.#state = "fetching";
    this.#actions.readRange(++this.#round, offset - count + 1);
  }

  /** The local channel begins with what was fetched, as far as it is one piece that ends where the engine has said, or later. */
  #place({ epoch, links }: ChainRange<Link>): void {
    if (epoch !== this.#stated.epoch) return this.#read();
    const start = unbrokenFrom(links);
    const proof = links.findIndex(({ offset }) => offset === this.#stated.offset);
    if (proof < start || links[proof]!.tag !== this.#stated.tag) {
      this.#follow(this.#stated);
      return this.#settle();
    }
    this.#follow({ epoch, offset: links[start]!.offset - 1, tag: "" });
    for (let i = start; i < links.length; i++) this.#pass(links[i]!);
    this.#settle();
  }

  /** Asks for what is behind the position; the publication at the position too, which proves that the chain is the same. */
  #repair(): void {
    this.#state = "repairing";
    this.#actions.readRange(++this.#round, Math.max(1, this.#offset));
  }

  #mend({ epoch, links, hasMore }: ChainRange<Link>): void {
    const before = this.#offset;
    if (epoch !== this.#epoch || !this.#isSameChain(links)) {
      this.#lose();
      return this.#read();
    }
    for (const link of links) if (link.offset > this.#offset) this.#pass(link);
    if (hasMore && this.#offset > before) return this.#repair();
    if (this.#offset < this.#stated.offset && this.#stated.epoch === epoch) {
      // The history does not have what the engine has said that there is.
      this.#lose();
      return this.#read();
    }
    this.#settle(this.#offset === before);
  }

  /** Whether links without a hole continue the chain that this node has. */
  #isSameChain(links: readonly Link[]): boolean {
    if (links.length === 0) return true;
    if (unbrokenFrom(links) > 0) return false;
    const [first] = links;
    if (this.#offset === 0) return first!.offset === 1;
    return first!.offset === this.#offset && first!.tag === this.#tag;
  }

  /**
   * There is no open question: what was held follows.
   *
   * @param isStuck the last answer brought nothing new, so that a hole will not be filled
   */
  #settle(isStuck = false): void {
    if (this.#hasDropped) {
      this.#forgetHeld();
      return this.#read();
    }
    const held = this.#held;
    this.#forgetHeld();
    this.#state = "live";
    for (let i = 0; i < held.length; i++) {
      this.#judge(held[i]!, isStuck);
      if (this.#state as FollowState === "live") continue;
      // It asks again: the publication that was not understood, and those behind it, wait for the answer.
      for (let rest = i + 1; rest < held.length; rest++) this.#hold(held[rest]!);
      return;
    }
    this.#actions.ready();
  }

  #judge(link: Link & ArrivingLink, isStuck = false): void {
    // Another epoch: which of them is the newer one? What the engine answers is newer than the publication.
    if (link.epoch !== this.#epoch) return this.#read();
    if (link.offset === 0) return this.#actions.replicate(link);
    const ahead = link.offset - this.#offset;
    if (ahead < 0 || (ahead === 0 && link.tag === this.#tag)) return;
    if (ahead === 1 && link.previousTag === this.#tag) return this.#pass(link);
    if (ahead > 1 && !isStuck) {
      // The history may have what is missing. If it does not, this publication shows it.
      this.#hold(link);
      return this.#repair();
    }
    // Another tag at the position or before it: another chain. Or a gap that nobody can fill.
    this.#lose();
    this.#read();
  }

  #follow(at: ChainPosition): void {
    this.#isPlaced = true;
    this.#epoch = at.epoch;
    this.#offset = at.offset;
    this.#tag = at.tag;
    this.#actions.follow(at);
  }

  #pass(link: Link): void {
    this.#offset = link.offset;
    this.#tag = link.tag;
    this.#actions.replicate(link);
  }

  #lose(): void {
    this.#isPlaced = false;
    this.#actions.lose();
  }

  #hold(link: Link & ArrivingLink): void {
    if (this.#hasDropped) return;
    const { heldLinks, heldBytes } = this.#bounds;
    if (this.#held.length < heldLinks && this.#heldBytes + link.size <= heldBytes) {
      this.#held.push(link);
      this.#heldBytes += link.size;
      return;
    }
    this.#forgetHeld();
    this.#hasDropped = true;
  }

  #forgetHeld(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#hasDropped = false;
  }
}

/** The index from which on links have no hole between them. */
function unbrokenFrom(links: readonly ChainLink[]): number {
  for (let i = links.length - 1; i > 0; i--) {
    if (links[i - 1]!.offset + 1 !== links[i]!.offset) return i;
  }
  return 0;
}
