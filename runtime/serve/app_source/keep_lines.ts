/**
 * Puts generated code back on the lines that it was written on, so that stacks and messages name them.
 *
 * In: code that a compiler has rewritten, and its source map. Out: the same code with other line breaks: what comes from a later line
 * begins there, and what was written on more lines than it had is joined. Breaks are changed only where they have no meaning. What the
 * compiler has moved, as the declaration of a namespace, stays where it is, on whatever line that is.
 */

import { decode } from "@jridgewell/sourcemap-codec";
import { type LineStart, lineStarts } from "./line_starts.ts";

/** A place in the code at which a line may begin. */
interface Place {
  /** Index in the generated code; of the first letter, if a line begins here. */
  readonly index: number;
  /** The line that it was written on, from 1; {@link NOWHERE}: it was not. */
  readonly line: number;
  /** Where the line break is that comes before it; -1: there is none. */
  readonly breakAt: number;
}

const NOWHERE = 0;

/** Moves the code to its lines. */
export function keepLines(code: string, mappings: string, hasJsx: boolean): string {
  const places = placesIn(code, mappings, lineStarts(code, hasJsx));
  const anchors = ascending(places);
  let out = "";
  let from = 0;
  let line = 1;
  let hasComment = false; // perhaps: what follows it on the same line would belong to it
  const append = (text: string) => {
    out += text;
    const last = text.lastIndexOf("\n");
    if (last >= 0) hasComment = false;
    for (let i = last; i >= 0; i = text.lastIndexOf("\n", i - 1)) {
      line++;
      if (i === 0) break;
    }
    if (text.includes("//", last + 1)) hasComment = true;
  };
  for (const place of places) {
    const { breakAt, index } = place;
    append(code.slice(from, breakAt < 0 ? index : breakAt));
    from = index;
    const missing = anchors.has(place) ? place.line - line : 0;
    if (missing > 0) append("\n".repeat(missing));
    else if (breakAt >= 0) append(hasComment ? "\n" : " ");
  }
  append(code.slice(from));
  return out;
}

function placesIn(
  code: string,
  mappings: string,
  starts: ReadonlyMap<number, LineStart>,
): Place[] {
  const places: Place[] = [];
  let begin = 0;
  for (const segments of decode(mappings)) {
    const end = code.indexOf("\n", begin) < 0 ? code.length : code.indexOf("\n", begin);
    const text = code.slice(begin, end);
    const first = text.search(/\S/);
    // A line that the compiler has added belongs to the one before.
    if (begin > 0 && starts.has(begin + first) && segments.every(([column]) => column !== first)) {
      places.push({ index: begin + first, line: NOWHERE, breakAt: begin - 1 });
    }
    for (const [column, , line] of segments) {
      if (line === undefined) continue;
      const isFirst = column === first;
      const start = starts.get(begin + column);
      if (start === undefined || (!isFirst && start !== "free")) continue;
      const breakAt = isFirst && begin > 0 ? begin - 1 : -1;
      places.push({ index: begin + column, line: line + 1, breakAt });
    }
    begin = end + 1;
  }
  return places;
}

/** The most places whose lines ascend: the others were moved by the compiler. */
function ascending(places: readonly Place[]): ReadonlySet<Place> {
  // By length: the last place of the sequence of that length that ends earliest.
  const ends: Place[] = [];
  const before = new Map<Place, Place | undefined>();
  for (const place of places) {
    if (place.line === NOWHERE) continue;
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle]!.line <= place.line) low = middle + 1; // below ends.length
      else high = middle;
    }
    before.set(place, ends[low - 1]);
    ends[low] = place;
  }
  const found = new Set<Place>();
  for (let place = ends.at(-1); place !== undefined; place = before.get(place)) found.add(place);
  return found;
}
