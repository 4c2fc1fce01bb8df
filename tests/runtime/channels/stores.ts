/**
 * Stores for the unit tests: small, with a clock that the test sets, and texts instead of bytes.
 *
 * In: the size and the number of workers. Out: the store of each thread, all on this thread, and what rang.
 */
import type { ChannelStore, Entry, FeedSink, Publication } from "../../../runtime/channels/mod.ts";
import {
  adoptChannelMemory,
  createChannelMemory,
  heirOf,
  openChannelStore,
  storeIdentity,
  usedParts,
} from "../../../runtime/channels/mod.ts";
import { checkStore } from "./check_store.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The bytes of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of bytes. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes.slice());
}

/** The threads of a test. */
export class Stores {
  readonly memory: SharedArrayBuffer;
  readonly words: Int32Array;
  /** The workers, and the main thread last. */
  readonly threads: readonly ChannelStore[];
  /** The workers that were rung. */
  readonly rung: number[] = [];
  /** Milliseconds of the clock. */
  now = 1_000_000;

  /**
   * @param bytes the size
   * @param workers how many
   * @param memory a memory of that many workers; default: a new one
   */
  constructor(
    bytes = 64 * 1024,
    workers = 2,
    memory = createChannelMemory({
      bytes,
      workers,
      random: new Uint32Array([1, 2, 3, 4, 5, 6, 7]),
    }),
  ) {
    this.memory = memory;
    this.words = new Int32Array(this.memory);
    this.threads = Array.from({ length: workers + 1 }, (_, writer) => this.open(writer));
  }

  /** The same channels in memory of their own. */
  copy(): Stores {
    const memory = new SharedArrayBuffer(this.memory.byteLength);
    new Uint8Array(memory).set(new Uint8Array(this.memory));
    const stores = new Stores(memory.byteLength, this.threads.length - 1, memory);
    stores.now = this.now;
    return stores;
  }

  /** Those of another process, which can go on with these channels, and have not yet. */
  heir(): Stores {
    const made = { bytes: this.memory.byteLength, workers: this.threads.length - 1 };
    const memory = createChannelMemory({ ...made, ...heirOf(storeIdentity(this.memory), made)! });
    const stores = new Stores(made.bytes, made.workers, memory);
    stores.now = this.now;
    return stores;
  }

  /** Goes on with the channels of another process. */
  adopt({ memory }: Stores): void {
    const file = new Uint8Array(memory.byteLength).fill(0xa5); // what is not used may be anything
    for (const part of usedParts(memory)) file.set(part, part.byteOffset);
    adoptChannelMemory(this.memory, (bytes, offset) => {
      bytes.set(file.subarray(offset, offset + bytes.length));
    });
  }

  /** Another object for a thread. */
  open(writer: number): ChannelStore {
    const ring = (worker: number) => void this.rung.push(worker);
    const options = { writer, now: () => this.now, ring, graceMs: 0 };
    return openChannelStore(this.memory, options);
  }

  /** The first worker. */
  get first(): ChannelStore {
    return this.threads[0]!;
  }

  /** The main thread. */
  get main(): ChannelStore {
    return this.threads.at(-1)!;
  }

  /** Checks all invariants of the memory. */
  check(): void {
    checkStore(this.words);
  }
}

/** A publication with a long history. */
export function publication(data: string, more: Partial<Publication> = {}): Publication {
  return { data: utf8(data), historySize: 1000, historyTtlMs: 60_000, ...more };
}

/** A sink that collects what it gets as texts: `offset data`, `join data`, `missed count`. */
export class TextSink implements FeedSink {
  readonly texts: string[] = [];
  readonly #wanted: (epoch: number) => boolean;

  constructor(wanted: (epoch: number) => boolean = () => true) {
    this.#wanted = wanted;
  }

  wants(epoch: number): boolean {
    return this.#wanted(epoch);
  }

  missed(count: number): void {
    this.texts.push(`missed ${count}`);
  }

  entry(entry: Entry): void {
    const fields = entry.fields.length === 0 ? "" : ` (${textOf(entry.fields)})`;
    const kind = ["", "join ", "leave "][entry.kind]!;
    const offset = entry.offset === 0 ? "" : `${entry.offset} `;
    this.texts.push(`${kind}${offset}${textOf(entry.data)}${fields}`);
  }

  /** Returns what was collected, and begins again. */
  take(): string[] {
    return this.texts.splice(0);
  }
}
