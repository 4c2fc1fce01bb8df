/** The conductor between drivers of one engine and stores that record what they are given. */

import { assertEquals } from "@std/assert";
import { Conductor } from "../../../../runtime/serve/engine/conductor.ts";
import type { FollowingStore } from "../../../../runtime/serve/engine/followed_entry.ts";
import { LoopbackEngine } from "../../../support/loopback_engine.ts";

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();

/** Records what the store of a node is given. */
class RecordingStore implements FollowingStore {
  readonly calls: string[] = [];
  readonly positions = new Map<string, number>();
  subscribers = 1;
  /** Refuses everything. */
  isBusy = false;

  follow(name: Uint8Array, { epoch, offset }: { epoch: string; offset: number }) {
    if (this.isBusy) return "busy" as const;
    this.positions.set(TEXT.decode(name), offset);
    this.calls.push(`follow ${TEXT.decode(name)} ${epoch} ${offset}`);
    return "followed" as const;
  }

  replicate(name: Uint8Array, { offset, data }: { offset: number; data: Uint8Array }) {
    if (this.isBusy) return "busy" as const;
    const text = TEXT.decode(name);
    if (offset > 0) this.positions.set(text, offset);
    this.calls.push(`${text} ${offset} ${TEXT.decode(data)}`);
    return "stored" as const;
  }

  lose(name: Uint8Array) {
    if (this.isBusy) return "busy";
    this.calls.push(`lose ${TEXT.decode(name)}`);
    return "lost";
  }

  unfollow(name: Uint8Array) {
    if (this.subscribers > 0) return "used" as const;
    this.calls.push(`unfollow ${TEXT.decode(name)}`);
    return "unfollowed" as const;
  }

  subscriberCount() {
    return this.subscribers;
  }

  removeHistory(name: Uint8Array) {
    this.calls.push(`removeHistory ${TEXT.decode(name)}`);
    return true;
  }
}

/** What goes over to another process. */
function carried<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value));
}

/** A node on an engine. */
async function node(engine: LoopbackEngine) {
  const driver = engine.driver();
  const store = new RecordingStore();
  const told: string[] = [];
  const conductor = new Conductor({
    driver,
    store,
    warn: (text) => told.push(text),
    inform: (text) => told.push(text),
    membersLost: () => told.push("members lost"),
  });
  await driver.connect(conductor);
  const open = (name: string) => conductor.open(name, UTF8.encode(name));
  const publish = (text: string, historySize = 10, skipHistory = false) =>
    driver.publish("a", {
      data: UTF8.encode(text),
      historySize,
      historyTtlMs: 60_000,
      skipHistory,
    });
  return { driver, store, conductor, told, open, publish };
}

