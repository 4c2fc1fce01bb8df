/**
 * The axes of a chart: their ranges, labels and sizes.
 *
 * In: the data, as uPlot passes it, and colours. Out: options for uPlot. The time axis spans the existing
 * samples, so that even twenty seconds fill the chart; the value axis is as wide as its longest label.
 */

/** Seconds that the time axis spans at least: a line of fewer samples could not be read. */
const LEAST_SPAN = 10;
/** The least width of a value axis, so that the charts of a column are aligned. */
const LEAST_WIDTH = 62;
const TICK = 4;
const GAP = 5;
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif';

/** Seconds between two labels of the time axis. */
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300];

/** Room at the right of the plot for half of a label, and above it for half a line. */
export const PADDING = [9, 28, 0, 0];

/**
 * The time from the first sample to the last.
 *
 * @param {readonly number[]} times seconds since 1970
 * @returns {[from: number, to: number]}
 */
export function timeRange(times) {
  const end = times.at(-1) ?? Date.now() / 1000;
  return [Math.min(times[0] ?? end, end - LEAST_SPAN), end];
}

/** From 0 to at least 5, so that single events do not look like peaks. */
export function linearRange(_, _least, most) {
  return [0, Math.max((most ?? 0) * 1.12, 5)];
}

/** Whole decades, at least two; without values from 1 µs to 1 ms. */
export function logarithmicRange(_, least, most) {
  const decade = (value, round) => 10 ** round(Math.log10(value));
  const low = least > 0 ? decade(least, Math.floor) : 1;
  const high = most > 0 ? decade(most, Math.ceil) : 1000;
  return [low, Math.max(high, low * 100)];
}

const MINUTES = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});
const SECONDS = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});

/**
 * The time of day, to the second.
 *
 * @param {number} seconds since 1970
 */
export function clock(seconds) {
  return SECONDS.format(seconds * 1000);
}

/** @param {Record<string, string>} colours of grid and labels */
export function timeAxis(colours) {
  const values = (_, splits, _axis, _space, step) =>
    splits.map((seconds) => (step < 60 ? SECONDS : MINUTES).format(seconds * 1000));
  return { ...axis(colours), space: 72, size: 28, incrs: TIME_STEPS, values };
}

/**
 * @param {Record<string, string>} colours of grid and labels
 * @param {{ logarithmic: boolean, write: (value: number) => string }} options
 */
export function valueAxis(colours, { logarithmic, write }) {
  const values = (_, splits) => splits.map((value) => value === null ? "" : write(value));
  const common = { ...axis(colours), space: 32, size: widthOf, values };
  if (!logarithmic) return common;
  const { grid, ticks } = common;
  const filter = powersOfTen;
  return { ...common, filter, grid: { ...grid, filter }, ticks: { ...ticks, filter } };
}

function axis({ grid, label }) {
  const line = { stroke: grid, width: 1 };
  return { stroke: label, font: FONT, gap: GAP, grid: line, ticks: { ...line, size: TICK } };
}

/** The width of the longest label; `labels` is null at first. */
function widthOf(plot, labels) {
  const { ctx } = plot;
  ctx.save();
  ctx.font = FONT;
  const widths = (labels ?? []).map((label) => ctx.measureText(label ?? "").width);
  ctx.restore();
  return Math.max(LEAST_WIDTH, Math.ceil(Math.max(0, ...widths)) + TICK + GAP + 2);
}

/** Only the powers of ten of a logarithmic axis have room for a label and a line. */
function powersOfTen(_, splits) {
  return splits.map((value) => Number.isInteger(Math.log10(value)) ? value : null);
}
