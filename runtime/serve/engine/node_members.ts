/**
 * The members of this server's clients in the channels of the engine, by their workers.
 *
 * In: clients that join and leave. Out: calls of the driver. If a worker dies, its members leave; if this server was cut off
 * for so long that the engine has dropped its members, all are entered again. As many as there are subscriptions with
 * presence on this server. What happens to one member keeps its order: the driver carries out calls in the order in which they come.
 */
import type { EngineDriver, EngineMember, EngineMembership } from "./driver.ts";

/** Calls between two turns of the loop. */
const CALLS_A_TURN = 200;
/** Milliseconds until a call that has failed is tried again. */
const RETRY = 1_000;
const BETWEEN = "\0";
/** Members that belong to no worker: this server's own, and those of the server before until their clients have come. */
const NO_WORKER = -1;
const LEFT = -2;

/** A member, and whether it is the server's own. */
export interface NodeMember extends EngineMembership {
  readonly isOwn: boolean;
}

/** The members of this server. */
export class NodeMembers {
  readonly #driver: Pick<EngineDriver, "join" | "leave">;
  /** By worker, and by channel and client. */
  readonly #workers = new Map<number, Map<string, EngineMembership>>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(driver: Pick<EngineDriver, "join" | "leave">) {
    this.#driver = driver;
  }

  /** A client of a worker joins a channel. */
  async join(
    worker: number,
    channel: string,
    member: EngineMember,
  ): Promise<"joined" | "full" | "busy"> {
    const members = this.#of(worker);
    const key = keyOf(channel, member.client);
    const membership = { channel, member };
    this.#workers.get(LEFT)?.delete(key);
    // Before the answer: it may leave until then.
    members.set(key, membership);
    const { status } = await this.#driver.join(channel, member);
    if (status === "joined") return "joined";
    if (members.get(key) === membership) members.delete(key);
    // It may be done all the same, and nobody would leave.
    if (status === "unavailable") this.#leave(channel, member.client);
    return status === "full" ? "full" : "busy";
  }

  /** This server itself joins a channel. */
  joinAsServer(channel: string, member: EngineMember): Promise<"joined" | "full" | "busy"> {
    return this.join(NO_WORKER, channel, member);
  }

  /** A client leaves a channel. */
  leave(worker: number, channel: string, client: string): void {
    for (const its of [worker, LEFT]) this.#workers.get(its)?.delete(keyOf(channel, client));
    this.#leave(channel, client);
  }

  /** A worker is dead: its members leave, some at a time. */
  remove(worker: number): void {
    const members = [...this.#workers.get(worker)?.values() ?? []];
    this.#workers.delete(worker);
    this.#inTurns(members, ({ channel, member }) => this.#leave(channel, member.client));
  }

  // At an upgrade.

  /** All members, for the server that replaces this one. */
  get all(): readonly NodeMember[] {
    return [...this.#workers].flatMap(([worker, members]) =>
      [...members.values()].map((membership) => ({ ...membership, isOwn: worker === NO_WORKER }))
    );
  }

  /** Forgets them: they belong to another process. What is to leave by {@link leave} still does. */
  giveUp(): void {
    this.#workers.clear();
  }

  /** Goes on with the members of the server before, which are entered; clients of this one {@link claim} them. */
  take(members: readonly NodeMember[]): void {
    for (const { channel, member, isOwn } of members) {
      const key = keyOf(channel, member.client);
      this.#of(isOwn ? NO_WORKER : LEFT).set(key, { channel, member });
    }
  }

  /** A client of the server before has come to a worker. */
  claim(worker: number, channel: string, client: string): void {
    const key = keyOf(channel, client);
    const left = this.#workers.get(LEFT);
    const membership = left?.get(key);
    if (membership === undefined) return;
    left?.delete(key);
    this.#of(worker).set(key, membership);
  }

  /** Clients of the server before that have not come leave. */
  removeLeft(): void {
    this.remove(LEFT);
  }

  #of(worker: number): Map<string, EngineMembership> {
    const members = this.#workers.get(worker) ?? new Map<string, EngineMembership>();
    this.#workers.set(worker, members);
    return members;
  }

  /** The engine has dropped the members of this server. */
  enterAgain(): void {
    const all = [...this.#workers.values()].flatMap((members) => [...members.values()]);
    const isMember = ({ channel, member }: EngineMembership) =>
      [...this.#workers.values()].some((members) => members.has(keyOf(channel, member.client)));
    this.#inTurns(all, (membership) => {
      const { channel, member } = membership;
      // If this fails, too, the driver reports again that they are lost.
      if (isMember(membership)) void this.#driver.join(channel, member);
    });
  }

  /** Ends what is to be tried again. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #leave(channel: string, client: string): void {
    void this.#driver.leave(channel, client).then(({ status }) => {
      if (status !== "done") this.#later(RETRY, () => this.#leaveAgain(channel, client));
    });
  }

  /** It may have joined again meanwhile. */
  #leaveAgain(channel: string, client: string): void {
    const key = keyOf(channel, client);
    const isBack = [...this.#workers.values()].some((members) => members.has(key));
    if (!isBack) this.#leave(channel, client);
  }

  #inTurns(
    list: readonly EngineMembership[],
    act: (membership: EngineMembership) => void,
  ): void {
    for (const membership of list.slice(0, CALLS_A_TURN)) act(membership);
    if (list.length <= CALLS_A_TURN) return;
    this.#later(0, () => this.#inTurns(list.slice(CALLS_A_TURN), act));
  }

  #later(milliseconds: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, milliseconds);
    this.#timers.add(timer);
  }
}

function keyOf(channel: string, client: string): string {
  return channel + BETWEEN + client;
}
