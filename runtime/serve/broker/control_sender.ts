/**
 * Sends messages to the workers of this server: what backends ask of connections, and the later commands of streams.
 *
 * In: a word and bytes, on any thread. Out: the same on each worker that listens, also on this one, in one order. It is a channel
 * of the store, so that the feed brings it and a gap is recovered.
 */

import type { ChannelStore } from "../../channels/mod.ts";
import { ALL_WORKERS, ANY_WORKER, controlKey, toWorker } from "./own_channels.ts";

/** For how many messages, and how long, a listener that came too late to the feed finds them. */
interface Keeping {
  readonly historySize: number;
  readonly historyTtlMs: number;
  /** Longer messages are in the feed alone, as a part of the longest entry. */
  readonly longest: number;
}
/** What backends ask for must arrive. */
export const REQUESTS: Keeping = { historySize: 1_000, historyTtlMs: 60_000, longest: 1 };
/**
 * A client whose command was lost asks again. The histories of all workers must leave the store to the channels: one has at most
 * as much as the longest entry, which is a 64th of the memory.
 */
export const COMMANDS: Keeping = { historySize: 64, historyTtlMs: 5_000, longest: 1 / 64 };

/** The part of the store by which messages are sent. */
export type ControlStore = Pick<ChannelStore, "maxEntryBytes" | "publish">;

/** Sends to the workers that listen to a control channel. */
export class ControlSender {
  readonly #store: ControlStore;

  /** @param store the thread's */
  constructor(store: ControlStore) {
    this.#store = store;
  }

  /** Sends a request to all workers. Returns false if the store has no room for it, or is busy. */
  request(word: string, data: Uint8Array): boolean {
    return this.#send(ALL_WORKERS, { word, data }, REQUESTS);
  }

  /** Sends a question to the worker that answers for all; returns what `request` does. */
  ask(address: string, question: Uint8Array): boolean {
    return this.#send(ANY_WORKER, { word: address, data: question }, COMMANDS);
  }

  /** Sends commands of a session to its worker; returns what `request` does. */
  pass(worker: number, session: string, data: Uint8Array): boolean {
    return this.#send(toWorker(worker), { word: session, data }, COMMANDS);
  }

  #send(
    number: number,
    { word, data }: { readonly word: string; readonly data: Uint8Array },
    { longest, ...history }: Keeping,
  ): boolean {
    const { maxEntryBytes } = this.#store;
    const fields = new TextEncoder().encode(word);
    const length = data.length + fields.length;
    if (length > maxEntryBytes) return false;
    const send = (skipHistory: boolean) =>
      this.#store.publish(controlKey(number), { data, fields, ...history, skipHistory }).status;
    const isLong = length > maxEntryBytes * longest;
    const status = send(isLong);
    // A message that is not kept has room in the feed, however full the store is.
    return (status === "full" && !isLong ? send(true) : status) === "stored";
  }
}
