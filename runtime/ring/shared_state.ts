/**
 * The state that all threads share, as one SharedArrayBuffer: tasks, flags, counters, descriptors, inboxes, addresses.
 *
 * In: the dimensions, or memory that another thread created. Out: the objects of ring/ over that memory. The
 * main thread calls {@link createSharedState} once and posts the memory to each thread, which calls
 * {@link openSharedState} and uses the objects that it returns. The dimensions are stored in the memory, so
 * nothing else has to be passed. It contains no algorithm and starts no thread.
 */
import { AddressTable } from "./address_table.ts";
import { type Column, Counters } from "./counters.ts";
import { DescriptorTable } from "./descriptor_table.ts";
import { Flags } from "./flags.ts";
import { Inbox } from "./inbox.ts";
import {
  ADDRESS_ENTRY_BYTES,
  COUNTER_BLOCK_BYTES,
  COUNTER_COLUMNS,
  DEFAULT_DIMENSIONS,
  type Dimensions,
  EXTRA_COUNTER_BLOCKS,
  FLAGS_BYTES,
  HEADER,
  HEADER_BYTES,
  INBOX_HEADER_BYTES,
  type Layout,
  layoutOf,
  MAGIC,
  MAX_WORKERS,
  ORIGIN_BYTES,
  TASK_RING_HEADER_BYTES,
  TASK_SLOT_BYTES,
} from "./layout.ts";
import { TaskRing } from "./task_ring.ts";

/** The sizes of the shared structures; only `workers` has no default. */
export interface SharedStateOptions {
  /** Worker threads, 1 to 256. */
  workers: number;
  /** Slots of the task ring, a power of two from 2 to 2^20; default 1024. */
  taskSlots?: number;
  /** Bytes of each worker's inbox, a power of two from 256 to 2^28; default 256 KiB. */
  inboxBytes?: number;
  /** Number of descriptors that can be owned, from 0 up; 1 to 2^24, default 65536. */
  descriptors?: number;
  /** Entries of the address table, a power of two up to 2^20; default 0: connections are not counted by address. */
  addresses?: number;
  /** First position of the ring and the inboxes, an int32; for tests of the wrap. Default 0. */
  initialPosition?: number;
}

/** The size has to fit a word of the header. */
const MAX_TOTAL_BYTES = 2 ** 31 - 1;

/**
 * Creates the memory that all threads share.
 *
 * @throws {RangeError} if an option is out of its range
 */
export function createSharedState(options: SharedStateOptions): SharedArrayBuffer {
  const dimensions = checkedDimensions(options);
  const layout = layoutOf(dimensions);
  if (layout.totalBytes > MAX_TOTAL_BYTES) {
    throw new RangeError(`${layout.totalBytes} bytes of shared memory: the maximum is 2^31 - 1`);
  }
  const memory = new SharedArrayBuffer(layout.totalBytes);
  const position = options.initialPosition ?? 0;
  TaskRing.initialize(taskRingWords(memory, layout, dimensions), position);
  for (let worker = 0; worker < dimensions.workers; worker++) {
    Inbox.initialize(inboxWords(memory, layout, { dimensions, worker }), position);
  }
  const header = headerWords(memory);
  header[HEADER.workers] = dimensions.workers;
  header[HEADER.taskSlots] = dimensions.taskSlots;
  header[HEADER.inboxBytes] = dimensions.inboxBytes;
  header[HEADER.descriptors] = dimensions.descriptors;
  header[HEADER.addresses] = dimensions.addresses;
  header[HEADER.totalBytes] = layout.totalBytes;
  // Publishes all of the above, to the threads that open the memory.
  Atomics.store(header, HEADER.magic, MAGIC);
  return memory;
}

/**
 * Maps memory made by {@link createSharedState}; once per thread.
 *
 * @throws {TypeError} if the memory was not made by it
 */
export function openSharedState(memory: SharedArrayBuffer): SharedState {
  return new SharedState(memory);
}

/** The shared memory as one thread sees it. */
export class SharedState {
  /** The memory itself, to be posted to further threads. */
  readonly memory: SharedArrayBuffer;
  /** How many workers there are. */
  readonly workers: number;
  /** From the acceptor to any idle worker. */
  readonly taskRing: TaskRing;
  /** The parked and alive flags, and the parking protocol. */
  readonly flags: Flags;
  /** Which worker owns which descriptor. */
  readonly descriptors: DescriptorTable;
  /** How many connections each address has. */
  readonly addresses: AddressTable;
  readonly #inboxes: readonly Inbox[];
  readonly #counters: readonly Counters[];

