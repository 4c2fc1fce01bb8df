/**
 * Sizes and times with units, as `16m`, `1.5GiB`, `500ms` or plain `30`.
 *
 * In: the text of an option. Out: whole bytes or whole milliseconds, or undefined if the text is
 * neither; and the way back, for the help and for errors. The grammar is
 *
 *   NUMBER [UNIT]      NUMBER: digits, a fraction only before a unit larger than the smallest
 *
 * without a sign and without an exponent; letters in either case, one blank before the unit allowed.
 */

/** Bytes by unit. One letter is a power of 1024, as in nginx and systemd; `KB` is 1000 (SI), `KiB` 1024 (IEC). */
const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["b", 1],
  ...["k", "m", "g", "t"].flatMap((letter, i): [string, number][] => [
    [letter, 1024 ** (i + 1)],
    [`${letter}ib`, 1024 ** (i + 1)],
    [`${letter}b`, 1000 ** (i + 1)],
  ]),
]);

/** Milliseconds by unit; without a unit the number counts seconds. */
const TIME_UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1_000],
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["min", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

const QUANTITY = /^(?<number>\d+(?<fraction>\.\d+)?)(?: ?(?<unit>[a-z]+))?$/i;

/** The bytes that a text names: `16m`, `1.5GiB`, `4096`. */
export function parseSize(text: string): number | undefined {
  return parse(text, SIZE_UNITS);
}

/** The milliseconds that a text names: `500ms`, `1.5s`, `2m`, or seconds as `30` and `2.5`. */
export function parseTime(text: string): number | undefined {
  return parse(text, TIME_UNITS);
}

function parse(text: string, units: ReadonlyMap<string, number>): number | undefined {
  const { number, fraction, unit } = QUANTITY.exec(text)?.groups ?? {};
  const factor = units.get(unit?.toLowerCase() ?? "");
  if (number === undefined || factor === undefined) return undefined;
  // Half a byte is a mistake; a fraction of a larger unit is rounded to whole bytes.
  if (fraction !== undefined && factor === 1) return undefined;
  return Math.round(Number(number) * factor);
}

/** The shortest exact text of a number of bytes: `16MiB`, `1000`. */
export function formatSize(bytes: number): string {
  return format(
    bytes,
    [["TiB", 1024 ** 4], ["GiB", 1024 ** 3], ["MiB", 1024 ** 2], ["KiB", 1024]],
    "",
  );
}

/** The shortest exact text of a number of milliseconds: `75s`, `500ms`, `1d`. */
export function formatTime(milliseconds: number): string {
  const units: Unit[] = [["d", 86_400_000], ["h", 3_600_000], ["s", 1_000]];
  return format(milliseconds, units, "ms");
}

type Unit = readonly [name: string, factor: number];

/** In the largest unit that the value is a whole number of. */
function format(value: number, units: readonly Unit[], smallest: string): string {
  if (value === 0) return "0";
  const unit = units.find(([_, factor]) => value % factor === 0);
  return unit === undefined ? `${value}${smallest}` : `${value / unit[1]}${unit[0]}`;
}
