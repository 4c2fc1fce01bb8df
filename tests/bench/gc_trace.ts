/**
 * Parser of the output of V8's `--trace-gc`.
 *
 * In: lines of a program's output; other lines are ignored. Out: one {@link Collection} per trace line.
 * Each isolate, and so each worker thread, prints its own lines. Pure.
 */

/** One garbage collection. */
export interface Collection {
  /** The isolate's address, which identifies the thread. */
  readonly isolate: string;
  /** `Scavenge`, `Mark-Compact`, …: the first word. */
  readonly kind: string;
  /** Heap in use before and after, in MB. */
  readonly before: number;
  readonly after: number;
}

// [7246:0x7f2ff0060000]    26206 ms: Scavenge 20.1 (25.1) -> 15.5 (26.4) MB, …
const LINE =
  /^\[\d+:(0x[0-9a-f]+)\]\s+\d+ ms: ([\w-]+).*? (\d+\.\d+) \(\d+\.\d+\) -> (\d+\.\d+) \(\d+\.\d+\) MB/;

/** Parses one line; undefined if it is not a trace line. */
export function parseCollection(line: string): Collection | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, isolate, kind, before, after] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
  ];
  return { isolate, kind, before: Number(before), after: Number(after) };
}
