/**
 * Compares decimals of any length, exactly: `0.30` equals `0.3`, and 20 digits are more than a number has.
 *
 * In: two texts. Out: their order, or undefined if one is no decimal: digits, with a sign and a fraction perhaps, and without an exponent.
 */

const DECIMAL = /^([+-]?)0*(\d+)(?:\.(\d+))?$/;
/** A longer text is no decimal: it would be compared for each publication. */
const MOST_CHARACTERS = 200;

/** A number less than, equal to, or greater than 0, as the first one is to the second; undefined: one is no decimal. */
export function compareDecimals(one: string, other: string): number | undefined {
  const [a, b] = [parse(one), parse(other)];
  if (a === undefined || b === undefined) return undefined;
  if (a.isNegative !== b.isNegative) return a.isNegative ? -1 : 1;
  const order = compareMagnitudes(a, b);
  return a.isNegative ? -order : order;
}

interface Decimal {
  readonly isNegative: boolean;
  /** Without zeros at the front. */
  readonly whole: string;
  /** Without zeros at the end. */
  readonly fraction: string;
}

function parse(text: string): Decimal | undefined {
  const match = text.length > MOST_CHARACTERS ? null : DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole, digits = ""] = match;
  const fraction = digits.replace(/0+$/, "");
  const isZero = whole === "0" && fraction === "";
  return { isNegative: sign === "-" && !isZero, whole: whole!, fraction };
}

function compareMagnitudes(a: Decimal, b: Decimal): number {
  if (a.whole.length !== b.whole.length) return a.whole.length - b.whole.length;
  if (a.whole !== b.whole) return a.whole < b.whole ? -1 : 1;
  if (a.fraction === b.fraction) return 0;
  return a.fraction < b.fraction ? -1 : 1;
}
