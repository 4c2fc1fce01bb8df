/** After a part of the feed was lost: who has missed something, and who has not. */

import { assert, assertEquals } from "@std/assert";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { HubWorker } from "./hub_worker.ts";

Deno.test("hub: after a gap, a channel without a history goes on if nothing of it was lost", () => {
  const stores = new Stores(256 * 1024);
  const worker = new HubWorker(stores.first);
  const names = ["quiet", "hit", "late"];
  const [quiet, hit, late] = names.map((name) => worker.subscribe(name).subscriber);
  const live = { historySize: 0 };
  const publishIn = (name: string, data: string) =>
    stores.threads[1]!.publish(utf8(name), publication(data, live));
  const noise = () => {
    stores.first.subscribe(utf8("noise"));
    for (let i = 0; i < 4_000; i++) publishIn("noise", "x".repeat(100));
  };
  publishIn("hit", "lost");
  noise();
  publishIn("quiet", "a");
  worker.turn(); // one batch, behind the gap
  assert(worker.wantsTurn);
  publishIn("late", "b");
  publishIn("late", "c");
  worker.settle();
  assertEquals([quiet!.offsets, quiet!.losses], [[1], 0]);
  assertEquals([late!.offsets, late!.losses], [[1, 2], 0]);
  // Nothing of it came after the gap: only its end shows that something is missing.
  assertEquals([hit!.messages, hit!.losses], [[], 1]);
  publishIn("quiet", "d");
  worker.settle();
  assertEquals(quiet!.offsets, [1, 2]);
  assert(!worker.wantsTurn);
});
