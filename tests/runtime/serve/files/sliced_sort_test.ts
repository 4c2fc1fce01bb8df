/** The sort in slices, compared with the sort of the language. */

import { assertEquals } from "@std/assert";
import { firstSorted } from "../../../../runtime/serve/files/sliced_sort.ts";
import { Random } from "../../../support/random.ts";

/** Runs all slices. */
function first(items: readonly number[][], wanted: number): number[][] {
  const work = firstSorted(items, wanted, (a, b) => a[0]! - b[0]!);
  while (true) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

Deno.test("sliced sort: the first items, as a stable sort of all would give them", () => {
  const random = new Random(1);
  for (const count of [0, 1, 2, 255, 256, 257, 511, 512, 513, 768, 1500]) {
    // Few different keys, so that many are equal; the second number is the place.
    const items = Array.from({ length: count }, (_, place) => [random.below(50), place]);
    const sorted = items.toSorted((a, b) => a[0]! - b[0]!);
    for (const wanted of [0, 1, 100, 256, 300, 512, count, count + 1]) {
      assertEquals(first(items, wanted), sorted.slice(0, wanted), `${wanted} of ${count}`);
    }
  }
});
