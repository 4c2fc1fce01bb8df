/**
 * The event streams of open live pages (WHATWG HTML, server-sent events).
 *
 * In: a sample a second. Out: to a new viewer, the greeting with the samples of the last minutes; to all
 * viewers, each new sample. The number of viewers is limited, and a viewer that does not read is
 * disconnected; its browser reconnects.
 */

import type { Sample } from "./sampler.ts";

/** A named event of the stream and its data, which is sent as JSON. */
export type ViewerEvent = readonly [name: string, data: unknown];

/** Pages that can be open at once. */
const MAX_VIEWERS = 64;
/** Events that may wait for a viewer. */
const MAX_WAITING = 30;

const encoder = new TextEncoder();

/** All open pages. */
export class Viewers {
  readonly #greeting: () => readonly ViewerEvent[];
  readonly #streams = new Set<ReadableStreamDefaultController<Uint8Array>>();

  /** @param greeting the events that a new viewer is sent first */
  constructor(greeting: () => readonly ViewerEvent[]) {
    this.#greeting = greeting;
  }

  /** A stream for a new viewer, or null if there are too many. */
  open(): ReadableStream<Uint8Array> | null {
    if (this.#streams.size >= MAX_VIEWERS) return null;
    let own: ReadableStreamDefaultController<Uint8Array>;
    return new ReadableStream({
      start: (controller) => {
        own = controller;
        this.#streams.add(own);
        own.enqueue(encodeEvents(this.#greeting()));
      },
      cancel: () => void this.#streams.delete(own),
    }, { highWaterMark: MAX_WAITING });
  }

  /** Sends a sample to all. */
  send(sample: Sample): void {
    if (this.#streams.size === 0) return;
    const event = encodeEvents([["sample", sample]]);
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

function encodeEvents(events: readonly ViewerEvent[]): Uint8Array {
  const texts = events.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  return encoder.encode(texts.join(""));
}
