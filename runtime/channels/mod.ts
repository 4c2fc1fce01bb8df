/**
 * The store of all channels, in one SharedArrayBuffer for all threads: publications with one order per channel, history
 * and recovery, idempotency keys, versions, presence, and the feed from which each worker delivers to its subscribers.
 *
 * ```ts
 * import { type Entry, createChannelMemory, openChannelStore } from "./mod.ts";
 *
 * const random = crypto.getRandomValues(new Uint32Array(7));
 * const memory = createChannelMemory({ bytes: 2 ** 20, workers: 2, random }); // main thread; then postMessage(memory)
 * const now = () => performance.timeOrigin + performance.now(); // one clock for all threads
 * const ring = (worker: number) => console.log("wake worker", worker);
 * const store = openChannelStore(memory, { writer: 0, now, ring }); // worker 0
 *
 * const feed = store.openFeed();
 * const name = new TextEncoder().encode("chat:index");
 * const { offset, epoch } = store.subscribe(name);
 * const data = new TextEncoder().encode('{"text":"hello"}');
 * store.publish(name, { data, historySize: 100, historyTtlMs: 60_000 });
 *
 * const print = (entry: Entry) => console.log(entry.offset, new TextDecoder().decode(entry.data));
 * feed.poll({ wants: () => true, entry: print, missed: (count) => console.log(count, "lost") }, 1000);
 * store.recover(name, { offset, epoch }, { limit: 100, maxBytes: 2 ** 20 }, { entry: print });
 * ```
 *
 * README.md has the design and its promises.
 *
 * @module
 */
export type { ChannelCounts, ChannelVisitor } from "./channel_listing.ts";
export { MAX_NAME_BYTES } from "./channel_directory.ts";
export { type ChannelMemoryOptions, createChannelMemory } from "./channel_memory.ts";
export { ChannelStore, type ChannelStoreOptions, openChannelStore } from "./channel_store.ts";
export type { SubscribeResult } from "./channel_store.ts";
export type { FeedReader, FeedSink } from "./feed_reader.ts";
export type { HistoryQuery, Position, ReadBounds, ReadResult } from "./history_reader.ts";
export { SupersededError } from "./lock.ts";
export type { Member } from "./presence.ts";
export type { MemberVisitor, PresenceResult } from "./presence_reader.ts";
export type { EngineEpoch } from "./follower.ts";
export type { Publication, PublishResult, Replica, ReplicateStatus } from "./publisher.ts";
export { microseconds, type RateLimit, takeToken, type TokenBucket } from "./rates.ts";
export { Entry, type EntrySink } from "./record_buffer.ts";
export {
  AS_DELTA,
  asPublishedForm,
  ENTRY_FORM,
  ENTRY_KIND,
  type EntryForm,
  type EntryKind,
  type PublishedForm,
  publishedForm,
} from "./records.ts";
export { IDEMPOTENCY_MS } from "./idempotency.ts";
export { isEarlier, microsecondsBetween, stampOf } from "./stamp.ts";
export type { StoreFigures } from "./store_figures.ts";
export {
  adoptChannelMemory,
  heirOf,
  type StoreIdentity,
  storeIdentity,
  usedParts,
} from "./store_move.ts";
export type { Version } from "./versions.ts";
export type { WorkerRemoval } from "./worker_removal.ts";
