/**
 * A client of channels that notes everything that it is told, while the server is upgraded.
 *
 * In: where the server is, and channels. Out: the publications of each, and whatever was said beside them.
 */

import { Centrifuge, type Subscription } from "npm:centrifuge@5.8.0";
import { NodeSocket } from "./node_socket.ts";
import { within } from "./wait_for.ts";

/** The client. */
export class Follower {
  readonly centrifuge: Centrifuge;
  /** The data of publications, by channel. */
  readonly numbers = new Map<string, unknown[]>();
  readonly offsets = new Map<string, number[]>();
  /** Whatever was said beside publications. */
  readonly notes: string[] = [];
  #channels: Subscription[] = [];

  /** @param endpoint of WebSockets; `ws+unix://FILE:/PATH` is one at a Unix socket */
  constructor(endpoint: string) {
    class EndpointSocket extends NodeSocket {
      constructor(_url: string, ...more: unknown[]) {
        super(endpoint, ...more);
      }
    }
    this.centrifuge = new Centrifuge("ws://server/", { websocket: EndpointSocket });
    const note = (what: string) => () => void this.notes.push(what);
    for (const event of ["connecting", "disconnected", "error"] as const) {
      this.centrifuge.on(event, note(event));
    }
  }

  /** Connects, and subscribes to these channels with their options. */
  async begin(channels: Readonly<Record<string, Record<string, unknown>>>): Promise<void> {
    for (const [name, options] of Object.entries(channels)) this.#follow(name, options);
    this.centrifuge.connect();
    const ready = this.#channels.map((subscription) => subscription.ready());
    await within(Promise.all(ready), { what: "the subscriptions" });
    this.notes.length = 0;
  }

  #follow(name: string, options: Record<string, unknown>): void {
    const subscription = this.centrifuge.newSubscription(name, options);
    const numbers: unknown[] = [];
    const offsets: number[] = [];
    this.numbers.set(name, numbers);
    this.offsets.set(name, offsets);
    subscription.on("publication", ({ data, offset }) => {
      numbers.push(data);
      offsets.push(offset ?? 0);
    });
    for (const event of ["subscribing", "unsubscribed", "error", "join", "leave"] as const) {
      subscription.on(event, () => void this.notes.push(`${event} ${name}`));
    }
    subscription.subscribe();
    this.#channels.push(subscription);
  }
}
