/**
 * The clients of upgrade.ts. Each notices what a user would: a close, an answer that is late, a publication that is missing, twice or out of order.
 *
 * In: a server that is replaced while they are there. Out: milliseconds that each waited, since the last look, and what was wrong.
 */

import { Centrifuge } from "npm:centrifuge@5.8.0";
import { NodeSocket } from "../support/node_socket.ts";
import { fetchStream, type PlainStream } from "../support/plain_stream.ts";
import { within } from "../support/server.ts";

/** What all of them have. */
export interface UpgradeClient {
  /** Connects; fulfilled when it takes part. */
  begin(): Promise<void>;
  /** The longest wait since the last call, in milliseconds. */
  takeLongest(): number;
  /** What was wrong so far. */
  readonly faults: readonly string[];
  /** Messages that it has got. */
  readonly count: number;
  /** Leaves. */
  end(): Promise<void> | void;
}

/** A publication as upgrade.ts makes it. */
export interface Numbered {
  /** 0, 1, 2 … in each channel. */
  readonly number: number;
  /** When it was sent, in milliseconds of the client's clock. */
  readonly sentAt: number;
}

/** Milliseconds between two messages of a {@link Talker}. */
const PACE = 250;

class Waits {
  #longest = 0;

  note(milliseconds: number): void {
    this.#longest = Math.max(this.#longest, milliseconds);
  }

  take(): number {
    const longest = this.#longest;
    this.#longest = 0;
    return longest;
  }
}

/** A WebSocket that sends numbers and gets them back: of `/echo`, or of the app. */
export class Talker implements UpgradeClient {
  count = 0;
  readonly faults: string[] = [];
  readonly #url: string;
  readonly #waits = new Waits();
  #socket: NodeSocket | undefined;
  #sentAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isEnding = false;

  constructor(url: string) {
    this.#url = url;
  }

  async begin(): Promise<void> {
    const socket = this.#socket = new NodeSocket(this.#url);
    const open = Promise.withResolvers<void>();
    socket.on("open", open.resolve);
    socket.on("close", (code) => {
      if (!this.#isEnding) this.faults.push(`closed with ${code}`);
      clearTimeout(this.#timer);
    });
    socket.on("message", (data) => this.#take(new TextDecoder().decode(data)));
    await within(open.promise, { what: `a WebSocket of ${this.#url}` });
    // Not all at the same moment.
    this.#timer = setTimeout(() => this.#talk(), Math.random() * PACE);
  }

  takeLongest(): number {
    return this.#waits.take();
  }

  end(): void {
    this.#isEnding = true;
    this.#socket?.terminate();
  }

  #talk(): void {
    this.#sentAt = performance.now();
    this.#socket?.send(`${this.count}`);
  }

  #take(text: string): void {
    this.#waits.note(performance.now() - this.#sentAt);
    if (text !== `${this.count}`) this.faults.push(`got ${text} in place of ${this.count}`);
    this.count++;
    this.#timer = setTimeout(() => this.#talk(), PACE);
  }
}

/** Checks the publications of one channel. */
class Following {
  readonly waits = new Waits();
  readonly faults: string[] = [];
  count = 0;
  #next: number | undefined;

  take({ number, sentAt }: Numbered): void {
    this.waits.note(performance.now() - sentAt);
    const { count } = this;
    this.#next ??= number;
    if (number !== this.#next + count) {
      this.faults.push(`got ${number} in place of ${this.#next + count}`);
    }
    this.count++;
  }
}

/** A real client of a channel: `centrifuge`. */
export class Subscriber implements UpgradeClient {
  readonly #client: Centrifuge;
  readonly #channel: string;
  readonly #following = new Following();

  constructor(url: string, channel: string) {
    this.#channel = channel;
    this.#client = new Centrifuge(url, { websocket: NodeSocket });
  }

  get count(): number {
    return this.#following.count;
  }

  get faults(): readonly string[] {
    return this.#following.faults;
  }

  async begin(): Promise<void> {
    const { faults } = this.#following;
    const subscription = this.#client.newSubscription(this.#channel, { recoverable: true });
    subscription.on("publication", ({ data }) => this.#following.take(data as Numbered));
    subscription.subscribe();
    this.#client.connect();
    await within(subscription.ready(), { what: `a subscription to ${this.#channel}` });
    for (const event of ["connecting", "disconnected"] as const) {
      this.#client.on(event, ({ code }) => void faults.push(`${event} ${code}`));
    }
    this.#client.on("error", ({ error }) => void faults.push(`error ${error.code}`));
    subscription.on("subscribing", ({ code }) => void faults.push(`subscribing ${code}`));
    subscription.on("error", ({ error }) => void faults.push(`error ${error.code}`));
  }

  takeLongest(): number {
    return this.#following.waits.take();
  }

  end(): void {
    for (const event of ["connecting", "disconnected", "error"] as const) {
      this.#client.removeAllListeners(event);
    }
    this.#client.disconnect();
  }
}

/** A stream of a channel's events. */
export class Reader implements UpgradeClient {
  readonly #url: string;
  readonly #following = new Following();
  #stream: PlainStream | undefined;
  #seen = 0;

  constructor(url: string) {
    this.#url = url;
  }

  get count(): number {
    this.#look();
    return this.#following.count;
  }

  get faults(): readonly string[] {
    this.#look();
    const ended = this.#stream?.isOver() ? ["its stream has ended"] : [];
    return [...this.#following.faults, ...ended];
  }

  async begin(): Promise<void> {
    this.#stream = await fetchStream(this.#url);
  }

  /** When an event came is not known, only that it did. */
  takeLongest(): number {
    return 0;
  }

  async end(): Promise<void> {
    await this.#stream?.[Symbol.asyncDispose]();
  }

  #look(): void {
    const events = this.#stream?.seen.events ?? [];
    for (; this.#seen < events.length; this.#seen++) {
      const { type, data } = events[this.#seen]!; // below the length
      if (type === "message") this.#following.take(JSON.parse(data).data);
      else this.#following.faults.push(`event ${type}: ${data}`);
    }
  }
}
