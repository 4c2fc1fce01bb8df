/**
 * A stable merge sort in slices: yields after a few thousand comparisons.
 *
 * In: items, a comparison, and how many of the first items are wanted. Out: a new array of those. Meant for a
 * slow comparison, such as a collator's: measured, 5,000 names in 15 to 20 ms. The number that is wanted
 * bounds a slice too: no merge makes more.
 */

import type { Sliced } from "./sliced.ts";

/** Items that are sorted in one slice. */
const RUN = 256;

/** The first `wanted` of the sorted items, in a new array. */
export function* firstSorted<Item>(
  items: readonly Item[],
  wanted: number,
  compare: (a: Item, b: Item) => number,
): Sliced<Item[]> {
  let runs: Item[][] = [];
  for (let at = 0; at < items.length; at += RUN) {
    if (at > 0) yield;
    runs.push(items.slice(at, at + RUN).sort(compare));
  }
  while (runs.length > 1) {
    const merged: Item[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(merge(runs[i]!, runs[i + 1] ?? [], { wanted, compare }));
      yield;
    }
    runs = merged;
  }
  return (runs[0] ?? []).slice(0, wanted);
}

/** The first items of two sorted runs; of equal items, those of `first` come first. */
function merge<Item>(
  first: readonly Item[],
  second: readonly Item[],
  { wanted, compare }: { wanted: number; compare: (a: Item, b: Item) => number },
): Item[] {
  const merged: Item[] = [];
  let next = 0;
  for (const item of first) {
    while (merged.length < wanted && next < second.length && compare(second[next]!, item) < 0) {
      merged.push(second[next++]!);
    }
    if (merged.length >= wanted) return merged;
    merged.push(item);
  }
  return merged.concat(second.slice(next, next + wanted - merged.length));
}
