/**
 * The events that wait for one address: a queue with a bound in events and in bytes.
 *
 * In: events as JSON, with their times. Out: batches, in order. What finds no room is refused, so that what is sent has no hole in
 * the middle; what has waited for too long may be dropped from the front.
 */

/** Bytes of the events of a batch, unless one alone has more: receivers commonly take 100 KB. */
const BATCH_BYTES = 64 * 1024;
/** Events of a batch. */
const BATCH_EVENTS = 1000;
/** Events of the front that are gone, before the list is shortened. */
const GONE = 1024;

/** An event. */
export interface QueuedEvent {
  readonly json: Uint8Array;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Events that are sent together. */
export type Batch = readonly [QueuedEvent, ...QueuedEvent[]];

/** A queue. */
export class EventQueue {
  readonly #mostEvents: number;
  readonly #mostBytes: number;
  #events: QueuedEvent[] = [];
  #first = 0;
  #bytes = 0;

  /** @param bounds how many events wait at most, and their bytes */
  constructor(bounds: { readonly queuedEvents: number; readonly queuedBytes: number }) {
    this.#mostEvents = bounds.queuedEvents;
    this.#mostBytes = bounds.queuedBytes;
  }

  /** How many wait. */
  get length(): number {
    return this.#events.length - this.#first;
  }

  /** Bytes of those that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Appends an event. Returns false if there is no room. */
  push(event: QueuedEvent): boolean {
    const bytes = this.#bytes + event.json.length;
    if (this.length >= this.#mostEvents || bytes > this.#mostBytes) return false;
    this.#bytes = bytes;
    this.#events.push(event);
    return true;
  }

  /** Takes the next batch; undefined: none waits. */
  take(): Batch | undefined {
    const first = this.#shift();
    if (first === undefined) return undefined;
    const batch: [QueuedEvent, ...QueuedEvent[]] = [first];
    let bytes = first.json.length;
    while (batch.length < BATCH_EVENTS) {
      bytes += this.#events[this.#first]?.json.length ?? Infinity;
      if (bytes > BATCH_BYTES) break;
      batch.push(this.#shift()!); // there is one
    }
    return batch;
  }

  /** Drops those from before `time`; returns how many. */
  dropOlder(time: number): number {
    const before = this.length;
    while (this.length > 0 && this.#events[this.#first]!.time < time) this.#shift();
    return before - this.length;
  }

  #shift(): QueuedEvent | undefined {
    const event = this.#events[this.#first];
    if (event === undefined) return undefined;
    this.#first++;
    this.#bytes -= event.json.length;
    if (this.#first === this.#events.length || this.#first >= GONE) {
      this.#events = this.#events.slice(this.#first);
      this.#first = 0;
    }
    return event;
  }
}
