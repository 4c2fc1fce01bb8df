/**
 * An engine for tests, in the same thread: it answers everything later, from a store of its own, and the channels that a client asks for are
 * followed in the store of the worker.
 *
 * In: the stores of a worker, made for an engine. Out: the answers of another store, with the epochs' texts of there.
 */

import type {
  ChannelStore,
  EntrySink,
  Member,
  MemberVisitor,
  PresenceResult,
  Publication,
  ReadBounds,
  ReadResult,
} from "../../../../runtime/channels/mod.ts";
import { ENTRY_KIND } from "../../../../runtime/channels/mod.ts";
import type {
  Broker,
  ClientPosition,
  PageQuery,
  PublishAnswer,
  ReadAnswer,
} from "../../../../runtime/serve/broker/mod.ts";
import { Stores } from "../../channels/stores.ts";

/** Answers later. */
export class LateBroker implements Broker {
  /** What is published elsewhere goes here. */
  readonly engine: ChannelStore = new Stores(256 * 1024).first;
  /** Set: nothing is answered as asked. */
  fault: "busy" | "full" | undefined;
  readonly #local: ChannelStore;

  /** @param local of the main thread */
  constructor(local: ChannelStore) {
    this.#local = local;
  }

  async publish(name: Uint8Array, publication: Publication): Promise<PublishAnswer> {
    const copy = { ...publication, data: publication.data.slice() };
    await Promise.resolve();
    if (this.fault !== undefined) {
      return { status: this.fault, offset: 0, epoch: 0, subscribers: 0 };
    }
    const result = this.engine.publish(name, copy);
    this.#local.replicate(name, { ...copy, offset: result.offset });
    return { ...result, epoch: this.engine.epochText(result.epoch) };
  }

  async open(name: Uint8Array): Promise<"open" | "full" | "busy"> {
    await Promise.resolve();
    if (this.fault !== undefined) return this.fault;
    const { offset, epoch } = this.engine.subscribe(name);
    this.#local.follow(name, { offset, epoch: this.engine.epochText(epoch) });
    return "open";
  }

  async recover(
    name: Uint8Array,
    since: ClientPosition,
    bounds: ReadBounds,
    sink: EntrySink,
  ): Promise<ReadAnswer> {
    await Promise.resolve();
    return this.#texted(this.engine.recover(name, this.#positionOf(since), bounds, sink));
  }

  async history(name: Uint8Array, query: PageQuery, sink: EntrySink): Promise<ReadAnswer> {
    await Promise.resolve();
    const { since, ...page } = query;
    const from = since === undefined ? {} : { since: this.#positionOf(since) };
    return this.#texted(this.engine.history(name, { ...page, ...from }, sink));
  }

  async removeHistory(name: Uint8Array): Promise<boolean> {
    await Promise.resolve();
    return this.engine.removeHistory(name);
  }

  async join(name: Uint8Array, member: Member): Promise<"joined" | "full" | "busy"> {
    await Promise.resolve();
    if (this.fault !== undefined) return this.fault;
    const { info: data, announce } = member;
    const live = { kind: ENTRY_KIND.join, offset: 0, data, historySize: 0, historyTtlMs: 0 };
    const status = this.engine.join(name, member);
    if (announce) this.#local.replicate(name, live);
    return status;
  }

  rejoin(): boolean {
    return true;
  }

  leave(name: Uint8Array, client: Uint8Array): void {
    this.engine.leave(name, client);
  }

  async presence(
    name: Uint8Array,
    limit: number,
    visitor: MemberVisitor,
  ): Promise<PresenceResult> {
    await Promise.resolve();
    return this.engine.presence(name, limit, visitor);
  }

  async presenceStats(name: Uint8Array): Promise<PresenceResult> {
    await Promise.resolve();
    return this.engine.presenceStats(name);
  }

  #positionOf({ offset, epoch }: ClientPosition) {
    return { offset, epoch: epoch === "" ? undefined : this.engine.epochOfText(epoch) };
  }

  #texted(result: ReadResult): ReadAnswer {
    return { ...result, epoch: result.epoch === 0 ? "" : this.engine.epochText(result.epoch) };
  }
}
