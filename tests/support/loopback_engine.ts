/**
 * An engine in this process, which several nodes can share: the rules of a real one without its network.
 *
 * In: calls of the drivers that it makes, and faults. Out: answers in later turns, in the order of the calls of each driver; publications
 * to all drivers that listen. For tests of what stands above a driver.
 */

import type {
  EngineDriver,
  EngineEntry,
  EngineEvents,
  EngineMember,
  EngineMessage,
  EnginePosition,
  EnginePublication,
  EngineRangeQuery,
  EngineStatus,
  EngineUnavailable,
} from "../../runtime/serve/engine/mod.ts";

interface FakeChannel {
  epoch: string;
  offset: number;
  tag: string;
  history: EngineEntry[];
  readonly members: Map<string, EngineMember>;
}

const UNAVAILABLE: EngineUnavailable = { status: "unavailable", reason: "cut", mayBeDone: true };
const NO_BYTES = new Uint8Array(0);

/** The engine. */
export class LoopbackEngine {
  readonly drivers: LoopbackDriver[] = [];
  readonly #channels = new Map<string, FakeChannel>();
  #numbers = 0;
  /** Requests are answered so, without being carried out; undefined: they are carried out. */
  refusal: { readonly status: "full" } | EngineUnavailable | undefined;

  /** Another node. */
  driver(): LoopbackDriver {
    const driver = new LoopbackDriver(this);
    this.drivers.push(driver);
    return driver;
  }

  /** Forgets a channel: it begins again with another epoch. */
  forget(name: string): void {
    this.#channels.delete(name);
  }

  channel(name: string): FakeChannel {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      const epoch = `e-${++this.#numbers}`;
      channel = { epoch, offset: 0, tag: "", history: [], members: new Map() };
      this.#channels.set(name, channel);
    }
    return channel;
  }

  publish(name: string, publication: EnginePublication) {
    const channel = this.channel(name);
    const { data, fields = NO_BYTES, form = 0, historySize, historyTtlMs } = publication;
    const previousTag = channel.tag;
    if (publication.skipHistory !== true) {
      channel.offset++;
      channel.tag = `t${++this.#numbers}`;
      const expiresAt = Date.now() + historyTtlMs;
      channel.history.push({
        offset: channel.offset,
        tag: channel.tag,
        form,
        fields,
        data,
        expiresAt,
      });
      channel.history = historySize === 0 ? [] : channel.history.slice(-historySize);
    }
    const { epoch } = channel;
    const place = publication.skipHistory === true
      ? { offset: 0, tag: "", previousTag: "" }
      : { offset: channel.offset, tag: channel.tag, previousTag };
    const bytes = { form, fields, data, historySize, historyTtlMs };
    this.tell(name, { kind: "publication", epoch, ...place, ...bytes });
    return { status: "stored", offset: place.offset, epoch } as const;
  }

  tell(name: string, message: EngineMessage): void {
    for (const driver of this.drivers) driver.deliver(name, message);
  }
}

/** The driver of one node. */
export class LoopbackDriver implements EngineDriver {
  status: EngineStatus = "lost";
  readonly probeMs = 1;
  node = "a node";
  checkMs: number | undefined;
  readonly listening = new Set<string>();
  /** Calls, for tests. */
  readonly calls: string[] = [];
  readonly #engine: LoopbackEngine;
  #events: EngineEvents | undefined;
  /** What happens in a later turn and has not happened yet. */
  readonly #turns = new Set<Promise<void>>();

  constructor(engine: LoopbackEngine) {
    this.#engine = engine;
  }

  connect(events: EngineEvents): Promise<undefined> {
    this.#events = events;
    this.restore();
    return Promise.resolve(undefined);
  }

  close(): Promise<void> {
    this.status = "lost";
    this.listening.clear();
    return this.idle();
  }

  takeNode(node: string): void {
    this.node = node;
  }

  giveUpNode(): void {}

