/**
 * Copies a byte range from one array into another.
 *
 * In: two different arrays and offsets that the caller has checked. Out: nothing. Short ranges are
 * copied in a loop: the view that `set()` needs costs more than the copy, and becomes garbage.
 */

/** Up to this many bytes, a loop is cheaper than a view and `set()`. */
const SHORT_RUN = 48;

/** Copies `source[start, end)` into `target` at offset `at`. */
export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  if (end - start > SHORT_RUN) {
    const isWhole = start === 0 && end === source.length;
    target.set(isWhole ? source : source.subarray(start, end), at);
    return;
  }
  // The caller has checked that start ≤ end ≤ source.length.
  for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!;
}
