/**
 * Numbers as people read them: three digits, and a unit that fits.
 *
 * In: rates, bytes, microseconds; null where there is nothing to tell. Out: the figure and its unit apart, as
 * the page sets them apart. Pure.
 */

const NOTHING = /** @type {const} */ (["–", ""]);

/** @typedef {readonly [figure: string, unit: string]} Quantity */

/**
 * A count, or a count a second.
 *
 * @param {number | null} value
 * @returns {Quantity}
 */
export function count(value) {
  const [figure, thousands] = scaled(value, 1000, ["", "k", "M", "G"]);
  return [figure + thousands, ""];
}

/**
 * @param {number | null} value bytes
 * @returns {Quantity}
 */
export function bytes(value) {
  return scaled(value, 1000, ["B", "kB", "MB", "GB", "TB"]);
}

/**
 * @param {number | null} value microseconds
 * @returns {Quantity}
 */
export function duration(value) {
  return scaled(value, 1000, ["µs", "ms", "s"]);
}

/**
 * @param {number | null} value a share, 0 to 1
 * @returns {Quantity}
 */
export function share(value) {
  return value === null ? NOTHING : [String(Math.round(value * 100)), "%"];
}

/**
 * A quantity on one line.
 *
 * @param {Quantity} quantity
 * @param {string} suffix "/s"
 */
export function line([figure, unit], suffix = "") {
  if (figure === NOTHING[0]) return figure;
  return unit === "" ? `${figure}${suffix}` : `${figure} ${unit}${suffix}`;
}

/**
 * @param {number | null} value
 * @param {number} step
 * @param {readonly string[]} units
 * @returns {Quantity}
 */
function scaled(value, step, units) {
  if (value === null || value === undefined) return NOTHING;
  let power = 0;
  let rest = value;
  // What would be rounded up to a thousand has the next unit.
  while (rounded(rest) >= step && power < units.length - 1) {
    rest /= step;
    power++;
  }
  return [String(rounded(rest)), units[power] ?? ""];
}

/** @param {number} value */
function rounded(value) {
  const places = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return Number(value.toFixed(places));
}
