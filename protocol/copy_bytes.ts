/**
 * Copies a run of bytes from one array into another.
 *
 * In: two different arrays and offsets that the caller has checked. Out: nothing. Short runs go
 * byte by byte, since a view for `set()` would cost more than the copy, and would be garbage.
 */

/** Up to this many bytes a loop is cheaper than a view. */
const SHORT_RUN = 48;

/** Copies `source[start, end)` to `target[at]` and after. */
export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  if (end - start > SHORT_RUN) {
    target.set(source.subarray(start, end), at);
    return;
  }
  // The caller vouches for start ≤ end ≤ source.length.
  for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!;
}
