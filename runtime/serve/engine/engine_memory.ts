/**
 * The memory over which workers and the main thread talk about the engine: two rings for each worker.
 *
 * In: the number of workers. Out: the rings of one of them. The requests of a worker have one writer, the worker, and so have the
 * answers, the main thread: a worker that dies while it writes stops only its own ring, which is made again for its
 * successor. Messages of any length are cut into records.
 *
 * ```text
 * for each worker:  word 0      0: the main thread is to be called   1: it has been, and has not looked yet
 *                               2: it will look by itself: to be called for what is urgent alone
 *                   word 1      1: the worker has a request for which there was no room
 *                   62 words    unused, to the next pair of cache lines
 *                   requests    header and 1 MiB, see ring/inbox.ts
 *                   answers     the same
 * ```
 */
import { Inbox, INBOX_HEADER_BYTES } from "../../ring/mod.ts";
import { joinBytes } from "../../../protocol/basics.ts";

const BELL_BYTES = 256;
const RING_BYTES = 1024 * 1024;
const INBOX_BYTES = INBOX_HEADER_BYTES + RING_BYTES;
const WORKER_BYTES = BELL_BYTES + 2 * INBOX_BYTES;
/** A record holds the end of a message, or there is more of it. */
const RECORD = { last: 1, more: 2 } as const;
/** Records of a message are at most this long, so that few bytes are lost where the ring wraps. */
const PART_BYTES = 64 * 1024;
/** Messages that are read together share pieces of memory of this length at most. */
const SPACE_BYTES = 16 * 1024;
const NO_BYTES = new Uint8Array(0);
/** Of word 0. */
const BELL = { silent: 0, rung: 1, expected: 2 } as const;

/** Creates the memory. */
export function createEngineMemory(workers: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(workers * WORKER_BYTES);
  for (let worker = 0; worker < workers; worker++) resetEngineRings(memory, worker);
  return memory;
}

/** Makes the rings of a worker new: it is dead, and its successor has not begun. */
export function resetEngineRings(memory: SharedArrayBuffer, worker: number): void {
  const { words, requests, answers } = blockOf(memory, worker);
  words.fill(0);
  Inbox.initialize(requests, 0);
  Inbox.initialize(answers, 0);
}

/** The rings of one worker, as one of their two threads has them. */
export class EngineRings {
  readonly requests: MessageRing;
  readonly answers: MessageRing;
  readonly #bell: Int32Array;

  constructor(memory: SharedArrayBuffer, worker: number) {
    const { words, requests, answers } = blockOf(memory, worker);
    this.#bell = words;
    this.requests = new MessageRing(new Inbox(requests));
    this.answers = new MessageRing(new Inbox(answers));
  }

  /** The worker has written requests. @param isUrgent they do not wait for publications under way @returns whether the main thread has to be called */
  mark(isUrgent: boolean): boolean {
    const { silent, rung } = BELL;
    // Publishes that there are requests, to the main thread that clears it before it reads them.
    if (isUrgent) return Atomics.exchange(this.#bell, 0, rung) !== rung;
    return Atomics.compareExchange(this.#bell, 0, silent, rung) === silent;
  }

  /** The main thread is sure to look once more, when publications that are under way have been answered. */
  expect(): void {
    // If the worker has called it meanwhile, that call is on its way.
    Atomics.store(this.#bell, 0, BELL.expected);
  }

  /** The worker had no room for a request: it is to be rung when there is some. */
  starve(): void {
    Atomics.store(this.#bell, 1, 1);
  }

  /** The main thread has read requests. Returns whether the worker waits for room. */
  takeStarved(): boolean {
    return Atomics.exchange(this.#bell, 1, 0) === 1;
  }

  /** The main thread is about to read the requests. */
  clear(): void {
    Atomics.store(this.#bell, 0, BELL.silent);
  }
}

/** Messages of any length in one ring, with one writer and one reader. */
class MessageRing {
  readonly #inbox: Inbox;
  readonly #partBytes: number;
  /** The rest of a message that did not fit; of the writer. */
  #unwritten: Uint8Array | undefined;
  /** The parts of a message that is not whole; of the reader. */
  #parts: Uint8Array[] = [];

  constructor(inbox: Inbox) {
    this.#inbox = inbox;
    this.#partBytes = Math.min(PART_BYTES, inbox.maxPayloadBytes);
  }

  /** Whether everything that was written has been read. */
  get isEmpty(): boolean {
    return this.#inbox.size() === 0;
  }

  /** Whether a message of that length fits now, with room for what the ring adds. */
  hasRoom(bytes: number): boolean {
    return bytes + this.#inbox.size() + 4 * this.#partBytes <= 8 * this.#inbox.maxPayloadBytes;
  }

  /** Whether the end of the last message has still to be written, by {@link resume}. */
  get isStopped(): boolean {
    return this.#unwritten !== undefined;
  }

  /**
   * Writes a message. Returns false if only a part of it had room: {@link resume} before the next one.
   *
   * @param message is copied
   */
  write(message: Uint8Array): boolean {
    if (this.isStopped) throw new TypeError("the message before is not written");
    this.#unwritten = message;
    if (this.resume()) return true;
    this.#unwritten = this.#unwritten.slice();
    return false;
  }

  /** Goes on with the message that had no room. Returns whether it is written. */
  resume(): boolean {
    while (this.#unwritten !== undefined) {
      const message: Uint8Array = this.#unwritten;
      const end = Math.min(message.length, this.#partBytes);
      const isLast = end === message.length;
      if (!this.#inbox.write(isLast ? RECORD.last : RECORD.more, message, 0, end)) return false;
      this.#unwritten = isLast ? undefined : message.subarray(end);
    }
    return true;
  }

  /**
   * Passes whole messages to `receive`, at most `limit` records of them.
   *
   * @param receive gets a copy, which shares its memory with those of other messages; must not throw
   * @returns whether the ring is empty
   */
  read(receive: (message: Uint8Array) => void, limit: number): boolean {
    const ready: Uint8Array[] = [];
    // One piece of memory for many messages: each would cost as much by itself.
    let space = NO_BYTES, used = 0;
    const record = (type: number, bytes: Uint8Array, start: number, end: number) => {
      if (space.length - used < end - start) {
        space = new Uint8Array(Math.max(end - start, Math.min(this.#inbox.size(), SPACE_BYTES)));
        used = 0;
      }
      const part = space.subarray(used, used += end - start);
      part.set(bytes.subarray(start, end));
      this.#parts.push(part);
      if (type === RECORD.last) ready.push(this.#joined());
    };
    const isEmpty = this.#inbox.drain({ record }, limit) < limit;
    // After the drain: what receives may write, and may cause another read.
    for (const message of ready) receive(message);
    return isEmpty;
  }

  #joined(): Uint8Array {
    const parts = this.#parts;
    this.#parts = [];
    return joinBytes(parts);
  }
}

function blockOf(memory: SharedArrayBuffer, worker: number) {
  const start = worker * WORKER_BYTES;
  const inbox = (number: number) =>
    new Int32Array(memory, start + BELL_BYTES + number * INBOX_BYTES, INBOX_BYTES / 4);
  return {
    words: new Int32Array(memory, start, WORKER_BYTES / 4),
    requests: inbox(0),
    answers: inbox(1),
  };
}
