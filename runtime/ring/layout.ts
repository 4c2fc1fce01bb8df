/**
 * The layout of the SharedArrayBuffer of the shared state: tasks, flags, counters, descriptors, inboxes, addresses.
 *
 * In: the numbers of workers, slots, bytes and descriptors. Out: the byte offset of each block. The algorithms
 * are in the other files, one per file.
 *
 * ```text
 *       48  header          128 bytes   magic, the five dimensions, total bytes
 *           task ring       256 + 64 × taskSlots       see task_ring.ts
 *           flags           384 bytes                  see flags.ts
 *           counters        2944 × (workers + 2)       see counters.ts
 *           descriptors     4 × descriptors            see descriptor_table.ts
 *           inboxes         (256 + inboxBytes) × workers   see inbox.ts
 *           addresses       16 × addresses                 see address_table.ts
 *           places          4 × descriptors, if there are addresses
 * ```
 * Every block begins at {@link ORIGIN_BYTES} plus a multiple of {@link PAIR_BYTES}.
 */

/** One cache line of x86-64 and of most arm64. */
export const LINE_BYTES = 64;

/** Two lines: x86 fetches them in pairs, so data that must not share a line is two lines apart. */
export const PAIR_BYTES = 128;

/**
 * Offset of the first block. Deno allocates a large buffer by malloc, whose large chunks begin 16 bytes after a
 * page boundary (seen on 2.4.2 and 2.9.6); 48 more bytes align the blocks to cache lines. If that does not
 * hold, a slot straddles two lines: slower, never wrong.
 */
export const ORIGIN_BYTES = 48;

/** Identifies the memory as ours: `ADNO` in ASCII. */
export const MAGIC = 0x41444e4f;

/** Bytes of the header block. */
export const HEADER_BYTES = PAIR_BYTES;
/** Words of the header, as indexes into an Int32Array that begins at {@link ORIGIN_BYTES}. */
export const HEADER = {
  magic: 0,
  workers: 1,
  taskSlots: 2,
  inboxBytes: 3,
  descriptors: 4,
  totalBytes: 5,
  addresses: 6,
} as const;

/** Bytes before the slots of the task ring: the tail's pair of lines, then the head's. */
export const TASK_RING_HEADER_BYTES = 2 * PAIR_BYTES;
/** Bytes of one slot: its sequence, then the payload, on one cache line. */
export const TASK_SLOT_BYTES = LINE_BYTES;

/** Bytes before the records of an inbox: the tail's pair of lines, then the head's. */
export const INBOX_HEADER_BYTES = 2 * PAIR_BYTES;

/** Bytes of the flags: draining, parked and alive on a pair of lines each. */
export const FLAGS_BYTES = 3 * PAIR_BYTES;

/** Columns of a block of counters that are reserved for names; the latency buckets follow. */
export const NAMED_COLUMNS = 64;
/** The first of the columns that are buckets of the latencies of deliveries, behind those of channel_columns.ts. */
export const DELIVERY_BUCKETS = 288;
/** Columns of one block of counters: the named ones, buckets, from 144 on those of channel_columns.ts, and buckets of deliveries. */
export const COUNTER_COLUMNS = 368;
/** Bytes of the block of counters of one thread: 368 doubles, 23 pairs of lines. */
export const COUNTER_BLOCK_BYTES = COUNTER_COLUMNS * 8;
/** Blocks of counters in addition to those of the workers: the acceptor's, then the main thread's. */
export const EXTRA_COUNTER_BLOCKS = 2;

/** Bytes of an entry of the address table: see address_table.ts. */
export const ADDRESS_ENTRY_BYTES = 16;

/** The maximum number of workers. */
export const MAX_WORKERS = 256;

/** The numbers that determine the size of the memory. */
export interface Dimensions {
  /** Worker threads, 1 to {@link MAX_WORKERS}. */
  readonly workers: number;
  /** Slots of the task ring, a power of two. */
  readonly taskSlots: number;
  /** Bytes of records in each inbox, a power of two. */
  readonly inboxBytes: number;
  /** Number of entries of the descriptor table, for the descriptors 0 to `descriptors - 1`. */
  readonly descriptors: number;
  /** Entries of the address table, a power of two, or 0: connections are not counted by address. */
  readonly addresses: number;
}

/** The dimensions of a server, but for the number of workers. 1,024 slots as in async_nostd. */
export const DEFAULT_DIMENSIONS: Omit<Dimensions, "workers"> = {
  taskSlots: 1024,
  inboxBytes: 256 * 1024,
  descriptors: 65536,
  addresses: 0,
};

/** The byte offset of each block, and the total size. */
export interface Layout {
  readonly header: number;
  readonly taskRing: number;
  readonly flags: number;
  /** Block `i` follows at {@link COUNTER_BLOCK_BYTES} × i. */
  readonly counters: number;
  readonly descriptors: number;
  /** Inbox `i` follows at `inboxStride` × i. */
  readonly inboxes: number;
  readonly inboxStride: number;
  readonly addresses: number;
  /** One word per descriptor. */
  readonly places: number;
  readonly totalBytes: number;
}

/** Computes the offsets for valid dimensions. */
export function layoutOf(dimensions: Dimensions): Layout {
  const { workers, taskSlots, inboxBytes, descriptors, addresses } = dimensions;
  const header = ORIGIN_BYTES;
  const taskRing = header + HEADER_BYTES;
  const flags = taskRing + toPairs(TASK_RING_HEADER_BYTES + taskSlots * TASK_SLOT_BYTES);
  const counters = flags + FLAGS_BYTES;
  const counterBytes = (workers + EXTRA_COUNTER_BLOCKS) * COUNTER_BLOCK_BYTES;
  const descriptorTable = counters + counterBytes;
  const inboxes = descriptorTable + toPairs(descriptors * 4);
  const inboxStride = toPairs(INBOX_HEADER_BYTES + inboxBytes);
  const addressTable = inboxes + inboxStride * workers;
  const places = addressTable + toPairs(addresses * ADDRESS_ENTRY_BYTES);
  return {
    header,
    taskRing,
    flags,
    counters,
    descriptors: descriptorTable,
    inboxes,
    inboxStride,
    addresses: addressTable,
    places,
    totalBytes: places + (addresses > 0 ? toPairs(descriptors * 4) : 0),
  };
}

/** Rounds up to whole pairs of lines. */
function toPairs(bytes: number): number {
  return Math.ceil(bytes / PAIR_BYTES) * PAIR_BYTES;
}
