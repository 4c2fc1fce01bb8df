/**
 * The promise of the hubs under random interleavings: each subscriber gets each offset exactly once and in order, live or by
 * a recovery, or is told that it lost some, and then recovers what is left of the history. Two workers on a small store, so that feeds overrun and
 * histories run out; the steps are seeded.
 */

import { assert, assertEquals } from "@std/assert";
import type { Entry } from "../../../../runtime/channels/mod.ts";
import type { HubChannel } from "../../../../runtime/serve/hub/mod.ts";
import { Random } from "../../../support/random.ts";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { HubWorker, TextSubscriber } from "./hub_worker.ts";

const RUNS = 15;
const STEPS = 400;
const NAMES = ["a", "b", "c", "d"];
/** `d` keeps nothing. */
const KEPT: Readonly<Record<string, number>> = { c: 20, d: 0 };
const BOUNDS = { limit: 10_000, maxBytes: 10_000_000 };

/** A client that subscribes, leaves, and comes back with its position. */
class RecoveringClient {
  readonly #worker: HubWorker;
  readonly #name: string;
  #subscriber: TextSubscriber | undefined;
  #channel: HubChannel | undefined;
  #read = 0;
  /** The last offset that it has. */
  offset = 0;

  constructor(worker: HubWorker, name: string) {
    this.#worker = worker;
    this.#name = name;
  }

  /** Reads what came, and checks that it continues what it has. */
  read(): void {
    const subscriber = this.#subscriber;
    if (subscriber === undefined) return;
    const fresh = subscriber.offsets.slice(this.#read);
    this.#read += fresh.length;
    for (const offset of fresh) this.#take(offset);
    if (subscriber.losses === 0) return;
    assertEquals(subscriber.losses, 1);
    this.#subscriber = undefined;
  }

  /** Subscribes from its position; between the steps, `meanwhile` is called. */
  come(meanwhile: () => void): void {
    this.read();
    if (this.#subscriber !== undefined) return;
    const { hub, store, face } = this.#worker;
    const key = utf8(this.#name);
    const entrance = hub.enter(this.#name, key);
    if (typeof entrance === "string") return;
    meanwhile();
    const recovered: number[] = [];
    const sink = { entry: ({ offset }: Entry) => void recovered.push(offset) };
    const result = store.recover(key, { offset: this.offset }, BOUNDS, sink);
    meanwhile();
    let { offset } = result;
    if (result.status === "read") {
      for (const one of recovered) this.#take(one);
    } else {
      // It was told, and goes on from the present.
      assertEquals(recovered, []);
      offset = entrance.offset;
      this.offset = offset;
    }
    this.#subscriber = new TextSubscriber(face);
    this.#channel = entrance.channel;
    this.#read = 0;
    hub.join(entrance.channel, this.#subscriber, offset);
  }

  /** Leaves. */
  go(): void {
    this.read();
    if (this.#subscriber !== undefined) this.#worker.hub.leave(this.#channel!, this.#subscriber);
    this.#subscriber = undefined;
  }

  /** Whether it is subscribed. */
  get isThere(): boolean {
    this.read();
    return this.#subscriber !== undefined;
  }

  #take(offset: number): void {
    assertEquals(offset, this.offset + 1, `${this.#name}: after ${this.offset} came ${offset}`);
    this.offset = offset;
  }
}

function run(seed: number): number {
  const random = new Random(seed);
  const stores = new Stores(256 * 1024);
  const workers = [0, 1].map((worker) => new HubWorker(stores.threads[worker]!));
  const clients = workers.flatMap((worker) =>
    NAMES.flatMap((name) => [1, 2, 3].map(() => new RecoveringClient(worker, name)))
  );
  let published = 0;
  const publish = (count: number) => {
    for (let i = 0; i < count; i++) {
      const name = NAMES[random.below(NAMES.length)]!;
      const more = { historySize: KEPT[name] ?? 2000 };
      const data = publication("x".repeat(random.below(200)), more);
      const { status } = stores.threads[random.below(3)]!.publish(utf8(name), data);
      assertEquals(status, "stored");
      published++;
    }
  };
  for (let step = 0; step < STEPS; step++) {
    const client = clients[random.below(clients.length)]!;
    const kind = random.below(12);
    if (kind < 5) publish(random.below(20));
    else if (kind === 5) publish(random.below(300));
    else if (kind < 8) workers[random.below(2)]!.turn();
    else if (kind < 11) client.come(() => publish(random.below(3)));
    else client.go();
  }
  for (const worker of workers) worker.settle();
  const newest = (name: string) => {
    const { offset } = stores.main.history(utf8(name), { limit: 0, maxBytes: 0 }, {
      entry: () => {},
    });
    return offset;
  };
  clients.forEach((client, i) => {
    if (client.isThere) {
      assertEquals(client.offset, newest(NAMES[Math.floor(i / 3) % NAMES.length]!));
    }
    client.go();
  });
  for (const worker of workers) {
    worker.settle();
    assertEquals(worker.hub.channelCount, 0);
  }
  stores.check();
  return published;
}

Deno.test(`hub: ${RUNS} random interleavings of two workers lose and double nothing`, () => {
  let published = 0;
  for (let seed = 1; seed <= RUNS; seed++) {
    try {
      published += run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  assert(published > RUNS * STEPS);
});
