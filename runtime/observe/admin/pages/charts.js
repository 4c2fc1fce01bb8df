/**
 * The charts: a figure each, with a legend that shows the values under the cursor, or the last ones.
 *
 * In: samples, one a second. Out: lines over the last five minutes, in the colours of the style sheet, drawn by
 * uPlot. One cursor for all charts.
 */

import * as units from "./units.js";

/* global uPlot -- the script before this module sets it */

/** Seconds that a chart spans. */
const SPAN = 300;
const HEIGHT = 190;
const AXIS_WIDTH = 72;
const DASHES = [6, 4];

/** @typedef {{ key: string, label: string, dashed?: boolean, fill?: boolean }} Series */
/**
 * @typedef {object} ChartOptions
 * @property {string} title
 * @property {(value: number | null) => units.Quantity} unit
 * @property {string} [suffix] behind the unit: "/s"
 * @property {boolean} [logarithmic]
 * @property {Series[]} series
 */

/** @type {ChartOptions[]} */
export const CHARTS = [
  {
    title: "Throughput",
    unit: units.count,
    suffix: "/s",
    series: [
      { key: "requests", label: "requests", fill: true },
      { key: "messages", label: "messages", dashed: true },
    ],
  },
  {
    title: "Latency",
    unit: units.duration,
    logarithmic: true,
    series: [
      { key: "p50", label: "median" },
      { key: "p90", label: "90 %", dashed: true },
      { key: "p99", label: "99 %" },
    ],
  },
  {
    title: "Connections",
    unit: units.count,
    series: [
      { key: "connections", label: "open", fill: true },
      { key: "webSockets", label: "WebSockets", dashed: true },
    ],
  },
  {
    title: "Traffic",
    unit: units.bytes,
    suffix: "/s",
    series: [
      { key: "sentBytes", label: "sent", fill: true },
      { key: "receivedBytes", label: "received", dashed: true },
    ],
  },
];

/** One chart on the page. */
export class Chart {
  #options;
  #plot;
  #figure;
  #values;
  #box;
  /** The rows of uPlot: times, then a row for each series. */
  #data;

  /**
   * @param {ChartOptions} options
   * @param {HTMLElement} parent
   */
  constructor(options, parent) {
    this.#options = options;
    this.#figure = parent.appendChild(document.createElement("figure"));
    this.#values = options.series.map(() => document.createElement("b"));
    this.#figure.append(this.#caption());
    this.#box = this.#figure.appendChild(document.createElement("div"));
    this.#box.className = "plot";
    this.#box.role = "img";
    this.#data = [[], ...options.series.map(() => [])];
    this.#plot = this.#create();
    new ResizeObserver(() => this.#resize()).observe(this.#box);
  }

  /** @param {readonly Record<string, number | null>[]} samples oldest first */
  show(samples) {
    const keys = this.#options.series.map(({ key }) => key);
    const times = samples.map(({ time }) => time / 1000);
    this.#data = [times, ...keys.map((key) => samples.map((sample) => sample[key] ?? null))];
    this.#plot.setData(this.#data);
    this.#describe();
  }

  /** The colours have changed. */
  redraw() {
    this.#plot.destroy();
    this.#plot = this.#create();
  }

  #caption() {
    const caption = document.createElement("figcaption");
    const title = caption.appendChild(document.createElement("h2"));
    title.textContent = this.#options.title;
    this.#options.series.forEach(({ label, dashed }, i) => {
      const item = caption.appendChild(document.createElement("span"));
      item.className = "series";
      const swatch = item.appendChild(document.createElement("i"));
      swatch.className = dashed ? "swatch dashed" : "swatch";
      swatch.style.setProperty("--series", `var(--series-${i + 1})`);
      item.append(label, this.#values[i]);
    });
    return caption;
  }

  #create() {
    const { logarithmic } = this.#options;
    const range = logarithmic ? logarithmicRange : linearRange;
    const options = {
      width: Math.max(this.#box.clientWidth, 100),
      height: HEIGHT,
      legend: { show: false },
      padding: [8, 12, 0, 0],
      cursor: { sync: { key: "live" }, y: false, drag: { x: false, y: false } },
      scales: {
        x: { range: () => timeRange(this.#data[0]) },
        y: { distr: logarithmic ? 3 : 1, range },
      },
      axes: [
        axis({ space: 60, size: 28, incrs: [60, 120, 300], values: clockTimes }),
        this.#valueAxis(),
      ],
      series: [{}, ...this.#options.series.map(lineOf)],
      hooks: { setCursor: [() => this.#describe()] },
    };
    return new uPlot(options, this.#data, this.#box);
  }

  #valueAxis() {
    const { unit, suffix, logarithmic } = this.#options;
    const values = (_, splits) =>
      splits.map((value) => value === null ? "" : units.line(unit(value), suffix));
    const of = axis({ size: AXIS_WIDTH, space: 32, values });
    if (!logarithmic) return of;
    const { grid, ticks } = of;
    const filter = powersOfTen;
    return { ...of, filter, grid: { ...grid, filter }, ticks: { ...ticks, filter } };
  }

  /** Writes the values of the legend. */
  #describe() {
    const { unit, suffix, series, title } = this.#options;
    const index = this.#plot?.cursor.idx ?? this.#data[0].length - 1;
    series.forEach((_, i) => {
      const text = units.line(unit(this.#data[i + 1][index] ?? null), suffix);
      this.#values[i].textContent = text;
    });
    const told = series.map(({ label }, i) => `${label} ${this.#values[i].textContent}`);
    this.#box.setAttribute("aria-label", `${title}: ${told.join(", ")}`);
  }

  #resize() {
    const width = this.#box.clientWidth;
    if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT });
  }
}

/** @param {string} name of a custom property */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function axis(of) {
  const grid = { stroke: colour("--grid"), width: 1 };
  const font = '12px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif';
  return { stroke: colour("--muted"), font, grid, ticks: { ...grid, size: 4 }, ...of };
}

/** @param {Series} series */
function lineOf({ dashed, fill }, i) {
  const stroke = colour(`--series-${i + 1}`);
  return {
    stroke,
    width: 1.8,
    points: { show: false },
    ...(dashed ? { dash: DASHES } : {}),
    ...(fill ? { fill: `${stroke}1f` } : {}), // an eighth of its strength
  };
}

/** Of a logarithmic axis only the powers of ten have room for a label and a line. */
function powersOfTen(_, splits) {
  return splits.map((value) => Number.isInteger(Math.log10(value)) ? value : null);
}

const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});

/** Splits lie on whole minutes: see `incrs`. */
function clockTimes(_, splits) {
  return splits.map((seconds) => CLOCK.format(seconds * 1000));
}

/** The last five minutes, whether there are samples of all of them or not. */
function timeRange(times) {
  const end = times.at(-1) ?? Date.now() / 1000;
  return [end - SPAN, end];
}

/** From 0, and never so near that single counts look like mountains. */
function linearRange(_, _least, most) {
  return [0, Math.max((most ?? 0) * 1.12, 5)];
}

/** Whole decades, from 1 µs to 1 ms at least. */
function logarithmicRange(_, least, most) {
  const decade = (value, round) => 10 ** round(Math.log10(value));
  const low = least > 0 ? decade(least, Math.floor) : 1;
  const high = most > 0 ? decade(most, Math.ceil) : 1000;
  return [low, Math.max(high, low * 100)];
}
