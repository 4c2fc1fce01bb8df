/**
 * Real clients `centrifuge` over SSE and HTTP streams that publish without a pause, while something happens to their server.
 *
 * In: clients of one server. Out: everything that each of them was told, until it is told to end.
 */

import type { Centrifuge, Subscription } from "npm:centrifuge@5.8.0";
import { hold, within } from "./server.ts";

/** Milliseconds between two commands. */
const PACE = 10;

/** One client, which publishes numbers in a channel and gets those of all. */
export class EmulatedTalker {
  /** What was published, and confirmed. */
  count = 0;
  /** What came, by the name of its publisher. */
  readonly seen = new Map<string, number[]>();
  /** Whatever was said beside publications, and commands that failed. */
  readonly notes: string[] = [];
  readonly name: string;
  readonly #client: Centrifuge;
  readonly #subscription: Subscription;
  #running: Promise<void> = Promise.resolve();
  #isEnding = false;

  constructor(client: Centrifuge, channel: string, name: string) {
    this.name = name;
    this.#client = client;
    this.#subscription = client.newSubscription(channel);
    this.#subscription.on("publication", ({ data: { from, number } }) => {
      const numbers = this.seen.get(from) ?? [];
      this.seen.set(from, numbers);
      numbers.push(number);
    });
  }

  /** Connects, and subscribes. */
  async connect(): Promise<void> {
    this.#client.connect();
    this.#subscription.subscribe();
    await within(this.#subscription.ready(), { what: "the subscription" });
    const note = (what: string) => () => void this.notes.push(what);
    for (const event of ["connecting", "disconnected", "error"] as const) {
      this.#client.on(event, note(event));
    }
    for (const event of ["subscribing", "unsubscribed", "error"] as const) {
      this.#subscription.on(event, note(`${event} of the subscription`));
    }
  }

  /** Begins to publish. */
  begin(): void {
    this.#running = this.#publish().catch((error) => {
      this.notes.push(`command ${this.count} of ${this.name}: ${JSON.stringify(error)}`);
    });
  }

  /** Ends that. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
  }

  /** Leaves. */
  disconnect(): void {
    this.#client.disconnect();
  }

  async #publish(): Promise<void> {
    for (; !this.#isEnding; this.count++) {
      await this.#subscription.publish({ from: this.name, number: this.count });
      await hold(PACE);
    }
  }
}
