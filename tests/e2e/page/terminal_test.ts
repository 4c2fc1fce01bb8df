/** The terminal page in Chromium: typing, drawing, fitting, on a desktop and on a phone. */

import { assert, assertEquals } from "@std/assert";
import { type Server, withServer } from "../../support/server.ts";
import { OVER_TLS } from "../../support/suite_tls.ts";
import { waitFor } from "../../support/wait_for.ts";
import { type Browser, browserTest, DESKTOP, PHONE, SOME_INK, Watched } from "./chromium.ts";

const WELCOME = "=== Async Deno Terminal ===";
/** Makes Chromium behave like a browser without WebGL. */
const WITHOUT_WEBGL = `{
  const getContext = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind.startsWith("webgl") ? null : getContext.call(this, kind, ...rest);
  };
}`;

/** The fixture of each step. */
interface Stage {
  browser: Browser;
  server: Server;
}

browserTest("page: the terminal in Chromium", async (browser, t) => {
  await withServer({ workers: 2 }, async (server) => {
    const stage = { browser, server };
    await t.step("typed keys are shown when their echo arrives", () => typing(stage));
    await t.step("Backspace deletes across a wrapped row", () => wrappedBackspace(stage));
    await t.step("a paste is sent completely, with its escapes made visible", () => paste(stage));
    await t.step("a paste that is too long is refused with a message", () => longPaste(stage));
    await t.step("the terminal follows the window's size", () => resizing(stage));
    await t.step("without WebGL the DOM renderer draws all colours", () => domRenderer(stage));
    await t.step("a lost WebGL context falls back to the DOM renderer", () => contextLoss(stage));
    await t.step("on a phone a tap gives the focus, and typing works", () => phone(stage));
    await t.step(
      "on a phone a key bar has the keys that the on-screen keyboard lacks",
      () => keyBar(stage),
    );
    await t.step("on a desktop there is no key bar", () => noKeyBar(stage));
    await t.step(
      "the on-screen keyboard takes rows and does not cover the cursor",
      () => keyboard(stage),
    );
    await t.step(
      "the light scheme is used, and a change while the page is open",
      () => schemes(stage),
    );
    await t.step("reduced motion stops the blinking", () => reducedMotion(stage));
    await t.step(
      "Shift+Tab leaves the terminal, and screen reader mode can be switched on",
      () => assistive(stage),
    );
    await t.step({
      name: "a second visit requests only the page again",
      // Chromium keeps nothing of a server whose certificate it was told to ignore.
      ignore: OVER_TLS,
      fn: () => secondVisit(stage),
    });
  });
});

async function typing({ browser, server }: Stage): Promise<void> {
  const watched = await Watched.open(browser, server.url, DESKTOP);
  const { keyboard } = watched.page;
  await watched.shows(WELCOME);
  await keyboard.type("typed in Chromiun");
  await keyboard.press("Backspace");
  await keyboard.type("m, é日");
  await keyboard.press("Enter");
  await keyboard.press("ArrowUp");
  await keyboard.press("Control+c");
  const text = await watched.shows("^C");
  assert(text.endsWith("\ntyped in Chromium, é日\n^[[A^C"), text);
  assertEquals(
    await watched.evaluate("document.querySelector('#screen').dataset.renderer"),
    "webgl",
  );
  assert(await watched.ink("desktop") > SOME_INK, "nothing is visible");
  assert(watched.requests.includes(`${server.wsUrl}/term`), watched.requests.join());
  await watched.close();
}

async function wrappedBackspace({ browser, server }: Stage): Promise<void> {
  const watched = await Watched.open(browser, server.url, {
    viewport: { width: 320, height: 500 },
  });
  await watched.shows(WELCOME);
  await watched.page.keyboard.press("Enter");
  const cols = await watched.evaluate<number>("terminal.cols");
  await watched.page.keyboard.type(`${"a".repeat(cols)}bc`);
  await watched.shows(`${"a".repeat(cols)}bc`);
  for (let i = 0; i < 4; i++) await watched.page.keyboard.press("Backspace");
  await watched.page.keyboard.type("X");
  const text = await watched.shows("X");
  assert(text.endsWith(`\n${"a".repeat(cols - 2)}X`), text);
  await watched.close();
}

/** Puts text on the page's clipboard and pastes it. */
async function pasteText(watched: Watched, text: string): Promise<void> {
  await watched.evaluate(`(() => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", ${JSON.stringify(text)});
    const paste = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
    document.querySelector(".xterm-helper-textarea").dispatchEvent(paste);
  })()`);
}

async function paste({ browser, server }: Stage): Promise<void> {
  const watched = await Watched.open(browser, server.url, DESKTOP);
  await watched.shows(WELCOME);
  await pasteText(watched, "one\ntwo \x1b[2J three");
  const text = await watched.shows("three");
  assert(text.endsWith("one\ntwo ^[[2J three"), text);
  assert(text.startsWith(WELCOME), "the paste cleared the screen");
  await watched.close();
}

