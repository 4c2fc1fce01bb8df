/**
 * Creates the SharedArrayBuffer of the channels.
 *
 * In: its size, the number of workers and random words. Out: initialized memory, which the main thread posts to the
 * workers. Its size is the one bound of everything that the channels keep.
 */
import {
  channelLayout,
  HEADER,
  LAYOUT_FORMAT,
  MAGIC,
  MAX_BYTES,
  MAX_WORKERS,
  MIN_BYTES,
  STATE,
} from "./layout.ts";
import { type MemoryViews, StoreMemory } from "./store_memory.ts";

const RANDOM_WORDS = 7;

/** The dimensions of the store. */
export interface ChannelMemoryOptions {
  /** The size in bytes, 64 KiB to 2 GiB. */
  readonly bytes: number;
  /** Worker threads, 1 to 256. The main thread is one more writer. */
  readonly workers: number;
  /** Seven random words: the key of the hash table, what makes the epochs of this run unique, and the shared key. */
  readonly random: Uint32Array;
  /** Whether the channels of clients are copies of those of an engine; default: false. */
  readonly engine?: boolean;
  /** The epochs begin behind this one; default: 0. */
  readonly lastEpoch?: number;
}

/**
 * Creates the memory.
 *
 * @throws {RangeError} if an option is out of its range
 */
export function createChannelMemory(options: ChannelMemoryOptions): SharedArrayBuffer {
  const { bytes, workers, random, engine = false, lastEpoch = 0 } = options;
  if (!Number.isInteger(workers) || workers < 1 || workers > MAX_WORKERS) {
    throw new RangeError(`workers must be a whole number from 1 to ${MAX_WORKERS}, not ${workers}`);
  }
  if (!Number.isInteger(bytes) || bytes < MIN_BYTES || bytes > MAX_BYTES) {
    throw new RangeError(
      `the memory of the channels has ${MIN_BYTES} to ${MAX_BYTES} bytes, not ${bytes}`,
    );
  }
  if (random.length < RANDOM_WORDS) {
    throw new RangeError(`${RANDOM_WORDS} random words are needed, not ${random.length}`);
  }
  const memory = new SharedArrayBuffer(bytes - bytes % 4);
  const views = viewsOf(memory);
  const { words } = views;
  words[HEADER.bytes] = memory.byteLength;
  words[HEADER.workers] = workers;
  words[HEADER.hashKey] = random[0]!;
  words[HEADER.hashKey + 1] = random[1]!;
  words[HEADER.epochBase] = random[2]!;
  for (let i = 3; i < RANDOM_WORDS; i++) words[HEADER.sharedKey + i - 3] = random[i]!;
  words[HEADER.engine] = engine ? 1 : 0;
  words[HEADER.format] = LAYOUT_FORMAT;
  words[STATE.lastEpoch] = lastEpoch;
  new StoreMemory(views).heap.initialize(channelLayout(memory.byteLength, workers).heap);
  // Publishes all of the above, to the threads that open the memory.
  Atomics.store(words, HEADER.magic, MAGIC);
  return memory;
}

/**
 * The views of memory made by {@link createChannelMemory}.
 *
 * @throws {TypeError} if the memory was not made by it
 */
export function openChannelMemory(memory: SharedArrayBuffer): MemoryViews {
  const views = viewsOf(memory);
  const { words } = views;
  const isOurs = memory.byteLength >= MIN_BYTES && Atomics.load(words, HEADER.magic) === MAGIC &&
    words[HEADER.bytes]! >>> 0 === memory.byteLength;
  if (!isOurs) throw new TypeError("the memory does not hold the channels of this version");
  return views;
}

function viewsOf(memory: SharedArrayBuffer): MemoryViews {
  return { words: new Int32Array(memory), bytes: new Uint8Array(memory) };
}
