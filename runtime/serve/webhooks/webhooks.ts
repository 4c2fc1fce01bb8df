/**
 * All webhooks of a server, on its main thread.
 *
 * In: the reports of the workers, and the end of a worker or of the server. Out: each event to all addresses that are to be told of it; and
 * what was told, for the server that replaces this one.
 */

import type { PusherAppConfig } from "../../config/mod.ts";
import type { ChannelReport } from "../../thread/mod.ts";
import { WebhookDelivery, type WebhookFigures } from "./delivery.ts";
import { type ChannelEvent, Occupancy, type ToldChannel } from "./occupancy.ts";

/** Milliseconds for which nobody is told who has left, in case it comes back; Pusher: up to 3 seconds. */
const LEAVING_DELAY = 3_000;
/** Those who left and may come back, at most. */
const MOST_LEAVING = 100_000;

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();

/** What was told of a channel of the app of this name. */
interface LeftChannel extends Omit<ToldChannel, "app"> {
  readonly app: string;
}

/** An app, with its secret. */
export interface WebhookApp extends Pick<PusherAppConfig, "name" | "key" | "webhooks"> {
  readonly secretBytes: Uint8Array;
}

/** What is called for the operator. */
export interface WebhookNotes {
  warn(text: string): void;
  inform(text: string): void;
}

/** The webhooks. */
export class Webhooks {
  /** For workers: how many reports of each were taken. */
  readonly memory: SharedArrayBuffer;
  readonly #taken: Int32Array;
  /** The names of the apps, by their numbers. */
  readonly #apps: readonly string[];
  readonly #occupancy: Occupancy;
  /** By the number of the app. */
  readonly #hooks: readonly (readonly {
    readonly events: readonly string[];
    readonly delivery: WebhookDelivery;
  }[])[];
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #timerAt = Infinity;

  /** @param workers the highest number of workers @param delay of those who left; for tests */
  constructor(
    { apps, workers, notes, delay = LEAVING_DELAY }: {
      readonly apps: readonly WebhookApp[];
      readonly workers: number;
      readonly notes: WebhookNotes;
      readonly delay?: number;
    },
  ) {
    this.memory = new SharedArrayBuffer(4 * workers);
    this.#taken = new Int32Array(this.memory);
    this.#apps = apps.map(({ name }) => name);
    const tell = (event: ChannelEvent) => this.#tell(event);
    this.#occupancy = new Occupancy({ delay, mostLeaving: MOST_LEAVING, tell });
    this.#hooks = apps.map((app) =>
      app.webhooks.map((hook, i) => ({
        events: hook.events,
        delivery: new WebhookDelivery({
          ...{ app, hook, number: i + 1, secret: app.secretBytes },
          warn: (text) => notes.warn(text),
          inform: (text) => notes.inform(text),
        }),
      }))
    );
  }

  /** A worker has reported something; it may report again. */
  report(worker: number, reports: readonly ChannelReport[]): void {
    Atomics.add(this.#taken, worker, 1);
    const now = performance.now();
    for (const report of reports) {
      if (report.kind === "dropped") this.#noteDropped(report.app, report.count);
      else this.#occupancy.report(worker, report, now);
    }
    this.#setTimer(now);
  }

  /** A worker has ended. */
  remove(worker: number): void {
    const now = performance.now();
    this.#occupancy.remove(worker, now);
    this.#setTimer(now);
  }

  /** Another server has taken over: the clients go there, and it tells of them. */
  handOver(): void {
    this.#occupancy.silence();
  }

  /** Gives what was told to the server that is about to take over, for its {@link adopt}. */
  give(): Uint8Array {
    this.#occupancy.silence();
    const left: LeftChannel[] = this.#occupancy.told
      .map((channel) => ({ ...channel, app: this.#apps[channel.app]! })); // its number
    return UTF8.encode(JSON.stringify(left));
  }

  /** That server has not taken over. */
  takeBack(): void {
    this.#occupancy.speak();
    this.#setTimer(performance.now());
  }

  /** Goes on with what the server before has told; its clients come until {@link noteArrived}. */
  adopt(bytes: Uint8Array): void {
    const left: readonly LeftChannel[] = JSON.parse(TEXT.decode(bytes));
    const told = left.map((channel) => ({ ...channel, app: this.#apps.indexOf(channel.app) }));
    this.#occupancy.adopt(told.filter(({ app }) => app >= 0));
  }

  /** All clients of the server before have come that come at all. */
  noteArrived(): void {
    const now = performance.now();
    this.#occupancy.noteArrived(now);
    this.#setTimer(now);
  }

  /** What each webhook has done. */
  figures(): readonly WebhookFigures[] {
    return this.#deliveries.map((delivery) => delivery.figures());
  }

  /** All workers have ended. Sends what is left, for at most so many milliseconds. */
  async close(milliseconds: number): Promise<void> {
    clearTimeout(this.#timer);
    this.#timerAt = -Infinity;
    this.#occupancy.end();
    await Promise.all(this.#deliveries.map((delivery) => delivery.close(milliseconds)));
  }

  get #deliveries(): readonly WebhookDelivery[] {
    return this.#hooks.flatMap((hooks) => hooks.map(({ delivery }) => delivery));
  }

  #noteDropped(app: number, count: number): void {
    for (const { events, delivery } of this.#hooks[app] ?? []) {
      if (events.includes("client_event")) delivery.noteDropped("full", count);
    }
  }

  #tell(event: ChannelEvent): void {
    let json: Uint8Array | undefined;
    const time = Date.now();
    for (const { events, delivery } of this.#hooks[event.app] ?? []) {
      if (events.includes(event.name)) delivery.send(json ??= jsonOf(event), time);
    }
  }

  /** Sets the timer of those who left. */
  #setTimer(now: number): void {
    const { next } = this.#occupancy;
    if (next >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = next;
    this.#timer = setTimeout(() => {
      this.#timerAt = Infinity;
      const then = performance.now();
      this.#occupancy.expire(then);
      this.#setTimer(then);
    }, next - now);
  }
}

/** As Pusher has it. */
function jsonOf({ name, channel, event, data, socketId, user }: ChannelEvent): Uint8Array {
  const fields = { name, channel, event, data, socket_id: socketId, user_id: user };
  return UTF8.encode(JSON.stringify(fields));
}
