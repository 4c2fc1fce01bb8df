/**
 * The charts: each is a figure with a legend, which shows the values at the cursor, or the last ones.
 *
 * In: samples, one a second. Out: lines over the last five minutes, in the colours of the style sheet, drawn by
 * uPlot. All charts share one cursor. A pointer or a finger moves it or, if a chart has the focus, the arrow
 * keys, Home and End; Escape removes it.
 */

import {
  clock,
  linearRange,
  logarithmicRange,
  PADDING,
  timeAxis,
  timeRange,
  valueAxis,
} from "./axes.js";
import { Tip } from "./tip.js";
import * as units from "./units.js";

/* global uPlot -- the script before this module sets it */

const HEIGHT = 170;
const DASHES = [6, 4];
/** Samples that Page Up and Page Down move the cursor by. */
const PAGE = 10;
const NOWHERE = { left: -10, top: -10 };

/**
 * @typedef {object} Series
 * @property {string} key of the sample
 * @property {string} label
 * @property {string} [colour] custom property of the style sheet; default: by the position of the series
 * @property {boolean} [dashed]
 * @property {boolean} [fill]
 */
/**
 * @typedef {object} ChartOptions
 * @property {string} title
 * @property {(value: number | null) => units.Quantity} unit
 * @property {string} [suffix] after the unit: "/s"
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
      { key: "p50", label: "p50" },
      { key: "p90", label: "p90", dashed: true },
      { key: "p99", label: "p99" },
    ],
  },
  {
    title: "Errors",
    unit: units.count,
    suffix: "/s",
    series: [
      { key: "clientErrors", label: "4xx", colour: "--series-2", dashed: true },
      { key: "serverErrors", label: "5xx", colour: "--bad", fill: true },
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
  {
    title: "Memory",
    unit: units.bytes,
    series: [
      { key: "residentBytes", label: "process", fill: true },
      { key: "queuedBytes", label: "queued", dashed: true },
    ],
  },
];

/**
 * Only of a server with channels.
 *
 * @type {ChartOptions[]}
 */
export const CHANNEL_CHARTS = [
  {
    title: "Publications",
    unit: units.count,
    suffix: "/s",
    series: [
      { key: "publications", label: "published", fill: true },
      { key: "deliveries", label: "delivered", dashed: true },
    ],
  },
  {
    title: "Channels",
    unit: units.count,
    series: [
      { key: "channelClients", label: "clients", fill: true },
      { key: "subscriptions", label: "subscriptions", dashed: true },
    ],
  },
  {
    title: "Delivery",
    unit: units.duration,
    logarithmic: true,
    series: [
      { key: "deliveryP50", label: "p50" },
      { key: "deliveryP99", label: "p99", dashed: true },
    ],
  },
];

/** One chart on the page. */
export class Chart {
  #options;
  #speak;
  #plot;
  #figure;
  #values;
  #box;
  #tip;
  /** The data of uPlot: times, then a row for each series. */
  #data;
  /** The time of the keyboard's cursor, which stays while the chart moves; null: no such cursor. */
  #keyTime = null;

  /**
   * @param {ChartOptions} options
   * @param {{ parent: HTMLElement, speak: (text: string) => void }} page `speak` gives a text to a screen reader
   */
  constructor(options, { parent, speak }) {
    this.#options = options;
    this.#speak = speak;
    this.#figure = parent.appendChild(document.createElement("figure"));
    this.#values = options.series.map(() => document.createElement("b"));
    this.#figure.append(this.#caption());
    this.#box = this.#figure.appendChild(document.createElement("div"));
    this.#box.className = "plot";
    this.#box.role = "img";
    this.#box.tabIndex = 0;
    this.#tip = new Tip(options.series.map(({ label }) => label));
    this.#data = [[], ...options.series.map(() => [])];
    this.#plot = this.#create();
    new ResizeObserver(() => this.#resize()).observe(this.#box);
    this.#box.addEventListener("keydown", (event) => this.#key(event));
    this.#box.addEventListener("blur", () => this.#leave());
  }

  /** @param {readonly Record<string, number | null>[]} samples oldest first */
  show(samples) {
    const keys = this.#options.series.map(({ key }) => key);
    const times = samples.map(({ time }) => time / 1000);
    this.#data = [times, ...keys.map((key) => samples.map((sample) => sample[key] ?? null))];
    this.#plot.setData(this.#data);
    this.#describe();
    // uPlot updates its scales in a microtask; positions are valid only after it.
    if (this.#keyTime !== null) queueMicrotask(() => this.#pointAt(this.#keyTime));
  }

  /** Draws the chart again, with changed colours. */
  redraw() {
    this.#plot.destroy();
    this.#plot = this.#create();
  }

  #caption() {
    const caption = document.createElement("figcaption");
    const title = caption.appendChild(document.createElement("h2"));
    title.textContent = this.#options.title;
    this.#options.series.forEach((series, i) => {
      const item = caption.appendChild(document.createElement("span"));
      item.className = "series";
      const swatch = item.appendChild(document.createElement("i"));
      swatch.className = series.dashed ? "swatch dashed" : "swatch";
      swatch.style.setProperty("--series", `var(${colourName(series, i)})`);
      item.append(series.label, this.#values[i]);
    });
    return caption;
  }

