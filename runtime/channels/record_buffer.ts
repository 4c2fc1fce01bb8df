/**
 * Copies of records in a thread's own memory, and how they are read there.
 *
 * In: records in shared memory. Out: the same records, one after another, that nobody else changes. A buffer is used again
 * and again; it grows to the longest batch and shrinks back. What a sink is given is valid until it returns.
 */
import {
  AS_DELTA,
  type EntryForm,
  type EntryKind,
  formOf,
  kindOf,
  LENGTH_SHIFT,
  PUBLICATION,
  readWide,
} from "./records.ts";

/** Up to this many words, a loop copies faster than a view and `set` (tests/bench/channels_bench.ts). */
const SHORT_COPY_WORDS = 48;
/** A buffer that grew beyond this is dropped after use. */
const KEPT_WORDS = 64 * 1024;

/** Receives entries: of the feed, of a history or of a recovery. */
export interface EntrySink {
  /** One entry; the object and its bytes are valid until this returns. It may publish and read; it must not poll the feed. */
  entry(entry: Entry): void;
}

/** A publication, or the message that a client joined or left. */
export class Entry {
  /** One of `ENTRY_KIND`. */
  kind: EntryKind = 0;
  /** One of `ENTRY_FORM`: what the data of a publication stands for. */
  form: EntryForm = 0;
  /** Whether subscribers that want deltas may get it as one. */
  asDelta = false;
  /** The epoch of its channel, which identifies the channel in this store. */
  epoch = 0;
  /** 1, 2, 3 … within the epoch; 0: the entry has none and is in no history. */
  offset = 0;
  /** The stamp of the operation that appended it; see stamp.ts. */
  appended = 0;
  /** Holds `fields` and `data`. */
  bytes: Uint8Array = new Uint8Array(0);
  /** `bytes[fieldsStart, dataStart)`: what the publisher gave as fields. */
  fieldsStart = 0;
  /** `bytes[dataStart, dataEnd)`: the data; the info of a client that joined or left. */
  dataStart = 0;
  dataEnd = 0;

  /** The fields as a view. */
  get fields(): Uint8Array {
    return this.bytes.subarray(this.fieldsStart, this.dataStart);
  }

  /** The data as a view. */
  get data(): Uint8Array {
    return this.bytes.subarray(this.dataStart, this.dataEnd);
  }

  /** Describes the record at word `at` of a thread's own memory. */
  describe(words: Int32Array, bytes: Uint8Array, at: number): this {
    const flags = words[at + PUBLICATION.flags]!;
    this.kind = kindOf(flags);
    this.form = formOf(flags);
    this.asDelta = (flags & AS_DELTA) !== 0;
    this.epoch = words[at + PUBLICATION.epoch]! >>> 0;
    this.offset = readWide(words, at + PUBLICATION.offset);
    this.appended = words[at + PUBLICATION.appended]!;
    this.bytes = bytes;
    this.fieldsStart = (at + PUBLICATION.bytes) * 4;
    this.dataStart = this.fieldsStart + (flags >>> LENGTH_SHIFT);
    this.dataEnd = this.dataStart + words[at + PUBLICATION.dataLength]!;
    return this;
  }
}

/** A list of copied records. */
export class RecordBuffer {
  #words = new Int32Array(1024);
  #bytes = new Uint8Array(this.#words.buffer);
  #length = 0;
  /** Where each record begins. */
  readonly #starts: number[] = [];
  readonly #entry = new Entry();

  /** How many records there are. */
  get count(): number {
    return this.#starts.length;
  }

  /** How many words they take. */
  get lengthWords(): number {
    return this.#length;
  }

  /** Copies `count` words of shared memory, as one record. */
  append(source: Int32Array, at: number, count: number): void {
    if (this.#length + count > this.#words.length) this.#grow(this.#length + count);
    const target = this.#words;
    const to = this.#length;
    if (count <= SHORT_COPY_WORDS) {
      for (let i = 0; i < count; i++) target[to + i] = source[at + i]!;
    } else {
      target.set(source.subarray(at, at + count), to);
    }
    this.#starts.push(to);
    this.#length = to + count;
  }

  /** Passes the records to `sink` as entries, from number `first` on. */
  deliver(sink: EntrySink, first = 0): void {
    for (let i = first; i < this.#starts.length; i++) {
      sink.entry(this.#entry.describe(this.#words, this.#bytes, this.#starts[i]!));
    }
  }

  /** Calls `visit` for each record: the words, the bytes, and the word at which it begins. */
  forEach(visit: (words: Int32Array, bytes: Uint8Array, at: number) => void): void {
    for (const start of this.#starts) visit(this.#words, this.#bytes, start);
  }

  /** Removes the last records until the others take at most so many words. Returns whether it removed any. */
  shorten(mostWords: number): boolean {
    if (this.#length <= mostWords) return false;
    while (this.#length > mostWords) this.#length = this.#starts.pop()!;
    return true;
  }

  /** Removes all records. */
  clear(): void {
    this.#length = 0;
    this.#starts.length = 0;
    if (this.#words.length <= KEPT_WORDS) return;
    this.#words = new Int32Array(KEPT_WORDS);
    this.#bytes = new Uint8Array(this.#words.buffer);
  }

  #grow(least: number): void {
    const words = new Int32Array(Math.max(least, 2 * this.#words.length));
    words.set(this.#words.subarray(0, this.#length));
    this.#words = words;
    this.#bytes = new Uint8Array(words.buffer);
  }
}

/** Lends buffers to one reader, so that a read inside of another one's delivery does not empty the buffer of that one. */
export class RecordBuffers {
  #idle: RecordBuffer | undefined = new RecordBuffer();

  /** Calls `use` with an empty buffer, which belongs to it until it returns. */
  with<T>(use: (buffer: RecordBuffer) => T): T {
    const buffer = this.#idle ?? new RecordBuffer();
    this.#idle = undefined;
    try {
      return use(buffer);
    } finally {
      buffer.clear();
      this.#idle = buffer;
    }
  }
}
