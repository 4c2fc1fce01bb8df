/**
 * The store of this server as what keeps the channels: it answers everything at once.
 *
 * In: calls of one worker. Out: the store's answers, with nothing allocated in between.
 */

import type {
  ChannelStore,
  EntrySink,
  Member,
  MemberVisitor,
  PresenceResult,
  Publication,
  PublishResult,
  ReadResult,
} from "../../channels/mod.ts";
import type { Broker, PageQuery } from "./broker.ts";

/** The part of the store that it is made of. */
export type BrokerStore = Pick<
  ChannelStore,
  | "epochOfText"
  | "history"
  | "join"
  | "leave"
  | "presence"
  | "presenceStats"
  | "publish"
  | "rejoin"
  | "removeHistory"
>;

/** Keeps the channels in the store. */
export class StoreBroker implements Broker {
  readonly #store: BrokerStore;

  /** @param store the worker's */
  constructor(store: BrokerStore) {
    this.#store = store;
  }

  publish(name: Uint8Array, publication: Publication): PublishResult {
    return this.#store.publish(name, publication);
  }

  /** No channel is absent in a store without an engine. */
  open(): Promise<"busy"> {
    return Promise.resolve("busy");
  }

  history(name: Uint8Array, { since, ...query }: PageQuery, sink: EntrySink): ReadResult {
    if (since === undefined) return this.#store.history(name, query, sink);
    const { offset, epoch: text } = since;
    const epoch = text === "" ? undefined : this.#store.epochOfText(text);
    return this.#store.history(name, { ...query, since: { offset, epoch } }, sink);
  }

  removeHistory(name: Uint8Array): boolean {
    return this.#store.removeHistory(name);
  }

  join(name: Uint8Array, member: Member): "joined" | "full" | "busy" {
    return this.#store.join(name, member);
  }

  rejoin(name: Uint8Array, client: Uint8Array): boolean {
    return this.#store.rejoin(name, client);
  }

  leave(name: Uint8Array, client: Uint8Array): void {
    this.#store.leave(name, client);
  }

  presence(name: Uint8Array, limit: number, visitor: MemberVisitor): PresenceResult {
    return this.#store.presence(name, limit, visitor);
  }

  presenceStats(name: Uint8Array): PresenceResult {
    return this.#store.presenceStats(name);
  }
}
