/**
 * Which nodes live, and the members of those that do not.
 *
 * In: a place, and time: `renew` every three seconds. Out: the leases in Redis; `isDead` of other nodes; members of dead
 * nodes leave, announced. A lease is {@link LEASE_MS} long. A node that finds its own lease gone, because it was cut off,
 * takes another id, lets the members of the old one leave, and is told to enter its members again: an id that has died
 * never comes back, so nobody removes members that have just been entered.
 */
import type { RedisNames } from "./names.ts";
import type { ScriptName } from "./scripts.ts";

const LEASE_MS = 10_000;
/** How long one node may take to remove the members of another one in one channel. */
const REAP_MS = 20_000;
/** Channels that are taken from the list at once. */
const SLICE = 100;

/** Where nodes and channels are; rejected as a link is. */
export interface NodesPlace {
  /** Runs a command on what nodes have. */
  command(name: string, ...args: (string | number)[]): Promise<unknown>;
  /** Runs a script on what a channel has. */
  runAt(
    channel: string,
    script: ScriptName,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown>;
}

/** The nodes, as this one sees them. */
export class RedisNodes {
  readonly #names: RedisNames;
  readonly #newId: () => string;
  #id: string;
  #isEntered = false;
  /** The id before, whose members have not left yet. */
  #old: string | undefined;
  #dead: ReadonlySet<string> = new Set();
  /** It is another process's. */
  #isGivenUp = false;

  /** @param newId makes an id without `|` */
  constructor(names: RedisNames, newId: () => string) {
    this.#names = names;
    this.#newId = newId;
    this.#id = newId();
  }

  /** This node. */
  get id(): string {
    return this.#id;
  }

  /** From now on this is a node that is entered already; who has been it gives it up. */
  take(id: string): void {
    this.#id = id;
    this.#isEntered = true;
    this.#old = undefined;
  }

  /** It is another process's from now on. */
  giveUp(): void {
    this.#isGivenUp = true;
  }

  /** Whether the members of a node do not count any more. */
  isDead(node: string): boolean {
    return this.#dead.has(node);
  }

  /**
   * Renews the lease, looks for dead nodes, and removes their members.
   *
   * @returns whether this node's own lease was gone: its members have left
   * @throws what the link does
   */
  async renew(place: NodesPlace): Promise<boolean> {
    if (this.#isGivenUp) return false;
    const id = this.#id;
    const lease = this.#names.ofNode("l", id);
    const isThere = await place.command("PEXPIRE", lease, LEASE_MS) === 1;
    // Meanwhile it may have become another node, or none: the next renewal is about that one.
    if (this.#id !== id || this.#isGivenUp) return false;
    if (!isThere && this.#isEntered) this.#loseId();
    const wasLost = this.#old !== undefined;
    const isEntered = isThere || await this.#enter(place);
    const dead = await this.#findDead(place);
    for (const node of dead) await this.#reap(place, node);
    return isEntered && wasLost;
  }

  /** The members of this node leave, and its lease ends. */
  async end(place: NodesPlace): Promise<void> {
    if (this.#isGivenUp) return;
    await place.command("DEL", this.#names.ofNode("l", this.#id));
    await this.#reap(place, this.#id);
    this.#isEntered = false;
  }

  #loseId(): void {
    this.#old = this.#id;
    this.#id = this.#newId();
    this.#isEntered = false;
  }

  /** Takes a lease, behind the leaving of the members of the id before; false if another node still removes those. */
  async #enter(place: NodesPlace): Promise<boolean> {
    const { nodes } = this.#names;
    if (this.#old !== undefined) {
      // For the node that goes on if this one dies meanwhile.
      await place.command("SADD", nodes, this.#old);
      if (!await this.#reap(place, this.#old)) return false;
      this.#old = undefined;
    }
    await place.command("SET", this.#names.ofNode("l", this.#id), "1", "PX", LEASE_MS);
    await place.command("SADD", nodes, this.#id);
    this.#isEntered = true;
    return true;
  }

  async #findDead(place: NodesPlace): Promise<string[]> {
    const nodes = await place.command("SMEMBERS", this.#names.nodes) as string[];
    const others = nodes.filter((node) => node !== this.#id);
    const leases = await Promise.all(
      others.map((node) => place.command("EXISTS", this.#names.ofNode("l", node))),
    );
    const dead = others.filter((_, i) => leases[i] === 0);
    this.#dead = new Set(dead);
    return dead;
  }

  /** Removes the members of a node; false if another node does. */
  async #reap(place: NodesPlace, node: string): Promise<boolean> {
    const lock = this.#names.ofNode("r", node);
    if (await place.command("SET", lock, this.#id, "NX", "PX", REAP_MS) === null) return false;
    const list = this.#names.ofNode("q", node);
    for (;;) {
      const channels = await place.command("SRANDMEMBER", list, SLICE) as string[];
      if (channels.length === 0) break;
      await place.command("PEXPIRE", lock, REAP_MS);
      for (const channel of channels) await this.#leaveAll(place, channel, node);
      await place.command("SREM", list, ...channels);
    }
    await place.command("SREM", this.#names.nodes, node);
    await place.command("DEL", lock);
    return true;
  }

  async #leaveAll(place: NodesPlace, channel: string, node: string): Promise<void> {
    const key = this.#names.ofChannel("p", channel);
    let cursor = "0";
    do {
      const args = [node, cursor, this.#names.ofPubSub("x", channel)];
      const answer = await place.runAt(channel, "leaveAll", [key], args) as [unknown, Uint8Array];
      cursor = String(answer[1]);
    } while (cursor !== "0");
  }
}
