/**
 * The live page: receives the server's events and shows them.
 *
 * In: `server`, which is constant while it runs; `history`, the samples of the last minutes; then a `sample` a
 * second. Out: tiles, charts and workers. The browser itself restores a lost connection; meanwhile the old values
 * stay and are marked as old, also in the tab's title.
 */

import { CHANNEL_CHARTS, Chart, CHARTS } from "./charts.js";
import { ChannelPanel } from "./channels.js";
import * as units from "./units.js";
import { WorkerCards } from "./workers.js";

/** Samples that are kept: five minutes. */
const KEPT = 300;
/** Milliseconds without a sample after which the connection counts as lost, even without an error. */
const PATIENCE = 4_000;

const STATE_TEXTS = {
  connecting: "Connecting…",
  live: "Live",
  draining: "Not ready",
  lost: "Connection lost, trying again",
};
const TITLE = document.title;
/** The start of the tab's title, in states that need attention. */
const TITLE_STARTS = { draining: "⚠ Not ready – ", lost: "⚠ Connection lost – " };

const byId = (id) => document.getElementById(id);
const speak = (text) => byId("spoken").textContent = text;
const chartOf = (options) => new Chart(options, { parent: byId("charts"), speak });
const charts = CHARTS.map(chartOf);
const workers = new WorkerCards(byId("workers"));
/** @type {any[]} */
let samples = [];
/** @type {{ version: string, startTime: number, hasChannels: boolean, hasDesk: boolean } | undefined} */
let server;
/** @type {ChannelPanel | undefined} */
let channels;
let patience;

function connect() {
  const events = new EventSource("/events");
  events.addEventListener("server", ({ data }) => {
    server = JSON.parse(data);
    const isNew = charts.length === CHARTS.length;
    if (server.hasChannels && isNew) charts.push(...CHANNEL_CHARTS.map(chartOf));
    if (server.hasChannels) channels ??= new ChannelPanel(server.hasDesk);
  });
  events.addEventListener("history", ({ data }) => {
    samples = JSON.parse(data);
    show();
  });
  events.addEventListener("sample", ({ data }) => {
    samples.push(JSON.parse(data));
    if (samples.length > KEPT) samples.shift();
    show();
  });
  events.addEventListener("error", () => {
    setState("lost");
    // The browser does not retry after a response that is not an event stream; the page does.
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, 2_000);
  });
}

function setState(state) {
  if (document.documentElement.dataset.state === state) return;
  document.documentElement.dataset.state = state;
  byId("state-text").textContent = STATE_TEXTS[state];
  document.title = (TITLE_STARTS[state] ?? "") + TITLE;
}

function show() {
  const last = samples.at(-1);
  if (last === undefined) return;
  setState(last.ready ? "live" : "draining");
  clearTimeout(patience);
  patience = setTimeout(() => setState("lost"), PATIENCE);
  // A hidden page is drawn when it becomes visible.
  if (document.hidden) return;
  showTiles(last);
  workers.show(last.workers);
  channels?.show(last);
  for (const chart of charts) chart.show(samples);
  const span = (last.time - samples[0].time) / 1000;
  byId("window").textContent = `the last ${units.line(units.age(Math.round(span + 1)))}`;
}

function showTiles(last) {
  const perSecond = (quantity) => units.line(quantity, "/s");
  figure("requests", units.count(last.requests), "/s");
  detail("client-errors", `${perSecond(units.count(last.clientErrors))} 4xx`);
  detail(
    "server-errors",
    `${perSecond(units.count(last.serverErrors))} 5xx`,
    last.serverErrors > 0,
  );
  figure("p50", units.duration(last.p50));
  detail("p99", `${units.line(units.duration(last.p99))} at 99 %`);
  figure("connections", units.count(last.connections));
  detail("waiting", `${last.ringDepth} waiting`, last.ringDepth > 0);
  figure("web-sockets", units.count(last.webSockets));
  detail("messages", `${perSecond(units.count(last.messages))} messages`);
  figure("sent", units.bytes(last.sentBytes), "/s");
  detail("received", `${perSecond(units.bytes(last.receivedBytes))} in`);
  const loads = last.workers.map(({ load }) => load);
  figure("load", units.share(loads.reduce((sum, load) => sum + load, 0) / loads.length));
  detail("busiest", `${units.line(units.share(Math.max(...loads)))} the busiest`);
  figure("memory", units.bytes(last.residentBytes));
  detail("queued", `${units.line(units.bytes(last.queuedBytes))} queued`);
  figure("uptime", units.age(server === undefined ? null : last.time / 1000 - server.startTime));
  detail("version", server === undefined ? "–" : `version ${server.version}`);
}

function figure(id, [value, unit], suffix = "") {
  const small = document.createElement("small");
  small.textContent = value === "–" ? "" : `${unit}${suffix}`;
  byId(id).replaceChildren(value, small);
}

function detail(id, text, alarming = false) {
  const element = byId(id);
  element.textContent = text;
  element.classList.toggle("alarm", alarming);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const chart of charts) chart.redraw();
});
document.addEventListener("visibilitychange", show);
connect();
