/** Subscribers of channels that are copies of those of an engine. */
import { assertEquals } from "@std/assert";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { HubWorker } from "./hub_worker.ts";

const ROOM = utf8("room");

Deno.test("hub: subscribers of a channel that is followed again are told, once, and new ones get what comes", () => {
  for (const isBefore of [true, false]) {
    const stores = new Stores(1024 * 1024);
    const worker = new HubWorker(stores.first);
    const old = [1, 2].map(() => worker.subscribe("room").subscriber);
    stores.main.follow(ROOM, { epoch: "1-a", offset: 7 });
    // The new subscriber comes before the hub has read the feed, or after.
    if (!isBefore) {
      worker.settle();
      assertEquals(old.map(({ losses }) => losses), [1, 1]);
    }
    const { subscriber } = worker.subscribe("room");
    worker.settle();
    stores.main.replicate(ROOM, { ...publication("a"), offset: 8 });
    worker.settle();
    assertEquals(old.map(({ losses }) => losses), [1, 1]);
    assertEquals([subscriber.losses, subscriber.entries], [0, ["8 a"]]);
    assertEquals(stores.first.subscriberCount(ROOM), 1);
  }
});