async function longPaste({ browser, server }: Stage): Promise<void> {
  const watched = await Watched.open(browser, server.url, DESKTOP);
  await watched.shows(WELCOME);
  await pasteText(watched, "x".repeat(256 * 1024 + 1));
  await waitFor(() => watched.page.locator("#hint").isVisible(), { what: "the hint" });
  assertEquals(
    await watched.page.locator("#hint").textContent(),
    "Not sent: more than 256 KiB at once",
  );
  assert(!(await watched.text()).includes("xxx"));
  await watched.close();
}

async function resizing({ browser, server }: Stage): Promise<void> {
  const watched = await Watched.open(browser, server.url, DESKTOP);
  const size = () => watched.evaluate<string>("`${terminal.cols}×${terminal.rows}`");
  const wide = await size();
  await watched.page.setViewportSize({ width: 700, height: 500 });
  await waitFor(async () => await size() !== wide, { what: "fewer columns" });
  const [cols, rows] = (await size()).split("×").map(Number);
  const [wideCols, wideRows] = wide.split("×").map(Number);
  assert(cols! < wideCols! && rows! < wideRows!, `${wide} → ${cols}×${rows}`);
  assertEquals(await watched.page.locator("#size").textContent(), `${cols}×${rows}`);
  await watched.page.setViewportSize({ width: 1280, height: 800 });
  await waitFor(async () => await size() === wide, { what: "the previous number of columns" });
  assert(
    await watched.evaluate("document.documentElement.scrollHeight <= innerHeight"),
    "it scrolls",
  );
  await watched.close();
}

async function domRenderer({ browser, server }: Stage): Promise<void> {
  const watched = await Watched.open(browser, server.url, { ...DESKTOP, init: WITHOUT_WEBGL });
  await watched.shows(WELCOME);
  await watched.page.keyboard.type("drawn by the DOM");
  await watched.shows("drawn by the DOM");
  assertEquals(await watched.evaluate("document.querySelector('#screen').dataset.renderer"), "dom");
  // True colours and the minimum contrast are style attributes: the policy allows them.
  await watched.evaluate(`new Promise((done) =>
    terminal.write("\\r\\n\\x1b[38;2;255;120;10mtrue colour\\x1b[0m \\x1b[31mpalette\\x1b[0m", done))`);
  await waitFor(() => watched.page.getByText("true colour").isVisible(), { what: "the row" });
  const colour = `getComputedStyle([...document.querySelectorAll(".xterm-rows span")]
    .find((span) => span.textContent.startsWith("true"))).color`;
  assertEquals(await watched.evaluate(colour), "rgb(255, 120, 10)");
  assert(await watched.ink("desktop-dom") > SOME_INK, "nothing is visible");
  await watched.close();
}

async function contextLoss({ browser, server }: Stage): Promise<void> {
  const watched = await Watched.open(browser, server.url, DESKTOP);
  await watched.shows(WELCOME);
  await watched.evaluate(`[...document.querySelectorAll("canvas")]
    .map((canvas) => canvas.getContext("webgl2")).find(Boolean)
    .getExtension("WEBGL_lose_context").loseContext()`);
  const renderer = "document.querySelector('#screen').dataset.renderer";
  // xterm.js waits three seconds for the context to be restored.
  await waitFor(async () => await watched.evaluate(renderer) === "dom", {
    what: "the DOM renderer",
  });
  await watched.page.keyboard.type("still here");
  await watched.shows("still here");
  assert(await watched.ink("context-lost") > SOME_INK, "nothing is visible");
  await watched.close();
}

async function phone({ browser, server }: Stage): Promise<void> {
  const watched = await Watched.open(browser, server.url, PHONE);
  await watched.shows(WELCOME);
  await watched.evaluate("document.activeElement.blur()");
  await watched.page.touchscreen.tap(200, 700);
  const focused = "document.activeElement.className";
  await waitFor(
    async () => await watched.evaluate(focused) === "xterm-helper-textarea",
    { what: "the focus after a tap" },
  );
  await watched.page.keyboard.type("from a phone");
  await watched.shows("from a phone");
  assert(await watched.ink("phone") > SOME_INK, "nothing is visible");
  const cols = await watched.evaluate<number>("terminal.cols");
  assert(cols >= 40, `${cols} columns`);
  assert(await watched.evaluate("document.documentElement.scrollWidth <= innerWidth"), "too wide");
  await watched.close();
}