  #create() {
    const { logarithmic = false, unit, suffix } = this.#options;
    const colours = { grid: colour("--grid"), label: colour("--muted") };
    const write = (value) => units.line(unit(value), suffix);
    const options = {
      width: Math.max(this.#box.clientWidth, 100),
      height: HEIGHT,
      legend: { show: false },
      padding: PADDING,
      cursor: {
        sync: { key: "live" },
        y: false,
        drag: { x: false, y: false },
        move: (_, left, top) => [this.#snapped(left), top],
      },
      scales: {
        x: { range: () => timeRange(this.#data[0]) },
        y: { distr: logarithmic ? 3 : 1, range: logarithmic ? logarithmicRange : linearRange },
      },
      axes: [timeAxis(colours), valueAxis(colours, { logarithmic, write })],
      series: [{}, ...this.#options.series.map(lineOf)],
      hooks: { setCursor: [() => this.#describe()] },
    };
    const plot = new uPlot(options, this.#data, this.#box);
    plot.over.append(this.#tip.element);
    // A finger moves the cursor if it moves sideways, and scrolls the page up and down.
    for (const type of ["pointerdown", "pointermove"]) {
      plot.over.addEventListener(type, (event) => {
        if (event.pointerType !== "touch") return;
        const { left } = plot.over.getBoundingClientRect();
        plot.setCursor({ left: event.clientX - left, top: 0 }, true, true);
      });
    }
    return plot;
  }

  /** The position of the nearest sample: there are no values between samples. */
  #snapped(left) {
    const times = this.#data[0];
    // uPlot also calls this before the plot exists, and without a cursor.
    if (left < 0 || times.length === 0 || this.#plot === undefined) return left;
    return this.#plot.valToPos(times[this.#plot.posToIdx(left)], "x");
  }

  /** Writes the values of the legend, and the tip at the cursor. */
  #describe() {
    const { unit, suffix, series, title } = this.#options;
    const times = this.#data[0];
    const { idx: at = null, left = -1 } = this.#plot?.cursor ?? {};
    const isPointed = at !== null && left >= 0 && at < times.length;
    const index = isPointed ? at : times.length - 1;
    const texts = series.map((_, i) => units.line(unit(this.#data[i + 1][index] ?? null), suffix));
    texts.forEach((text, i) => this.#values[i].textContent = text);
    const time = isPointed ? clock(times[index]) : "";
    this.#tip.show(isPointed ? { left, width: this.#plot.over.clientWidth, time, texts } : null);
    const summary = series.map(({ label }, i) => `${label} ${texts[i]}`).join(", ");
    this.#box.setAttribute("aria-label", `${title}: ${summary}${time && ` at ${time}`}`);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const times = this.#data[0];
    if (event.altKey || event.ctrlKey || event.metaKey || times.length === 0) return;
    const last = times.length - 1;
    const now = this.#keyTime === null ? last : nearest(times, this.#keyTime);
    const targets = {
      ArrowLeft: this.#keyTime === null ? last : now - 1,
      ArrowRight: now + 1,
      PageUp: now - PAGE,
      PageDown: now + PAGE,
      Home: 0,
      End: last,
    };
    if (event.key === "Escape") return this.#leave();
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    this.#keyTime = times[Math.min(Math.max(target, 0), last)];
    this.#pointAt(this.#keyTime);
    this.#speak(this.#box.getAttribute("aria-label"));
  }

  #pointAt(time) {
    if (time === null) return;
    // The cursor stops at the left edge when its sample has left the chart.
    const left = Math.max(this.#plot.valToPos(time, "x"), 0);
    this.#plot.setCursor({ left, top: 0 }, true, true);
  }

  #leave() {
    if (this.#keyTime === null) return;
    this.#keyTime = null;
    this.#plot.setCursor(NOWHERE, true, true);
  }

  #resize() {
    const width = this.#box.clientWidth;
    if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT });
  }
}

/**
 * @param {Series} series
 * @param {number} i its index
 */
function colourName(series, i) {
  return series.colour ?? `--series-${i + 1}`;
}

/** @param {string} name of a custom property */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** @param {Series} series */
function lineOf(series, i) {
  const stroke = colour(colourName(series, i));
  return {
    stroke,
    width: 1.8,
    // A value without neighbours has no line, so it is drawn as a point.
    points: { show: false, size: 5, fill: stroke, filter: (plot, row) => isolated(plot.data[row]) },
    ...(series.dashed ? { dash: DASHES } : {}),
    ...(series.fill ? { fill: `${stroke}1f` } : {}), // opacity of one eighth
  };
}

/**
 * The indexes of values without neighbours; null if there are none.
 *
 * @param {readonly (number | null)[]} values
 */
function isolated(values) {
  const isMissing = (i) => (values[i] ?? null) === null;
  const places = [...values.keys()]
    .filter((i) => !isMissing(i) && isMissing(i - 1) && isMissing(i + 1));
  return places.length > 0 ? places : null;
}

/** The index of the first sample at or after the time. */
function nearest(times, time) {
  const at = times.findIndex((each) => each >= time);
  return at < 0 ? times.length - 1 : at;
}
