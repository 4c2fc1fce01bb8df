/**
 * Formats numbers for people: three digits, and a unit of a fitting size.
 *
 * In: rates, bytes, microseconds, seconds; null if there is no value. Out: the figure and its unit as two texts,
 * because the page formats them differently. Pure.
 */

const NOTHING = /** @type {const} */ (["–", ""]);

/** @typedef {readonly [figure: string, unit: string]} Quantity */

/**
 * A count, or a rate per second.
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
 * A duration in at most two units.
 *
 * @param {number | null} seconds
 * @returns {Quantity}
 */
export function age(seconds) {
  if (seconds === null || seconds === undefined) return NOTHING;
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return [String(whole), "s"];
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return [String(minutes), "min"];
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return [`${hours} h ${minutes % 60}`, "min"];
  return [`${Math.floor(hours / 24)} d ${hours % 24}`, "h"];
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
  // A value that would be rounded up to 1000 gets the next unit.
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