async function keyBar({ browser, server }: Stage): Promise<void> {
  const watched = await Watched.open(browser, server.url, {
    ...PHONE,
    viewport: { width: 320, height: 640 },
  });
  await watched.shows(WELCOME);
  const tap = (name: string) => watched.page.getByRole("button", { name, exact: true }).tap();
  for (const name of ["Esc", "Tab", "Left", "Up", "Down", "Right"]) await tap(name);
  // Ctrl applies to one key, typed or tapped; a second tap releases it.
  await tap("Ctrl");
  assert(await watched.page.getByRole("button", { name: "Ctrl", pressed: true }).isVisible());
  await watched.page.keyboard.type("cd");
  await tap("Ctrl");
  await tap("Left");
  await tap("Ctrl");
  await tap("Ctrl");
  await watched.page.keyboard.type("e");
  const text = await watched.shows("^[[1;5De");
  assert(text.replaceAll(/ +/g, " ").endsWith("^[ ^[[D^[[A^[[B^[[C^Cd^[[1;5De"), text);
  const focused = "document.activeElement.className";
  assertEquals(
    await watched.evaluate(focused),
    "xterm-helper-textarea",
    "the keyboard would close",
  );
  for (const key of await watched.page.locator("#keys button").all()) {
    const { x, y, width, height } = (await key.boundingBox())!;
    assert(height >= 44 && width >= 36, `${await key.textContent()}: ${width} × ${height}`);
    assert(x >= 0 && x + width <= 320 && y + height <= 640, `${x}, ${y}`);
  }
  await watched.ink("phone-keys", "#keys");
  await watched.close();
}

async function noKeyBar({ browser, server }: Stage): Promise<void> {
  const watched = await Watched.open(browser, server.url, DESKTOP);
  assert(await watched.page.locator("#keys").isHidden(), "the key bar is shown");
  await watched.close();
}

async function keyboard({ browser, server }: Stage): Promise<void> {
  const watched = await Watched.open(browser, server.url, PHONE);
  await watched.shows(WELCOME);
  const rows = await watched.evaluate<number>("terminal.rows");
  // Chromium has no on-screen keyboard here: the visual viewport is faked.
  await watched.evaluate(`(() => {
    Object.defineProperty(visualViewport, "height", { value: 500, configurable: true });
    visualViewport.dispatchEvent(new Event("resize"));
  })()`);
  await waitFor(async () => await watched.evaluate<number>("terminal.rows") < rows, {
    what: "fewer rows",
  });
  const edge = (selector: string, side: "top" | "bottom") =>
    watched.evaluate<number>(
      `document.querySelector("${selector}").getBoundingClientRect().${side}`,
    );
  assert(await edge("#keys", "bottom") <= 500, "the key bar is under the keyboard");
  assert(await edge(".xterm-screen", "bottom") <= await edge("#keys", "top"), "rows under the bar");
  await watched.close();
}

async function schemes({ browser, server }: Stage): Promise<void> {
  const watched = await Watched.open(browser, server.url, { ...DESKTOP, colorScheme: "light" });
  await watched.shows(WELCOME);
  const background = () => watched.evaluate<string>("terminal.options.theme.background");
  const light = await background();
  assert(await watched.ink("desktop-light") > SOME_INK, "nothing is visible");
  await watched.page.emulateMedia({ colorScheme: "dark" });
  await waitFor(async () => await background() !== light, { what: "the dark scheme" });
  await watched.close();
}

async function reducedMotion({ browser, server }: Stage): Promise<void> {
  const watched = await Watched.open(browser, server.url, { ...DESKTOP, reducedMotion: "reduce" });
  assertEquals(await watched.evaluate("terminal.options.cursorBlink"), false);
  await watched.page.emulateMedia({ reducedMotion: "no-preference" });
  await waitFor(() => watched.evaluate<boolean>("terminal.options.cursorBlink"), {
    what: "the blinking cursor",
  });
  await watched.close();
}

async function assistive({ browser, server }: Stage): Promise<void> {
  const watched = await Watched.open(browser, server.url, DESKTOP);
  await watched.shows(WELCOME);
  const { page } = watched;
  await page.keyboard.press("Shift+Tab");
  assertEquals(await watched.evaluate("document.activeElement.id"), "reader");
  await page.keyboard.press("Enter");
  const reader = page.getByRole("button", { name: "Screen reader mode", pressed: true });
  await waitFor(() => reader.isVisible(), { what: "the pressed button" });
  await page.keyboard.type("read out");
  // xterm.js keeps a tree of the rows for screen readers in this mode.
  const tree = page.locator(".xterm-accessibility-tree");
  await waitFor(async () => (await tree.textContent())?.includes("read out"), { what: "the tree" });
  assertEquals(await page.getByRole("status").textContent(), "Connected");
  await watched.close();
}

async function secondVisit({ browser, server }: Stage): Promise<void> {
  const watched = await Watched.open(browser, server.url, DESKTOP);
  await watched.page.goto(`${server.url}/`);
  await watched.state("connected");
  // Resource Timing: 0 octets transferred from the cache, 300 for a 304.
  const transferred = (type: string, over: number) =>
    watched.evaluate<string[]>(`performance.getEntriesByType("${type}")
      .filter(({ transferSize }) => transferSize > ${over}).map(({ name }) => name)`);
  assertEquals(await transferred("resource", 0), []);
  assertEquals(await transferred("navigation", 300), []);
  const loaded = await watched.evaluate<number>('performance.getEntriesByType("resource").length');
  assert(loaded >= 8, `only ${loaded} resources`);
  await watched.close();
}
