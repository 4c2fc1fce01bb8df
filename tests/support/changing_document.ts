/**
 * A document of 8 KiB that changes by 100 bytes from one version to the next, as a list of prices does.
 *
 * In: the number of a version. Out: the document, whose JSON always has the same length.
 */

import { Random } from "./random.ts";

const ROWS = 124;
const CHANGES = 10;

/** Ten digits. */
function price(random: Random): number {
  return 1_000_000_000 + random.below(3_000_000_000);
}

/** The versions of the document, from the first one on. */
export function changingDocuments(count: number): readonly { readonly rows: readonly object[] }[] {
  const random = new Random(1);
  let rows = Array.from({ length: ROWS }, (_, i) => {
    return { id: 1000 + i, name: `a share ${1000 + i}`, price: price(random), unit: "EUR" };
  });
  return Array.from({ length: count }, () => {
    rows = [...rows];
    for (let i = 0; i < CHANGES; i++) {
      const row = random.below(ROWS);
      rows[row] = { ...rows[row]!, price: price(random) };
    }
    return { rows };
  });
}
