/**
 * Which nodes live, the members of this one, and those of nodes that do not live any more.
 *
 * In: a link, and time: `renew` every three seconds. Out: the leases in JetStream; `isDead` of other nodes; members of dead nodes
 * leave, announced. A node that finds its own lease gone, because it was cut off, takes another id, lets the members of the
 * old one leave, and is told to enter its members again: an id that has died never comes back.
 *
 * A member leaves by the removal of its message. JetStream removes each once: so one node alone announces it.
 */
import type { EngineMember, EngineMembership } from "../driver.ts";
import { decodeMember, encodeMember } from "../member_bytes.ts";
import { JetStreamError } from "./nats_faults.ts";
import type { NatsLink, StoredMessage } from "./nats_link.ts";
import type { NatsNames } from "./names.ts";
import { encodePresence } from "./records.ts";
import { readStored } from "./stored_reader.ts";

/** What an error of JetStream is called if there is no message, or no longer: in a file, and in memory. */
const NO_MESSAGE: readonly number[] = [10037, 10043, 10057];
const NO_BYTES = new Uint8Array(0);
/** Another process has entered the member. */
const UNKNOWN_SEQUENCE = 0;

/** The options of the nodes. */
export interface NatsNodesOptions {
  readonly names: NatsNames;
  readonly timeoutMs: number;
  /** Makes an id that is a part of a subject. */
  readonly newId: () => string;
}

/** The nodes, as this one sees them. */
export class NatsNodes {
  readonly #names: NatsNames;
  readonly #timeoutMs: number;
  readonly #newId: () => string;
  readonly #members: string;
  readonly #leases: string;
  #id: string;
  #isEntered = false;
  /** The id before, whose members have not left yet. */
  #old: string | undefined;
  #dead: ReadonlySet<string> = new Set();
  /** The sequences of this node's members, by subject. */
  readonly #own = new Map<string, number>();
  /** It is another process's. */
  #isGivenUp = false;

  constructor({ names, timeoutMs, newId }: NatsNodesOptions) {
    this.#names = names;
    this.#timeoutMs = timeoutMs;
    this.#newId = newId;
    this.#members = names.stream("members");
    this.#leases = names.stream("leases");
    this.#id = newId();
  }

  /** This node. */
  get id(): string {
    return this.#id;
  }

  /** From now on this is a node that is entered already, with these members; who has been it gives it up. */
  take(id: string, members: readonly EngineMembership[]): void {
    this.#id = id;
    this.#isEntered = true;
    this.#old = undefined;
    this.#own.clear();
    for (const { channel, member } of members) {
      this.#own.set(this.#names.member(channel, id, member.client), UNKNOWN_SEQUENCE);
    }
  }

  /** It is another process's from now on. */
  giveUp(): void {
    this.#isGivenUp = true;
  }

  /** Enters a client of this node. */
  async join(link: NatsLink, channel: string, member: EngineMember): Promise<void> {
    const subject = this.#names.member(channel, this.#id, member.client);
    const isThere = this.#own.has(subject);
    const { seq } = await link.store(subject, encodeMember(member));
    this.#own.set(subject, seq);
    if (!isThere && member.announce) this.#announce(link, channel, "join", member.info);
  }

  /** Removes a client of this node. */
  async leave(link: NatsLink, channel: string, client: string): Promise<void> {
    const subject = this.#names.member(channel, this.#id, client);
    this.#own.delete(subject);
    // Not by the sequence that is known: a later entry may have been carried out without an answer.
    const message = await link.newest(this.#members, subject);
    if (message !== undefined) await this.#remove(link, message);
  }

  /** The members of a channel on all living nodes. */
  async membersOf(link: NatsLink, channel: string): Promise<EngineMember[]> {
    const members: EngineMember[] = [];
    await this.#read(link, this.#names.membersOf(channel), ({ subject, data }) => {
      const whose = this.#names.memberOf(subject);
      const fields = decodeMember(data);
      if (whose === undefined || fields === undefined || this.#dead.has(whose.node)) return;
      members.push({ client: whose.client, ...fields });
    });
    return members;
  }

