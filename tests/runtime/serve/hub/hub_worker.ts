/**
 * A hub without a thread: on a real store, with a loop whose turns the test makes, and subscribers that keep what they get.
 *
 * In: the stores of tests/runtime/channels/stores.ts. Out: a worker's hub, and subscribers.
 */

import type { Deferred } from "../../../../runtime/net/mod.ts";
import {
  type ConflationRules,
  type DeliveryTimer,
  type Entrance,
  type Face,
  Hub,
  type HubChannel,
  type HubStore,
  type Subscriber,
} from "../../../../runtime/serve/hub/mod.ts";
import { textOf, utf8 } from "../../channels/stores.ts";

/** Encodes entries as `offset data`, separated by `|`. */
export class TextFace implements Face<string> {
  appended = 0;
  sealed = 0;

  append(...[out, , entry]: Parameters<Face<string>["append"]>): void {
    this.appended++;
    out.append(utf8(`${out.length > 0 ? "|" : ""}${entry.offset} ${textOf(entry.data)}`));
  }

  seal(out: Parameters<Face<string>["seal"]>[0]): string {
    this.sealed++;
    return textOf(out.view());
  }
}

/** Keeps what it gets. */
export class TextSubscriber implements Subscriber<string> {
  readonly messages: string[] = [];
  losses = 0;
  /** Called for each message, after it was kept. */
  onReceive: () => void = () => {};
  readonly face: Face<string>;

  constructor(face: Face<string>) {
    this.face = face;
  }

  receive(message: string): void {
    this.messages.push(message);
    this.onReceive();
  }

  lost(): void {
    this.losses++;
  }

  /** All entries, without the borders of messages. */
  get entries(): string[] {
    return this.messages.flatMap((message) => message.split("|"));
  }

  /** The offsets of the entries. */
  get offsets(): number[] {
    return this.entries.map((entry) => Number(entry.split(" ")[0]));
  }
}

/** One worker. */
export class HubWorker {
  readonly hub: Hub;
  readonly store: HubStore;
  readonly face = new TextFace();
  /** What the operator is told. */
  readonly reported: unknown[] = [];
  readonly #deferred: Deferred[] = [];

  constructor(store: HubStore, conflation?: ConflationRules, timer?: DeliveryTimer) {
    this.store = store;
    const defer = (deferred: Deferred) => void this.#deferred.push(deferred);
    this.hub = new Hub({
      store,
      loop: { gather: () => {}, defer },
      report: (error) => void this.reported.push(error),
      timer,
      ...(conflation === undefined ? {} : { conflation }),
    });
  }

  /** Whether the hub wants another turn without an event. */
  get wantsTurn(): boolean {
    return this.#deferred.length > 0;
  }

  /** A turn of the loop. */
  turn(): void {
    for (const deferred of this.#deferred.splice(0)) deferred.onTurn();
    this.hub.flush();
  }

  /** As many turns as the hub wants. @throws if it wants too many */
  settle(): void {
    this.turn();
    for (let i = 0; this.wantsTurn; i++) {
      if (i > 10_000) throw new Error("the hub wants turns for ever");
      this.turn();
    }
  }

  /** Enters a channel. @throws if the store refuses */
  enter(name: string): Entrance {
    const entrance = this.hub.enter(name, utf8(name));
    if (typeof entrance === "string") throw new Error(entrance);
    return entrance;
  }

  /** Subscribes at the newest position. */
  subscribe(name: string): { subscriber: TextSubscriber; channel: HubChannel } {
    const entrance = this.enter(name);
    const subscriber = new TextSubscriber(this.face);
    this.hub.join(entrance.channel, subscriber, entrance.offset);
    return { subscriber, channel: entrance.channel };
  }
}
