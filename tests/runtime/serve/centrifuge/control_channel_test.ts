import { assertEquals } from "@std/assert";
import {
  ControlListener,
  ControlSender,
} from "../../../../runtime/serve/centrifuge/control_channel.ts";
import { Stores, utf8 } from "../../channels/stores.ts";
import { HubWorker } from "../hub/hub_worker.ts";

Deno.test("control channel: a message whose handler throws is reported, and the next ones come", () => {
  const stores = new Stores(256 * 1024);
  const { first: store } = stores;
  const worker = new HubWorker(store);
  const [got, reported]: [string[], unknown[]] = [[], []];
  const report = (error: unknown) => void reported.push(error);
  const parts = { store, hub: worker.hub, loop: { defer: () => {} }, report };
  new ControlListener(parts, 1, {
    control(word) {
      got.push(word);
      if (word === "bad") throw new RangeError("a fault of ours");
    },
  });
  const sender = new ControlSender({ store: stores.threads[1]! });
  for (const word of ["a", "bad", "b"]) sender.pass(0, word, utf8("{}"));
  worker.settle();
  assertEquals(got, ["a", "bad", "b"]);
  assertEquals(reported.length, 1);
});

Deno.test("control channel: the commands of streams leave the store to the channels", () => {
  const workers = 10;
  const stores = new Stores(16 * 1024 * 1024, workers);
  const sender = new ControlSender({ store: stores.first });
  for (const length of [1_000, 4_000, 16_000]) {
    const data = new Uint8Array(length);
    for (let i = 0; i < 10_000; i++) sender.pass(i % workers, "session", data);
  }
  const { first: store } = stores;
  for (let i = 0; i < 50; i++) {
    const name = utf8(`room ${i}`);
    assertEquals(store.subscribe(name).status, "subscribed");
    const publication = { data: new Uint8Array(10_000), historySize: 10, historyTtlMs: 60_000 };
    for (let j = 0; j < 10; j++) assertEquals(store.publish(name, publication).status, "stored");
  }
  stores.check();
});