  /**
   * Renews the lease, looks for dead nodes, and removes their members.
   *
   * @returns whether this node's own lease was gone: its members have left
   * @throws what the link does
   */
  async renew(link: NatsLink): Promise<boolean> {
    if (this.#isGivenUp) return false;
    const id = this.#id;
    const lease = this.#names.ofNode("l", id);
    const isThere = await link.newest(this.#leases, lease) !== undefined;
    // Meanwhile it may have become another node, or none: the next renewal is about that one.
    if (this.#id !== id || this.#isGivenUp) return false;
    if (!isThere && this.#isEntered) this.#loseId();
    const wasLost = this.#old !== undefined;
    if (this.#old !== undefined) {
      // For the node that goes on if this one dies meanwhile.
      await link.store(this.#names.ofNode("n", this.#old), NO_BYTES);
      await this.#reap(link, this.#old);
      this.#old = undefined;
    }
    await link.store(this.#names.ofNode("l", this.#id), NO_BYTES);
    if (!this.#isEntered) await link.store(this.#names.ofNode("n", this.#id), NO_BYTES);
    this.#isEntered = true;
    for (const node of await this.#findDead(link)) await this.#reap(link, node);
    return wasLost;
  }

  /** The members of this node leave, and its lease ends. */
  async end(link: NatsLink): Promise<void> {
    if (this.#isGivenUp) return;
    await this.#reap(link, this.#id);
    await this.#purge(link, this.#leases, this.#names.ofNode("l", this.#id));
    this.#own.clear();
    this.#isEntered = false;
    await link.flush();
  }

  #loseId(): void {
    this.#old = this.#id;
    this.#id = this.#newId();
    this.#isEntered = false;
    this.#own.clear();
  }

  async #findDead(link: NatsLink): Promise<string[]> {
    // Those that have entered first: a lease is older than what is found of its node.
    const nodes = await this.#list(link, this.#members, "n");
    const living = new Set(await this.#list(link, this.#leases, "l"));
    const dead = nodes.filter((node) => node !== this.#id && !living.has(node));
    this.#dead = new Set(dead);
    return dead;
  }

  /** The nodes of which the stream has something. */
  async #list(link: NatsLink, stream: string, kind: "n" | "l"): Promise<string[]> {
    const start = this.#names.ofNode(kind, "").length;
    const subjects = await this.#subjects(link, stream, this.#names.ofNode(kind, "*"));
    return subjects.map((subject) => subject.slice(start));
  }

  /** Removes the members of a node. */
  async #reap(link: NatsLink, node: string): Promise<void> {
    for (const message of await this.#ofNode(link, node)) await this.#remove(link, message);
    await this.#purge(link, this.#members, this.#names.ofNode("n", node));
  }

  /** The members of a node. In a cluster the leader says which ones: another server may be behind, and who is left out never leaves. */
  async #ofNode(link: NatsLink, node: string): Promise<StoredMessage[]> {
    const found: StoredMessage[] = [];
    const filter = this.#names.membersOfNode(node);
    if (!link.isCluster) {
      await this.#read(link, filter, (message) => void found.push(message));
      return found;
    }
    for (const subject of await this.#subjects(link, this.#members, filter)) {
      const message = await link.newest(this.#members, subject);
      if (message !== undefined) found.push(message);
    }
    return found;
  }

  async #subjects(link: NatsLink, stream: string, filter: string): Promise<string[]> {
    const { state } = await link.ask(`STREAM.INFO.${stream}`, { subjects_filter: filter }) as {
      state: { subjects?: Record<string, number> };
    };
    return Object.keys(state.subjects ?? {});
  }

  /** Removes one member, and announces it if nobody else has. */
  async #remove(link: NatsLink, { subject, sequence, data }: StoredMessage): Promise<void> {
    try {
      await link.ask(`STREAM.MSG.DELETE.${this.#members}`, { seq: sequence, no_erase: true });
    } catch (error) {
      if (error instanceof JetStreamError && NO_MESSAGE.includes(error.code)) return;
      throw error;
    }
    const whose = this.#names.memberOf(subject);
    const fields = decodeMember(data);
    if (whose === undefined || fields?.announce !== true) return;
    this.#announce(link, whose.channel, "leave", fields.info);
  }

  #announce(link: NatsLink, channel: string, kind: "join" | "leave", info: Uint8Array): void {
    link.publish(this.#names.delivery(channel), encodePresence(kind, info));
  }

  async #purge(link: NatsLink, stream: string, filter: string): Promise<void> {
    await link.ask(`STREAM.PURGE.${stream}`, { filter });
  }

  async #read(
    link: NatsLink,
    subject: string,
    visit: (message: StoredMessage) => void,
  ): Promise<void> {
    const query = { stream: this.#members, subject, timeoutMs: this.#timeoutMs };
    await readStored(link, query, (message) => {
      visit(message);
      return true;
    });
  }
}
