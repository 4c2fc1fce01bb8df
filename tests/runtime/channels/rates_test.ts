/** Token buckets that all threads share: what they admit, also against a model, and that their memory is bounded. */
import { assert, assertEquals } from "@std/assert";
import { takeToken, type TokenBucket } from "../../../runtime/channels/rates.ts";
import { STATE } from "../../../runtime/channels/layout.ts";
import { Random } from "../../support/random.ts";
import { publication, Stores, utf8 } from "./stores.ts";

const bucket = (name: string, count: number, time: number): TokenBucket => {
  return { key: utf8(name), count, time };
};

Deno.test("rates: all tokens at once, then one after the other, on all threads together", () => {
  const stores = new Stores();
  const five = [bucket("a", 5, 1000)];
  const taken = () =>
    Array.from(
      { length: 8 },
      (_, i) => stores.threads[i % stores.threads.length]!.takeTokens(five) === "taken",
    ).filter(Boolean).length;
  assertEquals(taken(), 5);
  stores.now += 199;
  assertEquals(taken(), 0);
  stores.now += 2;
  assertEquals(taken(), 1);
  stores.now += 600;
  assertEquals(taken(), 3);
  stores.now += 60_000;
  assertEquals(taken(), 5, "it is never more than full");
  stores.check();
});

Deno.test("rates: a token from each bucket, or from none", () => {
  const { first } = new Stores();
  const user = bucket("user", 2, 1000);
  const channel = bucket("channel", 3, 1000);
  assertEquals(first.takeTokens([user, channel]), "taken");
  assertEquals(first.takeTokens([user, channel]), "taken");
  assertEquals(first.takeTokens([user, channel]), user);
  const other = bucket("other", 2, 1000);
  assertEquals(first.takeTokens([other, channel]), "taken", "the refusal cost the channel nothing");
  assertEquals(first.takeTokens([other, channel]), channel);
  assertEquals(first.takeTokens([other]), "taken", "the refusal cost the user nothing");
  assertEquals(first.takeTokens([other]), other);
  assertEquals(first.takeTokens([]), "taken");
});

Deno.test("rates: what is admitted is what a bucket with tokens admits", () => {
  const random = new Random(7);
  for (let round = 0; round < 200; round++) {
    const limit = { count: 1 + random.below(20), time: 1 + random.below(2000) };
    let [now, fullAt, tokens] = [1_000_000_000, 0, limit.count];
    let [admitted, modelled] = [0, 0];
    for (let i = 0; i < 300; i++) {
      const passed = random.below(limit.time * 200);
      now += passed;
      tokens = Math.min(limit.count, tokens + passed * limit.count / (limit.time * 1000));
      const next = takeToken(limit, fullAt, now);
      if (next !== undefined) {
        fullAt = next;
        admitted++;
      }
      if (tokens >= 1) {
        tokens--;
        modelled++;
      }
    }
    // Tokens are rounded to microseconds, so one may come a moment earlier.
    assert(Math.abs(admitted - modelled) <= 1, `${admitted} and ${modelled} of ${limit.count}`);
  }
});

Deno.test("rates: any number of names take a part of the memory, which is free again later", () => {
  const stores = new Stores(2 ** 18);
  const answers = { taken: 0, full: 0, busy: 0 };
  for (let i = 0; i < 5000; i++) {
    const answer = stores.first.takeTokens([bucket(`user ${i}`, 1, 60_000)]);
    if (typeof answer !== "string") throw new Error("a new bucket is full");
    answers[answer]++;
  }
  assert(answers.taken > 100 && answers.full > 100, JSON.stringify(answers));
  const { usableBytes, usedBytes, refused } = stores.main.figures();
  assert(usedBytes <= usableBytes / 16, `${usedBytes} of ${usableBytes}`);
  assert(refused >= answers.full);
  assertEquals(stores.first.publish(utf8("a"), publication("data")).status, "stored");
  stores.check();
  stores.now += 61_000;
  assertEquals(stores.first.takeTokens([bucket("one more", 1, 60_000)]), "taken");
  stores.main.sweep(1);
  assertEquals(stores.words[STATE.rateWords]! < 40, true, "one bucket is left");
  stores.check();
});

Deno.test("rates: a bucket that is in use outlives every sweep", () => {
  const stores = new Stores();
  const one = [bucket("a", 1, 10_000)];
  assertEquals(stores.first.takeTokens(one), "taken");
  for (let i = 0; i < 9; i++) {
    stores.now += 1000;
    stores.main.sweep(1);
    assertEquals(stores.first.takeTokens(one), one[0]);
  }
  stores.now += 1001;
  assertEquals(stores.first.takeTokens(one), "taken");
});
