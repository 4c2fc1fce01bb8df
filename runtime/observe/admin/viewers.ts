/**
 * Who has the live page open: an event stream each (WHATWG HTML, server-sent events).
 *
 * In: a sample a second. Out: to who comes, the samples of the last minutes; to all, each new one. Bounded:
 * so many viewers, and one that does not read is let go; its browser comes again.
 */

import type { Sample } from "./sampler.ts";

/** Pages that can be open at once. */
const MOST_VIEWERS = 64;
/** Events that may wait for a viewer. */
const MOST_WAITING = 30;

const encoder = new TextEncoder();

/** All open pages. */
export class Viewers {
  readonly #history: () => readonly Sample[];
  readonly #streams = new Set<ReadableStreamDefaultController<Uint8Array>>();

  /** @param history the samples that a new viewer is shown first */
  constructor(history: () => readonly Sample[]) {
    this.#history = history;
  }

  /** A stream for one more, or null where there are too many. */
  open(): ReadableStream<Uint8Array> | null {
    if (this.#streams.size >= MOST_VIEWERS) return null;
    let own: ReadableStreamDefaultController<Uint8Array>;
    return new ReadableStream({
      start: (controller) => {
        own = controller;
        this.#streams.add(own);
        own.enqueue(eventOf("history", this.#history()));
      },
      cancel: () => void this.#streams.delete(own),
    }, { highWaterMark: MOST_WAITING });
  }

  /** Sends a sample to all. */
  send(sample: Sample): void {
    if (this.#streams.size === 0) return;
    const event = eventOf("sample", sample);
    for (const stream of this.#streams) {
      if ((stream.desiredSize ?? 0) > 0) stream.enqueue(event);
      else this.#drop(stream);
    }
  }

  #drop(stream: ReadableStreamDefaultController<Uint8Array>): void {
    this.#streams.delete(stream);
    stream.error(new Error("the viewer does not read"));
  }
}

function eventOf(name: string, data: unknown): Uint8Array {
  return encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}
