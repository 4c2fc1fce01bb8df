/** Faults of ours in the hub: what throws ends the subscriptions that it is about, and not the worker. */

import { assertEquals } from "@std/assert";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { HubWorker, TextFace, TextSubscriber } from "./hub_worker.ts";

const ROOM = utf8("room");

function publish(stores: Stores, data: string): void {
  assertEquals(stores.threads[1]!.publish(ROOM, publication(data)).status, "stored");
}

Deno.test("hub: a subscriber that throws is out of the channel; the others get everything", () => {
  const stores = new Stores();
  const worker = new HubWorker(stores.first);
  const [bad, good] = [1, 2].map(() => worker.subscribe("room").subscriber);
  bad!.onReceive = () => {
    throw new Error("a fault of ours");
  };
  publish(stores, "a");
  worker.settle();
  publish(stores, "b");
  worker.settle();
  assertEquals([bad!.entries, bad!.losses], [["1 a"], 1]);
  assertEquals(good!.entries, ["1 a", "2 b"]);
  assertEquals(worker.reported.length, 1);
});

Deno.test("hub: a face that throws loses its subscribers, which have what came before; the worker and the others go on", () => {
  const stores = new Stores();
  const worker = new HubWorker(stores.first);
  const face = new class extends TextFace {
    override append(...given: Parameters<TextFace["append"]>) {
      super.append(...given);
      if (given[2].offset === 2) throw new Error("a fault of ours");
    }
  }();
  const bad = [1, 2].map(() => new TextSubscriber(face));
  for (const subscriber of bad) {
    const { channel, offset } = worker.enter("room");
    worker.hub.join(channel, subscriber, offset);
  }
  const { subscriber: good } = worker.subscribe("room");
  for (const text of ["a", "b", "c"]) publish(stores, text);
  worker.settle();
  publish(stores, "d");
  worker.settle();
  for (const { entries, losses } of bad) assertEquals([entries, losses], [["1 a"], 1]);
  assertEquals(good.entries, ["1 a", "2 b", "3 c", "4 d"]);
  assertEquals(worker.reported.length, 1);
  assertEquals(worker.hub.subscribersOf("room"), [good]);
  assertEquals(stores.main.subscriberCount(ROOM), 1);
});
