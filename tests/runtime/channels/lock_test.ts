/** The lock: never waited for without a bound, taken from a dead holder, closed to a thread that was replaced. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { StoreLock, SupersededError } from "../../../runtime/channels/lock.ts";
import { publication, Stores, TextSink, utf8 } from "./stores.ts";

const NAME = utf8("chat:index");
const BOUNDS = { limit: 100, maxBytes: 2 ** 20 };

Deno.test("lock: while a dead thread holds it, every operation answers busy, and waits only once", () => {
  const stores = new Stores();
  stores.first.publish(NAME, publication("a"));
  assertEquals(new StoreLock(stores.words, 0).acquire(), true);
  const other = stores.threads[1]!;
  const start = performance.now();
  const member = { client: utf8("c"), user: utf8("u"), info: utf8("{}"), announce: false };
  for (let i = 0; i < 100; i++) {
    assertEquals(other.publish(NAME, publication("b")).status, "busy");
    assertEquals(other.subscribe(NAME).status, "busy");
    assertEquals(other.join(NAME, member), "busy");
    assertEquals(other.recover(NAME, { offset: 0 }, BOUNDS, new TextSink()).status, "busy");
    assertEquals(other.history(NAME, BOUNDS, new TextSink()).status, "busy");
    assertEquals(other.presence(NAME, 10, () => {}).status, "busy");
    assertEquals(other.presenceStats(NAME).status, "busy");
    assertEquals(other.removeHistory(NAME), false);
    assertEquals(other.channels(() => {}), false);
  }
  // 900 waits of 100 ms would be 90 s.
  assert(performance.now() - start < 5000);
  const removal = stores.main.removeWorker(0);
  while (!removal.step());
  assertEquals(other.publish(NAME, publication("b")).offset, 2);
  assertEquals(stores.main.figures().rolledBack, 1);
  stores.check();
});

Deno.test("lock: what must happen and finds the store busy happens later, in order", () => {
  const stores = new Stores();
  const other = stores.threads[1]!;
  const member = { client: utf8("c"), user: utf8("u"), info: utf8("{}"), announce: false };
  other.subscribe(NAME);
  other.subscribe(NAME);
  other.join(NAME, member);
  const lock = new StoreLock(stores.words, 0);
  lock.acquire();
  other.unsubscribe(NAME);
  other.leave(NAME, utf8("c"));
  other.settle();
  assertEquals(other.join(NAME, member), "busy");
  lock.release();
  assertEquals(stores.main.presenceStats(NAME).clients, 1);
  other.settle();
  assertEquals(stores.main.presenceStats(NAME).clients, 0);
  lock.acquire();
  other.leave(NAME, utf8("c"));
  lock.release();
  assertEquals(other.join(NAME, member), "joined");
  other.settle();
  assertEquals(stores.main.presenceStats(NAME).clients, 1, "it left before it joined again");
  let subscribers = 0;
  stores.main.channels((_, counts) => subscribers += counts.subscribers);
  assertEquals(subscribers, 1);
  stores.check();
});

Deno.test("lock: a thread that was declared dead and runs on is kept out", () => {
  const stores = new Stores();
  const removal = stores.main.removeWorker(0);
  while (!removal.step());
  assertThrows(() => stores.first.publish(NAME, publication("a")), SupersededError);
  assertEquals(stores.open(0).publish(NAME, publication("a")).offset, 1);
  stores.check();
});

Deno.test("lock: a thread from which the lock was taken does not release that of another", () => {
  const stores = new Stores();
  const dead = new StoreLock(stores.words, 0);
  dead.acquire();
  const main = new StoreLock(stores.words, 2, 0);
  assertEquals(main.takeFrom(1), false);
  assertEquals(main.takeFrom(0), true);
  assertThrows(() => dead.requireHeld(), SupersededError);
  main.requireHeld();
  main.release();
});

Deno.test("lock: an operation that throws is rolled back and releases the lock", () => {
  const stores = new Stores();
  const broken = new Error("a clock that fails");
  stores.first.publish(NAME, publication("a"));
  const data = new Proxy(utf8("abc"), {
    get: (target, property) => {
      if (property === "0") throw broken;
      return Reflect.get(target, property, target);
    },
  });
  assertThrows(() => stores.first.publish(NAME, { ...publication(""), data }));
  stores.check();
  assertEquals(stores.first.publish(NAME, publication("b")).offset, 2);
});
