/**
 * The memory of the channels goes over to the server that replaces this one.
 *
 * In: the words of a store that its threads have sealed, read piece by piece; memory that was created for it, with the same secrets, and is
 * sealed as well. Out: the same channels for the threads that have opened that memory: histories, offsets, epochs, idempotency keys,
 * versions, token buckets and the shared key go on, as their clock is that of the machine. What was of the old threads is reset:
 * lock, generations, bells, subscribers. Members stay, as those of nobody, until their clients have come, who join again; so do
 * the channels that had subscribers, whose publications the feed keeps for them. `removeLeft` of the store ends that.
 *
 * Layout, number of workers and size must be the same: the records in the heap depend on them. Otherwise the new server has other
 * channels, and its clients are told.
 */
import {
  BELL,
  channelLayout,
  GENERATIONS,
  HEADER,
  LAYOUT_FORMAT,
  LOCK,
  MAX_WORKERS,
  PAIR,
  SEAL,
  STATE,
  TAIL,
} from "./layout.ts";
import { LEFT_SUBSCRIBER, LEFT_WORKER, memberWorker } from "./left_clients.ts";
import { CHANNEL, MEMBER, NODE, NODE_KIND } from "./records.ts";
import { StoreMemory } from "./store_memory.ts";

const SECRET_WORDS = 7;
/** Epochs between those of the old store and those of one that is created for it and then not used: clients must not take them for equal. */
const EPOCH_DISTANCE = 2 ** 30;

/** What a store must have in common with another one so that it can go on with its memory. */
export interface StoreIdentity {
  readonly format: number;
  readonly bytes: number;
  readonly workers: number;
  /** The random words that it was created with: a secret. */
  readonly random: readonly number[];
  /** Some epoch that it has given, of the last ones. */
  readonly epoch: number;
  /** What the engine is called of whose channels it has copies; absent: there is none. */
  readonly engine?: string | undefined;
}

/** The identity of the store in this memory. @param engine what its engine is called, if it has one */
export function storeIdentity(memory: SharedArrayBuffer, engine?: string): StoreIdentity {
  const words = new Int32Array(memory);
  const first = [...words.subarray(HEADER.hashKey, HEADER.epochBase + 1)];
  const shared = [...words.subarray(HEADER.sharedKey, HEADER.sharedKey + SECRET_WORDS - 3)];
  return {
    format: words[HEADER.format]!,
    bytes: memory.byteLength,
    workers: words[HEADER.workers]!,
    random: [...first, ...shared],
    epoch: words[STATE.lastEpoch]!,
    ...(engine === undefined ? {} : { engine }),
  };
}

/** What memory has to be created with that may become another store's; undefined: it cannot, as its size, format or engine differs. */
export function heirOf(
  { format, random, epoch, ...old }: StoreIdentity,
  { bytes, workers, engine }: Pick<StoreIdentity, "bytes" | "workers" | "engine">,
): { readonly random: Uint32Array; readonly lastEpoch: number } | undefined {
  const isSame = format === LAYOUT_FORMAT && old.bytes === bytes - bytes % 4 &&
    old.workers === workers && old.engine === engine;
  if (!isSame) return undefined;
  return { random: Uint32Array.from(random), lastEpoch: (epoch + EPOCH_DISTANCE) | 0 };
}

/** The parts of the memory that matter, as views of their bytes: a store of which little is used is copied in no time. */
export function usedParts(memory: SharedArrayBuffer): readonly Uint8Array[] {
  const words = new Int32Array(memory);
  const { heap } = new StoreMemory({ words, bytes: new Uint8Array(memory) });
  return [new Uint8Array(memory, 0, 4 * heap.freeFrom), new Uint8Array(memory, 4 * heap.end)];
}

/**
 * Fills memory that was created by {@link heirOf} and sealed with another store's, and unseals it. Threads may have it open.
 *
 * @param read fills bytes with those of the old memory from an offset on, in {@link usedParts}
 */
export function adoptChannelMemory(
  memory: SharedArrayBuffer,
  read: (bytes: Uint8Array, offset: number) => void,
): void {
  const words = new Int32Array(memory);
  const store = new StoreMemory({ words, bytes: new Uint8Array(memory) });
  const { heap } = store;
  // The lock and the generations are those of the threads of this process, which may look at them now.
  const copy = (from: number, to: number) =>
    read(new Uint8Array(memory, 4 * from, 4 * (to - from)), 4 * from);
  copy(0, LOCK);
  words[STATE.sealed] = SEAL.awaiting;
  copy(TAIL, GENERATIONS);
  copy(heap.end, words.length);
  const { from, words: headerWords } = heap.lastBlock;
  copy(from, from + headerWords);
  copy(GENERATIONS + MAX_WORKERS + PAIR, heap.freeFrom);
  // A thread may have died within a change.
  store.journal.rollback();
  const { bells, workers } = channelLayout(memory.byteLength, words[HEADER.workers]!);
  for (let worker = 0; worker < workers; worker++) {
    for (const word of Object.values(BELL)) words[bells + worker * PAIR + word] = 0;
  }
  const { buckets, bucketCount } = store.layout;
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    // Most are empty, and clients wait.
    if (words[buckets + bucket] !== 0) disown(store, bucket, workers);
  }
  words[STATE.movedAt] = words[STATE.feedNext]!;
  // Publishes all of the above.
  Atomics.store(words, STATE.sealed, SEAL.open);
}

/** The nodes of a bucket belong to no worker any more. */
function disown({ table, words, tick }: StoreMemory, bucket: number, workers: number): void {
  for (let node = table.first(bucket); node !== 0; node = words[node + NODE.next]!) {
    const kind = table.kindOf(node);
    if (kind === NODE_KIND.channel) {
      const first = node + CHANNEL.subscribers;
      let all = 0;
      for (let worker = 0; worker < workers; worker++) {
        all |= words[first + worker]!;
        words[first + worker] = 0;
      }
      if (all !== 0) words[first] = LEFT_SUBSCRIBER;
      words[node + CHANNEL.used] = tick; // its clients have time to come
    } else if (kind === NODE_KIND.member) {
      words[node + MEMBER.worker] = memberWorker(words[node + MEMBER.worker]!, LEFT_WORKER);
    }
  }
}