/** Waits until a condition holds. */
async function until(isMet: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!isMet()) {
    if (performance.now() > end) throw new Error("the condition is not met within 5 s");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("conductor: many who open a channel share one question, and both nodes get everything in order", async () => {
  const engine = new LoopbackEngine();
  const [first, second] = [await node(engine), await node(engine)];
  await first.publish("before");
  assertEquals(await Promise.all([first.open("a"), first.open("a"), second.open("a")]), [
    true,
    true,
    true,
  ]);
  assertEquals(first.driver.calls, ["publish a", "listen a", "state a", "range a 1"]);
  await second.publish("1");
  await first.publish("2");
  for (const { store, conductor } of [first, second]) {
    await until(() => store.positions.get("a") === 3);
    assertEquals(store.calls, ["follow a e-1 0", "a 1 before", "a 2 1", "a 3 2"]);
    await conductor.close();
  }
});

Deno.test("conductor: a connection that comes back fetches what was missed before the node is ready", async () => {
  const engine = new LoopbackEngine();
  const [first, second] = [await node(engine), await node(engine)];
  await first.open("a");
  first.driver.cut();
  assertEquals([first.conductor.isReady, await first.open("a"), await first.open("b")], [
    false,
    false,
    false,
  ]);
  await second.publish("1");
  first.driver.restore();
  assertEquals(first.conductor.isReady, false);
  await until(() => first.conductor.isReady);
  assertEquals(first.store.calls, ["follow a e-1 0", "a 1 1"]);
  assertEquals(first.told.length, 2);
  assertEquals(first.conductor.figures().repairs, 1);
  for (const { conductor } of [first, second]) await conductor.close();
});

Deno.test("conductor: a part of the engine that is lost keeps the node from being ready, and its channels are listened to again", async () => {
  const engine = new LoopbackEngine();
  const [first, second] = [await node(engine), await node(engine)];
  const { driver, store, conductor, told } = first;
  await first.open("a");
  await first.open("b");
  await until(() => conductor.isReady);
  engine.refusal = { status: "unavailable", reason: "a part is lost", mayBeDone: false };
  driver.cutPart(["a"]);
  assertEquals([conductor.isReady, conductor.figures().isUp], [false, false]);
  await driver.idle();
  assertEquals(driver.listening, new Set(["b"]));
  engine.refusal = undefined;
  await second.publish("1");
  driver.restore();
  assertEquals(conductor.isReady, false);
  await until(() => conductor.isReady);
  assertEquals(driver.listening, new Set(["b", "a"]));
  assertEquals(store.calls, ["follow a e-1 0", "follow b e-2 0", "a 1 1"]);
  assertEquals(told, [
    "a part of the engine is lost: cut by the test; in its channels, publications are refused",
    "all parts of the engine are back",
  ]);
  for (const { conductor } of [first, second]) await conductor.close();
});

Deno.test("conductor: what cannot be fetched is reported as lost, and the channel is followed again", async () => {
  const engine = new LoopbackEngine();
  const { driver, store, conductor, open, publish } = await node(engine);
  await publish("1");
  await open("a");
  driver.cut();
  engine.forget("a");
  driver.restore();
  await until(() => conductor.isReady);
  assertEquals(store.calls, ["follow a e-1 0", "a 1 1", "lose a", "follow a e-3 0"]);
  assertEquals(conductor.figures().losses, 1);
  await conductor.close();
});

Deno.test("conductor: a new epoch, a removed history, and what is live only", async () => {
  const engine = new LoopbackEngine();
  const { store, conductor, open, driver } = await node(engine);
  await open("a");
  engine.tell("a", { kind: "removed" });
  engine.tell("a", { kind: "join", data: UTF8.encode("somebody") });
  await until(() => store.calls.length === 3);
  engine.forget("a");
  engine.tell("a", { kind: "epoch", epoch: engine.channel("a").epoch });
  await until(() => store.calls.length === 5);
  assertEquals(store.calls, [
    "follow a e-1 0",
    "removeHistory a",
    "a 0 somebody",
    "lose a",
    "follow a e-2 0",
  ]);
  driver.loseMembers();
  await conductor.close();
});

Deno.test("conductor: a store that is busy loses the channel as soon as it can, and follows it again", async () => {
  const engine = new LoopbackEngine();
  const { store, conductor, driver, open, publish } = await node(engine);
  await open("a");
  store.isBusy = true;
  await publish("1");
  await publish("2");
  await driver.idle(); // both have come, and the store has refused them
  store.isBusy = false;
  await until(() => store.positions.get("a") === 2);
  assertEquals(store.calls, ["follow a e-1 0", "lose a", "follow a e-1 0", "a 1 1", "a 2 2"]);
  await conductor.close();
});

Deno.test("conductor: a channel is left a minute after its last subscriber", async () => {
  const engine = new LoopbackEngine();
  const { store, conductor, driver, open } = await node(engine);
  await open("a");
  const now = performance.now();
  conductor.look(now);
  store.subscribers = 0;
  conductor.look(now + 59_000);
  assertEquals(conductor.figures().followed, 1);
  conductor.look(now + 61_000);
  assertEquals(conductor.figures().followed, 0);
  await until(() => driver.listening.size === 0);
  assertEquals(await open("a"), true, "and it can be followed again");
  store.subscribers = 1;
  driver.calls.length = 0;
  conductor.look(now + 7_200_000);
  assertEquals(driver.calls, ["state a 0"], "a quiet channel is asked for each hour");
  await conductor.close();
});

Deno.test("conductor: a delivery that was lost without a word is found when the driver wants a look", async () => {
  const engine = new LoopbackEngine();
  const { store, conductor, driver, open, publish } = await node(engine);
  await open("a");
  await publish("1");
  await until(() => store.positions.get("a") === 1);
  driver.listening.delete("a");
  await publish("2");
  await driver.idle();
  driver.listening.add("a");
  const now = performance.now();
  conductor.look(now + 31_000);
  await driver.idle();
  assertEquals(store.positions.get("a"), 1, "not without a wish");
  driver.checkMs = 30_000;
  conductor.look(now + 31_000);
  await until(() => store.positions.get("a") === 2);
  assertEquals(store.calls.at(-1), "a 2 2");
  await conductor.close();
});

Deno.test("conductor: an engine that refuses answers those who wait, and keeps nothing of the channel", async () => {
  const engine = new LoopbackEngine();
  const { conductor, driver, open, told } = await node(engine);
  engine.refusal = { status: "unavailable", reason: "slow", mayBeDone: true };
  assertEquals(await Promise.all([open("a"), open("a")]), [false, false]);
  assertEquals([conductor.figures().followed, conductor.isReady], [0, true]);
  assertEquals(told, [], "nobody has answered");
  for (const reason of ["NOREPLICAS 0 of 1", "NOREPLICAS 0 of 2", "MISCONF"]) {
    engine.refusal = { status: "unavailable", reason, mayBeDone: false };
    assertEquals(await open("a"), false);
  }
  engine.refusal = { status: "full" };
  assertEquals(await open("a"), false);
  assertEquals(
    told,
    ["NOREPLICAS 0 of 1", "MISCONF", "it has no room left"].map((reason) =>
      `the engine refuses requests: ${reason}`
    ),
  );
  engine.refusal = undefined;
  assertEquals(await open("a"), true);
  await until(() => driver.listening.has("a"));
  await conductor.close();
});

Deno.test("conductor: another process goes on where this one was, and passes on each message that this one has not", async () => {
  const engine = new LoopbackEngine();
  const [old, heir, other] = [await node(engine), await node(engine), await node(engine)];
  await old.open("a");
  await other.publish("1", 0);
  await heir.open("b"); // an app's
  heir.conductor.awaitStates();
  assertEquals(await heir.open("a"), false);
  const names = old.conductor.namesAhead();
  assertEquals(names, ["a"]);
  await heir.conductor.listenAhead(names);
  const isOver = (text: string) => until(() => old.store.calls.at(-1) === text);
  await other.publish("2", 0);
  await other.publish("live", 0, true);
  await other.publish("live", 0, true);
  await isOver("a 0 live");
  await heir.driver.idle();
  old.conductor.pause();
  assertEquals(await old.open("c"), false);
  await other.publish("3", 0);
  await other.publish("live", 0, true);
  await other.publish("new", 0, true);
  for (const { driver } of [old, heir]) await driver.idle();
  const { channels, kept } = carried(old.conductor.states);
  heir.conductor.takeOver(channels);
  old.conductor.giveUp();
  assertEquals(kept, []);
  await other.publish("4", 0);
  await until(() => heir.store.positions.get("a") === 4);
  const taken = ["follow b e-3 0", "follow a e-1 2", "a 3 3", "a 0 live", "a 0 new", "a 4 4"];
  assertEquals(heir.store.calls, taken);
  assertEquals(old.store.calls, ["follow a e-1 0", "a 1 1", "a 2 2", "a 0 live", "a 0 live"]);
  assertEquals([heir.conductor.isReady, heir.conductor.figures().losses], [true, 0]);
  // The app's channel was of a store that is gone.
  assertEquals([heir.conductor.figures().followed, await heir.open("b")], [1, true]);
  for (const { conductor, told } of [old, heir, other]) {
    assertEquals(told, []);
    await conductor.close();
  }
});

Deno.test("conductor: what another process could not listen to in time is repaired, or lost and told", async () => {
  const engine = new LoopbackEngine();
  for (
    const [historySize, calls] of [[10, ["a 1 1"]], [0, ["lose a", "follow a e-1 1"]]] as const
  ) {
    engine.forget("a");
    engine.channel("a").epoch = "e-1";
    const [old, heir] = [await node(engine), await node(engine)];
    await old.open("a");
    heir.conductor.awaitStates();
    old.conductor.pause();
    const { channels } = carried(old.conductor.states);
    await old.publish("1", historySize);
    heir.conductor.takeOver(channels);
    await until(() => heir.store.positions.get("a") === 1);
    assertEquals(heir.store.calls, ["follow a e-1 0", ...calls]);
    for (const { conductor } of [old, heir]) await conductor.close();
  }
});

Deno.test("conductor: a delivery that has reached neither process is found a second later", async () => {
  const engine = new LoopbackEngine();
  const [old, heir] = [await node(engine), await node(engine)];
  await old.open("a");
  old.driver.listening.delete("a");
  await old.publish("1");
  heir.conductor.awaitStates();
  await heir.conductor.listenAhead(old.conductor.namesAhead());
  old.conductor.pause();
  heir.conductor.takeOver(carried(old.conductor.states.channels));
  assertEquals(heir.store.positions.get("a"), 0);
  await until(() => heir.store.positions.get("a") === 1);
  for (const { conductor } of [old, heir]) await conductor.close();
});

Deno.test("conductor: if nobody has taken the channels, what has come meanwhile is passed on", async () => {
  const engine = new LoopbackEngine();
  const { driver, store, conductor, open, publish, told } = await node(engine);
  await open("a");
  conductor.pause();
  await publish("1");
  await driver.idle();
  assertEquals([await open("b"), store.calls], [false, ["follow a e-1 0"]]);
  conductor.resume();
  assertEquals(store.calls, ["follow a e-1 0", "a 1 1"]);
  // The engine may have been away.
  conductor.pause();
  driver.cut();
  driver.restore();
  await publish("2");
  await driver.idle();
  conductor.resume();
  await until(() => store.positions.get("a") === 2 && conductor.isReady);
  assertEquals(store.calls.slice(2), ["a 2 2"]);
  assertEquals([await open("b"), told.length], [true, 2]);
  await conductor.close();
});
