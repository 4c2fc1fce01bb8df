/**
 * A ring of io_uring: its results, on a fake kernel that does what a real one seldom does, and on the real one.
 */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  EAGAIN,
  EBUSY,
  ECANCELED,
  EINTR,
  EINVAL,
  EIO,
  ENOBUFS,
  LinuxOs,
  loopbackPair,
  type OpenedRing,
  openIoUring,
} from "../../../runtime/os/mod.ts";
import { EBADF } from "../../support/fake_errno.ts";
import { FakeRing, type FakeRingOptions } from "../../support/fake_ring.ts";
import { Random } from "../../support/random.ts";
import "../../support/load_libc.ts";

/** A ring whose send(2) returns `results` by descriptor, or the length; `sent` has the first byte of each. */
function bench(options: FakeRingOptions = {}, results: Record<number, number> = {}) {
  const sent: string[] = [];
  const fake = new FakeRing((descriptor, bytes) => {
    sent.push(`${descriptor}: ${bytes[0]}`);
    return results[descriptor] ?? bytes.length;
  }, options);
  const { ring } = fake;
  /** Sends ten bytes to each descriptor; the descriptor is also the first byte. */
  const send = (descriptors: readonly number[]) => {
    descriptors.forEach((descriptor, i) => {
      ring.bytes[i * 10] = descriptor;
      ring.addSend(descriptor, i * 10, 10);
    });
    const isUsable = ring.submit();
    return { isUsable, results: [...ring.results.subarray(0, descriptors.length)] };
  };
  return { fake, ring, send, sent };
}

const FOUR = [11, 12, 13, 14];

Deno.test("io_uring: each send has its own result: all, some, and every error", () => {
  const errors = { 12: 3, 13: -EAGAIN, 14: -ENOBUFS, 15: -ECANCELED };
  const { fake, send, sent } = bench({}, errors);
  const { isUsable, results } = send([...FOUR, 15]);
  assertEquals([isUsable, results], [true, [10, 3, -EAGAIN, -ENOBUFS, -ECANCELED]]);
  assertEquals(sent, [...FOUR, 15].map((descriptor) => `${descriptor}: ${descriptor}`));
  assertEquals(fake.calls, 1);
});

Deno.test("io_uring: submissions wrap around the ring and around 2^32", () => {
  const { send } = bench({ entries: 4 });
  for (let round = 0; round < 5; round++) {
    const count = round % 3 + 1;
    assertEquals(send(FOUR.slice(0, count)).results, new Array(count).fill(10));
  }
});

Deno.test("io_uring: results are by the order of the sends, in whatever order they complete", () => {
  const lengths = Object.fromEntries(FOUR.map((descriptor) => [descriptor, descriptor - 10]));
  const random = new Random(1);
  const { send } = bench({ random }, lengths);
  for (let round = 0; round < 20; round++) assertEquals(send(FOUR).results, [1, 2, 3, 4]);
});

Deno.test("io_uring: what one call does not submit, the next one does", () => {
  for (const most of [0, 1, 3]) {
    let calls = 0;
    const { send, sent } = bench({ submits: (count) => calls++ === 0 ? most : count });
    assertEquals(send(FOUR), { isUsable: true, results: [10, 10, 10, 10] });
    assertEquals(sent.length, 4);
  }
});

Deno.test("io_uring: calls that are interrupted, or lack memory for a moment, are repeated", () => {
  const failures = [-EINTR, -EAGAIN, -EBUSY];
  const { send, sent } = bench({ fails: () => failures.pop() ?? 0 });
  assertEquals(send(FOUR), { isUsable: true, results: [10, 10, 10, 10] });
  assertEquals(sent.length, 4);
});

Deno.test("io_uring: a completion queue that overflows loses no result", () => {
  const { fake, send } = bench({ completions: 2 });
  const many = Array.from({ length: 9 }, (_, i) => i + 1);
  assertEquals(send(many), { isUsable: true, results: new Array(9).fill(10) });
  assert(fake.overflows > 0);
});

Deno.test("io_uring: if a call fails, what was not submitted counts as not sent, and the ring is given up", () => {
  let calls = 0;
  const { send, sent } = bench({ fails: () => calls++ === 1 ? -EINVAL : 0, submits: () => 2 });
  assertEquals(send(FOUR), { isUsable: false, results: [10, 10, -EAGAIN, -EAGAIN] });
  assertEquals(sent.length, 2);
});

Deno.test("io_uring: calls that never make progress end", () => {
  const { fake, send } = bench({ fails: () => -EBUSY });
  assertEquals(send(FOUR), { isUsable: false, results: new Array(4).fill(-EAGAIN) });
  assert(fake.calls <= 16);
});

Deno.test("io_uring: a send whose completion is lost counts as broken, since its bytes may have been sent", () => {
  const made = bench({ completions: 1, fails: () => made.fake.calls > 1 ? -EINVAL : 0 });
  const { isUsable, results } = made.send(FOUR.slice(0, 3));
  assertEquals([isUsable, results], [false, [10, -EIO, -EIO]]);
});

Deno.test("io_uring: more sends than the ring has entries are a mistake of the caller", () => {
  const { ring } = bench({ entries: 2 });
  for (let i = 0; i < 2; i++) ring.addSend(3, 0, 1);
  assertThrows(() => ring.addSend(3, 0, 1), RangeError);
});

const opened = openIoUring();

Deno.test({
  name:
    "io_uring: the real kernel sends to real sockets, and says which it cannot, or why it refuses a ring",
  fn: async () => {
    if (typeof opened === "string") {
      // Where a container or an older kernel refuses it, all that is left to test is the reason.
      return assertMatch(opened, /^(the kernel |refused by |io_uring_setup: E[A-Z]+$)/);
    }
    const { ring, close }: OpenedRing = opened;
    const { signal } = new AbortController();
    const pairs = await Promise.all(Array.from({ length: 12 }, () => loopbackPair(signal)));
    for (const letter of [65, 66, 67]) {
      pairs.forEach(({ descriptor }, i) => {
        ring.bytes.fill(letter + i, i * 64, i * 64 + 64);
        ring.addSend(descriptor, i * 64, 64);
      });
      ring.addSend(1_000_000, 0, 1); // no such descriptor
      assertEquals(ring.submit(), true);
      assertEquals([...ring.results.subarray(0, 13)], [...new Array(12).fill(64), -EBADF]);
    }
    for (const [i, { descriptor, conn }] of pairs.entries()) {
      const bytes = new Uint8Array(192);
      for (let count = 0; count < 192;) count += await conn.read(bytes.subarray(count)) ?? 192;
      const letters = [65, 66, 67].map((letter) => String.fromCharCode(letter + i).repeat(64));
      assertEquals(new TextDecoder().decode(bytes), letters.join(""));
      conn.close();
      new LinuxOs().close(descriptor);
    }
    close();
  },
});
