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
  for (const word of ["a", "bad", "b"]) sender.send(1, word, utf8("{}"));
  worker.settle();
  assertEquals(got, ["a", "bad", "b"]);
  assertEquals(reported.length, 1);
});
