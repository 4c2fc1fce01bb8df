/**
 * The terminal of the page: connects xterm.js, the link to the server and the header.
 *
 * Loaded as a module after the classic scripts of xterm.js, which define `Terminal`, `FitAddon` and
 * `WebglAddon` on globalThis. Typed input is sent to /term and is shown only when the server echoes it.
 * `globalThis.terminal` is for the browser's console and for the tests.
 */

import { KeyBar } from "./key_bar.js";
import { echoOf } from "./keys.js";
import { Link } from "./link.js";
import { showConnection, showHint } from "./page_header.js";
import { drawByWebgl } from "./renderer.js";
import { ConnectionLoss } from "./connection_loss.js";
import { adoptStyleElements } from "./style_elements.js";

/** Characters in one message: a longer paste is refused, as sending it could take minutes. */
const LONGEST_INPUT = 256 * 1024;
/** Milliseconds that a hint is shown. */
const HINT_TIME = 3_000;
/** Milliseconds without a further change of size until the terminal is fitted. */
const REST_TIME = 60;

const STATE_TEXT = {
  connecting: "Connecting…",
  connected: "Connected",
  reconnecting: "Reconnecting",
  offline: "Offline",
};

/** Colours that the style sheet defines as --term-NAME and xterm.js reads as theme.NAME. */
const COLOURS = ["background", "foreground", "cursor", "cursorAccent", "selectionBackground"]
  .concat(["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"])
  .concat(["brightBlack", "brightRed", "brightGreen", "brightYellow", "brightBlue"])
  .concat(["brightMagenta", "brightCyan", "brightWhite"]);

const lightScheme = matchMedia("(prefers-color-scheme: light)");
const narrow = matchMedia("(max-width: 480px)");
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const screen = byId("screen");

// The page's Content-Security-Policy allows no inline sheet, and xterm.js creates two.
adoptStyleElements();

const terminal = new globalThis.Terminal({
  convertEol: true, // the server may end its lines with LF only
  cursorBlink: !reducedMotion.matches,
  cursorStyle: "bar",
  cursorWidth: 2,
  fontFamily: cssValue("--mono"),
  fontSize: narrow.matches ? 14 : 15,
  lineHeight: 1.2,
  minimumContrastRatio: 4.5, // WCAG 2.2 section 1.4.3, for any colours that are requested
  scrollback: 5_000,
  theme: theme(),
});
const fit = new globalThis.FitAddon.FitAddon();

let refitTimer = 0;

const loss = new ConnectionLoss(terminal);
const keyBar = new KeyBar(terminal, byId("keys"));
const link = new Link(socketUrl(), { onState: showState, onMessage: receive });

globalThis.terminal = terminal;
terminal.loadAddon(fit);
terminal.open(screen);
drawByWebgl(terminal, { screen, onFallBack: refit });
// Reverse wrap-around (DECSET 45): Backspace continues past the start of a wrapped row.
terminal.write("\x1b[?45h");
terminal.onData(send);
terminal.onResize(showSize);
terminal.attachCustomKeyEventHandler(leaveToBrowser);
followSize();
followPreferences();
followNetwork();
terminal.focus();
link.connect();

function socketUrl() {
  const url = new URL("/term", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** @param {Uint8Array} bytes */
function receive(bytes) {
  terminal.write(bytes);
}

/** @param {string} data a key or a paste, as xterm.js gives it */
function send(data) {
  const text = echoOf(keyBar.modify(data));
  if (text.length > LONGEST_INPUT) return hint("Not sent: more than 256 KiB at once");
  if (!link.send(text)) hint("Not sent: there is no connection");
}

/**
 * @param {import("./link.js").State} state
 * @param {number} seconds until the next attempt
 */
function showState(state, seconds) {
  const waiting = state === "reconnecting" || state === "offline";
  const countdown = waiting ? `in ${seconds} s` : "";
  showConnection({ state, text: STATE_TEXT[state], countdown, canRetry: waiting });
  if (state === "connected") byId("hint").hidden = true;
  loss.follow(state);
}

/** @param {string} text shown for some seconds */
function hint(text) {
  showHint(text, HINT_TIME);
}

/**
 * Decides which keys the terminal handles: false for keys that are left to the browser.
 *
 * @param {KeyboardEvent} event
 */
function leaveToBrowser(event) {
  if (event.type !== "keydown") return true;
  // Tab is input, so Shift+Tab leaves the terminal (WCAG 2.2 section 2.1.2).
  if (event.key === "Tab") return !event.shiftKey;
  if (!event.ctrlKey || event.altKey) return true;
  const key = event.key.toLowerCase();
  if (key === "c") return !terminal.hasSelection();
  return key !== "v";
}

function showSize() {
  byId("size").textContent = `${terminal.cols}×${terminal.rows}`;
  byId("size").hidden = false;
}

/** Fits the terminal to its element, whenever the size changes. */
function followSize() {
  new ResizeObserver(refit).observe(screen);
  visualViewport?.addEventListener("resize", followKeyboard);
  visualViewport?.addEventListener("scroll", followKeyboard);
  fit.fit();
  showSize();
}

/**
 * Fits the terminal when the size no longer changes. A resized canvas is empty for one frame: without the
 * delay it would flicker while a window is dragged or a keyboard slides in.
 */
function refit() {
  clearTimeout(refitTimer);
  refitTimer = setTimeout(() => fit.fit(), REST_TIME);
}

/** Keeps the page within the area that the on-screen keyboard leaves visible. */
function followKeyboard() {
  // Zoomed by the user: the page keeps its size and is scrolled.
  if (visualViewport === null || visualViewport.scale !== 1) return;
  const { style } = document.documentElement;
  style.setProperty("--visible-height", `${visualViewport.height}px`);
  style.setProperty("--visible-top", `${visualViewport.offsetTop}px`);
}

function followPreferences() {
  lightScheme.addEventListener("change", () => terminal.options.theme = theme());
  reducedMotion.addEventListener("change", () => {
    terminal.options.cursorBlink = !reducedMotion.matches;
  });
  const reader = byId("reader");
  reader.addEventListener("click", () => {
    terminal.options.screenReaderMode = !terminal.options.screenReaderMode;
    reader.setAttribute("aria-pressed", String(terminal.options.screenReaderMode));
    terminal.focus();
  });
}

/** Reconnects at once on events that make success likely. */
function followNetwork() {
  const connect = () => link.connect();
  byId("retry").addEventListener("click", () => {
    connect();
    terminal.focus();
  });
  globalThis.addEventListener("online", connect);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") connect();
  });
  // A tap beside the terminal's rows gives it the focus too.
  screen.addEventListener("click", () => terminal.focus());
}

function theme() {
  return Object.fromEntries(COLOURS.map((name) => [name, cssValue(`--term-${name}`)]));
}

/** @param {string} name of a custom property of the page */
function cssValue(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