  /** Until nothing is under way. */
  async idle(): Promise<void> {
    while (this.#turns.size > 0) await Promise.all(this.#turns);
  }

  /** The connections are cut. */
  cut(): void {
    this.status = "lost";
    this.listening.clear();
    this.#events?.status("lost", "cut by the test");
  }

  /** The part of the engine that has these channels is lost. */
  cutPart(channels: readonly string[]): void {
    this.status = "partial";
    for (const channel of channels) this.listening.delete(channel);
    this.#events?.status("partial", "cut by the test");
    this.#events?.cut(channels);
  }

  /** They are back. */
  restore(): void {
    this.status = "up";
    this.#events?.status("up", "");
  }

  /** The engine has dropped the members of this node. */
  loseMembers(): void {
    this.#events?.membersLost();
  }

  deliver(name: string, message: EngineMessage): void {
    this.#inTurn(() => {
      if (this.listening.has(name)) this.#events?.message(name, message);
    });
  }

  publish(name: string, publication: EnginePublication) {
    return this.#later(`publish ${name}`, () => this.#engine.publish(name, publication), true);
  }

  listen(name: string) {
    return this.#later(`listen ${name}`, () => {
      this.listening.add(name);
      return { status: "done" } as const;
    });
  }

  unlisten(name: string) {
    return this.#later(`unlisten ${name}`, () => {
      this.listening.delete(name);
      return { status: "done" } as const;
    });
  }

  state(name: string, proof?: EnginePosition) {
    return this.#later(`state ${name}${proof === undefined ? "" : ` ${proof.offset}`}`, () => {
      const { epoch, offset, tag } = this.#engine.channel(name);
      return { status: "known", epoch, offset, tag } as const;
    });
  }

  range(name: string, { from = 1, limit, reverse = false }: EngineRangeQuery) {
    return this.#later(`range ${name} ${from}`, () => {
      const { epoch, offset, tag, history } = this.#engine.channel(name);
      const all = reverse
        ? history.filter((entry) => entry.offset <= from).reverse()
        : history.filter((entry) => entry.offset >= from);
      const entries = all.slice(0, limit);
      const hasMore = all.length > limit;
      return { status: "read", position: { epoch, offset, tag }, entries, hasMore } as const;
    });
  }

  removeHistory(name: string) {
    return this.#later(`removeHistory ${name}`, () => {
      this.#engine.channel(name).history = [];
      this.#engine.tell(name, { kind: "removed" });
      return { status: "done" } as const;
    });
  }

  join(name: string, member: EngineMember) {
    return this.#later(`join ${name} ${member.client}`, () => {
      this.#engine.channel(name).members.set(member.client, member);
      if (member.announce) this.#engine.tell(name, { kind: "join", data: member.info });
      return { status: "joined" } as const;
    }, true);
  }

  leave(name: string, client: string) {
    return this.#later(`leave ${name} ${client}`, () => {
      this.#engine.channel(name).members.delete(client);
      return { status: "done" } as const;
    });
  }

  members(name: string) {
    return this.#later(`members ${name}`, () => {
      const members = [...this.#engine.channel(name).members.values()];
      return { status: "read", members } as const;
    });
  }

  /** Carries something out in a later turn. */
  #later<Result>(call: string, act: () => Result): Promise<Result | EngineUnavailable>;
  #later<Result>(
    call: string,
    act: () => Result,
    canBeFull: true,
  ): Promise<Result | EngineUnavailable | { readonly status: "full" }>;
  #later<Result>(call: string, act: () => Result): Promise<unknown> {
    this.calls.push(call);
    const { refusal } = this.#engine;
    return new Promise((resolve) => {
      this.#inTurn(() => {
        if (this.status === "lost") return resolve(UNAVAILABLE);
        resolve(refusal ?? act());
      });
    });
  }

  #inTurn(act: () => void): void {
    const turn = new Promise<void>((resolve) => {
      setTimeout(() => {
        this.#turns.delete(turn);
        act();
        resolve();
      });
    });
    this.#turns.add(turn);
  }
}