  /** Use {@link openSharedState}. */
  constructor(memory: SharedArrayBuffer) {
    const dimensions = writtenDimensions(memory);
    const layout = layoutOf(dimensions);
    this.memory = memory;
    this.workers = dimensions.workers;
    this.taskRing = new TaskRing(taskRingWords(memory, layout, dimensions));
    this.flags = new Flags(words(memory, layout.flags, FLAGS_BYTES), dimensions.workers);
    this.descriptors = new DescriptorTable(
      words(memory, layout.descriptors, dimensions.descriptors * 4),
    );
    const placeBytes = dimensions.addresses > 0 ? dimensions.descriptors * 4 : 0;
    this.addresses = new AddressTable(
      words(memory, layout.addresses, dimensions.addresses * ADDRESS_ENTRY_BYTES),
      words(memory, layout.places, placeBytes),
    );
    this.#inboxes = Array.from(
      { length: dimensions.workers },
      (_, worker) => new Inbox(inboxWords(memory, layout, { dimensions, worker })),
    );
    this.#counters = Array.from(
      { length: dimensions.workers + EXTRA_COUNTER_BLOCKS },
      (_, block) => {
        const offset = layout.counters + block * COUNTER_BLOCK_BYTES;
        return new Counters(new Float64Array(memory, offset, COUNTER_COLUMNS));
      },
    );
  }

  /** Number of the acceptor's block of counters. */
  get acceptorBlock(): number {
    return this.workers;
  }

  /** Number of the main thread's block of counters. */
  get mainBlock(): number {
    return this.workers + 1;
  }

  /** The inbox of a worker. @throws {RangeError} if there is no such worker */
  inbox(worker: number): Inbox {
    const inbox = this.#inboxes[worker];
    if (inbox === undefined) {
      throw new RangeError(`there is no worker ${worker} of ${this.workers}`);
    }
    return inbox;
  }

  /**
   * The counters of a thread: a worker's number, {@link acceptorBlock} or {@link mainBlock}.
   *
   * @throws {RangeError} if there is no such block
   */
  counters(block: number): Counters {
    const counters = this.#counters[block];
    if (counters === undefined) throw new RangeError(`there is no counter block ${block}`);
    return counters;
  }

  /** The sum of a column over all threads. */
  total(column: Column): number {
    let sum = 0;
    for (const counters of this.#counters) sum += counters.get(column);
    return sum;
  }
}

/** Fills in the defaults and checks the ranges. */
function checkedDimensions(options: SharedStateOptions): Dimensions {
  const dimensions = { ...DEFAULT_DIMENSIONS, ...options };
  const { workers, taskSlots, inboxBytes, descriptors, addresses } = dimensions;
  requireRange("workers", workers, [1, MAX_WORKERS]);
  requireRange("taskSlots", taskSlots, [2, 2 ** 20]);
  requireRange("inboxBytes", inboxBytes, [256, 2 ** 28]);
  requireRange("descriptors", descriptors, [1, 2 ** 24]);
  requireRange("addresses", addresses, [0, 2 ** 20]);
  requirePowerOfTwo("addresses", addresses);
  requirePowerOfTwo("taskSlots", taskSlots);
  requirePowerOfTwo("inboxBytes", inboxBytes);
  return { workers, taskSlots, inboxBytes, descriptors, addresses };
}

function requireRange(name: string, value: number, [low, high]: [number, number]): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${name} must be a whole number from ${low} to ${high}, not ${value}`);
  }
}

function requirePowerOfTwo(name: string, value: number): void {
  if ((value & (value - 1)) !== 0) {
    throw new RangeError(`${name} must be a power of two, not ${value}`);
  }
}

/** Reads the dimensions from the header, which must be ours. */
function writtenDimensions(memory: SharedArrayBuffer): Dimensions {
  if (memory.byteLength < ORIGIN_BYTES + HEADER_BYTES) {
    throw new TypeError("the memory is not a shared state of this version");
  }
  const header = headerWords(memory);
  // The header is as long as checked above; HEADER indexes lie within it.
  const read = (index: number) => Atomics.load(header, index);
  if (read(HEADER.magic) !== MAGIC || read(HEADER.totalBytes) !== memory.byteLength) {
    throw new TypeError("the memory is not a shared state of this version");
  }
  return {
    workers: read(HEADER.workers),
    taskSlots: read(HEADER.taskSlots),
    inboxBytes: read(HEADER.inboxBytes),
    descriptors: read(HEADER.descriptors),
    addresses: read(HEADER.addresses),
  };
}

function headerWords(memory: SharedArrayBuffer): Int32Array<SharedArrayBuffer> {
  return words(memory, ORIGIN_BYTES, HEADER_BYTES);
}

function taskRingWords(memory: SharedArrayBuffer, layout: Layout, dimensions: Dimensions) {
  const bytes = TASK_RING_HEADER_BYTES + dimensions.taskSlots * TASK_SLOT_BYTES;
  return words(memory, layout.taskRing, bytes);
}

function inboxWords(
  memory: SharedArrayBuffer,
  layout: Layout,
  of: { dimensions: Dimensions; worker: number },
) {
  const offset = layout.inboxes + layout.inboxStride * of.worker;
  return words(memory, offset, INBOX_HEADER_BYTES + of.dimensions.inboxBytes);
}

function words(memory: SharedArrayBuffer, offset: number, bytes: number) {
  return new Int32Array(memory, offset, bytes / 4);
}
