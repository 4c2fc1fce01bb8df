/**
 * The event streams of pages that watch a channel (WHATWG HTML, server-sent events).
 *
 * In: the name of a channel. Out: a stream with what is published there, looked for a few times a second while somebody
 * watches. The number of watchers is limited, and one that does not read is disconnected; its browser reconnects.
 */

import type { ChannelDesk } from "./channel_desk.ts";
import type { ChannelReading } from "./channel_watch.ts";

/** Pages that can watch at once. */
const MAX_WATCHERS = 16;
/** Milliseconds between two looks. */
const INTERVAL = 250;
/** Events that may wait for a watcher. */
const MAX_WAITING = 30;

const encoder = new TextEncoder();

/** All watchers. */
export class ChannelWatchers {
  readonly #desk: Pick<ChannelDesk, "watch">;
  readonly #timers = new Set<ReturnType<typeof setInterval>>();

  constructor(desk: Pick<ChannelDesk, "watch">) {
    this.#desk = desk;
  }

  /** A stream for a new watcher, or null if there are too many. */
  open(channel: string): ReadableStream<Uint8Array> | null {
    if (this.#timers.size >= MAX_WATCHERS) return null;
    let timer: ReturnType<typeof setInterval>;
    return new ReadableStream({
      start: (stream) => {
        const watch = this.#desk.watch(channel);
        stream.enqueue(encode("begin", watch.look()));
        timer = setInterval(() => {
          if ((stream.desiredSize ?? 0) <= 0) {
            this.#end(timer);
            return stream.error(new Error("the watcher does not read"));
          }
          const reading = watch.look();
          if (reading.publications.length > 0 || reading.unseen > 0) {
            stream.enqueue(encode("publications", reading));
          }
        }, INTERVAL);
        this.#timers.add(timer);
      },
      cancel: () => this.#end(timer),
    }, { highWaterMark: MAX_WAITING });
  }

  /** Ends all looks. */
  stop(): void {
    for (const timer of this.#timers) this.#end(timer);
  }

  #end(timer: ReturnType<typeof setInterval>): void {
    clearInterval(timer);
    this.#timers.delete(timer);
  }
}

function encode(name: string, { publications, unseen }: ChannelReading): Uint8Array {
  return encoder.encode(`event: ${name}\ndata: ${JSON.stringify({ publications, unseen })}\n\n`);
}
