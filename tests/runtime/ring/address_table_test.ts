import { assert, assertEquals } from "@std/assert";
import { createSharedState, openSharedState } from "../../../runtime/ring/mod.ts";
import { Random } from "../../support/random.ts";

const AF_INET = 2;
const AF_INET6 = 10;

function table(addresses = 1024) {
  return openSharedState(createSharedState({ workers: 1, addresses })).addresses;
}

function words(...bytes: number[]): Int32Array {
  return new Int32Array(Uint8Array.from({ length: 16 }, (_, i) => bytes[i] ?? 0).buffer);
}

Deno.test("address table: counts by address, and stops counting a connection that leaves, once", () => {
  const addresses = table();
  const [one, other] = [words(127, 0, 0, 1), words(127, 0, 0, 2)];
  assertEquals(addresses.enter(5, AF_INET, one, 0), 1);
  assertEquals(addresses.enter(6, AF_INET, one, 0), 2);
  assertEquals(addresses.enter(7, AF_INET, other, 0), 1);
  addresses.leave(5);
  addresses.leave(5);
  addresses.leave(4); // never entered
  assertEquals(addresses.enter(8, AF_INET, one, 0), 2);
});

Deno.test("address table: IPv6 counts by its first 64 bits, a mapped IPv4 address as IPv4", () => {
  const addresses = table();
  const host = (last: number) => words(0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, last);
  assertEquals(addresses.enter(5, AF_INET6, host(1), 0), 1);
  assertEquals(addresses.enter(6, AF_INET6, host(2), 0), 2);
  const mapped = words(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3);
  assertEquals(addresses.enter(7, AF_INET6, mapped, 0), 1);
  assertEquals(addresses.enter(8, AF_INET, words(10, 1, 2, 3), 0), 2);
});

Deno.test("address table: without entries nothing is counted", () => {
  const addresses = table(0);
  assertEquals(addresses.enter(5, AF_INET, words(127, 0, 0, 1), 0), 0);
  addresses.leave(5);
});

Deno.test("address table: against a plain map, with far more addresses over time than entries", () => {
  const random = new Random(11);
  const addresses = table(1024);
  const open = new Map<number, number>();
  const counts = new Map<number, number>();
  for (let step = 0; step < 50_000; step++) {
    const descriptor = random.below(200);
    const held = open.get(descriptor);
    if (held !== undefined) {
      addresses.leave(descriptor);
      open.delete(descriptor);
      counts.set(held, counts.get(held)! - 1);
      continue;
    }
    // A few addresses that come often, and an endless stream of new ones.
    const host = random.below(2) === 0 ? random.below(10) : random.below(1 << 24);
    const address = words(10, host >>> 16, (host >>> 8) & 255, host & 255);
    const expected = (counts.get(host) ?? 0) + 1;
    assertEquals(addresses.enter(descriptor, AF_INET, address, 0), expected);
    open.set(descriptor, host);
    counts.set(host, expected);
  }
  assert(open.size > 0);
});
