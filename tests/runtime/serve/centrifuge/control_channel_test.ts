import { assert, assertEquals } from "@std/assert";
import { ControlSender } from "../../../../runtime/serve/broker/mod.ts";
import { ControlListener } from "../../../../runtime/serve/centrifuge/control_channel.ts";
import { TimerWheel } from "../../../../runtime/net/mod.ts";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { HubWorker } from "../hub/hub_worker.ts";

Deno.test("control channel: a message whose handler throws is reported, and the next ones come", () => {
  const stores = new Stores(256 * 1024);
  const { first: store } = stores;
  const worker = new HubWorker(store);
  const [got, reported]: [string[], unknown[]] = [[], []];
  const report = (error: unknown) => void reported.push(error);
  const loop = { defer: () => {}, now: 0, timers: new TimerWheel(0) };
  const parts = { hub: worker.hub, loop, report };
  new ControlListener(parts, 1, {
    control(word) {
      got.push(word);
      if (word === "bad") throw new RangeError("a fault of ours");
    },
  });
  const sender = new ControlSender(stores.threads[1]!);
  for (const word of ["a", "bad", "b"]) sender.pass(0, word, utf8("{}"));
  worker.settle();
  assertEquals(got, ["a", "bad", "b"]);
  assertEquals(reported.length, 1);
});

Deno.test("control channel: the commands of streams leave the store to the channels", () => {
  const workers = 10;
  const stores = new Stores(16 * 1024 * 1024, workers);
  const sender = new ControlSender(stores.first);
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

Deno.test("control channel: a worker that finds the store full does not spin, and listens when there is room", () => {
  const stores = new Stores(64 * 1024);
  const { first: store, main } = stores;
  const worker = new HubWorker(store);
  for (let i = 0; main.publish(utf8(`full ${i}`), publication("")).status === "stored"; i++);
  const got: string[] = [];
  const deferred: unknown[] = [];
  const timers = new TimerWheel(0);
  const loop = { defer: (one: unknown) => void deferred.push(one), now: 0, timers };
  const parts = { hub: worker.hub, loop, report: () => {} };
  new ControlListener(parts, 1, { control: (word) => void got.push(word) });
  assertEquals([worker.hub.channelCount, deferred], [0, []]);
  stores.now += 120_000;
  main.sweep(1);
  timers.expire(300);
  assertEquals(worker.hub.channelCount, 1);
  new ControlSender(stores.threads[1]!).pass(0, "a", utf8("{}"));
  worker.settle();
  assertEquals(got, ["a"]);
});

Deno.test("control channel: what was lost is told to the operator, and what comes later arrives", () => {
  const stores = new Stores(1024 * 1024);
  const { first: store } = stores;
  const worker = new HubWorker(store);
  const [got, reported]: [string[], unknown[]] = [[], []];
  const deferred: { onTurn(): void }[] = [];
  const defer = (one: { onTurn(): void }) => void deferred.push(one);
  const loop = { defer, now: 0, timers: new TimerWheel(0) };
  const report = (error: unknown) => void reported.push(error);
  new ControlListener({ hub: worker.hub, loop, report }, 1, {
    control: (word) => void got.push(word),
  });
  const sender = new ControlSender(stores.threads[1]!);
  for (let i = 0; i < 5_000; i++) sender.pass(0, `${i}`, utf8("x".repeat(100)));
  worker.settle();
  for (const one of deferred) one.onTurn();
  assertEquals([got.length, reported.length], [0, 1]);
  sender.pass(0, "later", utf8("{}"));
  worker.settle();
  assertEquals(got, ["later"]);
});

Deno.test("control channel: a store that is full of publications carries messages as before", () => {
  const stores = new Stores(1024 * 1024);
  const { first: store, main } = stores;
  const worker = new HubWorker(store);
  const got: string[] = [];
  const loop = { defer: () => {}, now: 0, timers: new TimerWheel(0) };
  new ControlListener({ hub: worker.hub, loop, report: () => {} }, 1, {
    control: (word) => void got.push(word),
  });
  for (const length of [10_000, 1_000, 100, 1]) {
    const data = "1".repeat(length);
    const fill = (i: number) => main.publish(utf8(`${length} ${i}`), publication(data)).status;
    for (let i = 0; fill(i) === "stored"; i++);
  }
  worker.settle();
  const sender = new ControlSender(stores.threads[1]!);
  for (let i = 0; i < 20; i++) {
    assertEquals(sender.pass(0, `${i}`, utf8("x".repeat(200))), true, `${i}`);
    worker.settle();
  }
  assertEquals(got.length, 20);
});

Deno.test("control channel: what another worker sends before this one listens to the moved store arrives, once", () => {
  const listen = (of: Stores) => {
    const worker = new HubWorker(of.first);
    const got: string[] = [];
    const loop = { defer: () => {}, now: 0, timers: new TimerWheel(0) };
    const handler = { control: (word: string) => void got.push(word) };
    new ControlListener({ hub: worker.hub, loop, report: () => {} }, 1, handler);
    return { worker, got };
  };
  for (const hasFeed of [false, true]) {
    const stores = new Stores(1024 * 1024);
    const { worker: before } = listen(stores);
    new ControlSender(stores.threads[1]!).pass(0, "before", utf8("{}"));
    const heir = stores.heir();
    const { worker, got } = listen(heir);
    assert(heir.main.seal());
    worker.hub.awaitStore();
    assert(stores.main.seal());
    before.hub.finish();
    heir.adopt(stores);
    if (hasFeed) worker.enter("of another listener");
    const sender = new ControlSender(heir.threads[1]!);
    const long = new Uint8Array(heir.main.maxEntryBytes / 2); // no history has it
    for (const [word, data] of [["a", utf8("{}")], ["c", utf8("{}")], ["b", long]] as const) {
      assert(sender.pass(0, word, data));
    }
    worker.settle();
    assert(sender.pass(0, "d", utf8("{}")));
    worker.settle();
    assertEquals(got, ["a", "c", "b", "d"], `${hasFeed}`);
  }
});
