/** The page in Chromium if its server goes away, and when it comes back. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Server, startServer, withServer } from "../../support/server.ts";
import { waitFor } from "../../support/wait_for.ts";
import { type Browser, browserTest, DESKTOP, PHONE, SOME_INK, Watched } from "./chromium.ts";

const WELCOME = "=== Async Deno Terminal ===";
const TITLE = "async-deno terminal";
/** The lines between the last text before a lost connection and the first text after it. */
const RECONNECT_LINES = new RegExp(
  [
    "before",
    "── connection lost at \\d\\d:\\d\\d:\\d\\d ──",
    "── connected again at \\d\\d:\\d\\d:\\d\\d, after \\d+ s ──",
    WELCOME,
  ].join("\n"),
);

browserTest("page: reconnecting in Chromium", async (browser, t) => {
  await t.step(
    "a lost server is shown, keys are refused, and the page reconnects by itself",
    async () => {
      await restarted(browser, { during: refusedKeys, back: nothing });
    },
  );
  await t.step("the button connects at once", async () => {
    await restarted(browser, { during: freezeTimers, back: pressRetry });
  });
  await t.step("the page reconnects at once when the network returns", async () => {
    await restarted(browser, { during: freezeTimers, back: dispatch("globalThis", "online") });
  });
  await t.step("the page reconnects at once when it becomes visible", async () => {
    const back = dispatch("document", "visibilitychange");
    await restarted(browser, { during: freezeTimers, back });
  });
  await t.step("without a network the page says so", async () => {
    await restarted(browser, { during: offline, back: online });
  });
  await t.step("the alternate screen is left when its connection is lost", async () => {
    await restarted(browser, { during: alternateGone, back: nothing, before: alternate });
  });
  await t.step("a silent server is given up after ten seconds", async () => {
    await withServer({ workers: 1 }, (server) => silence(browser, server));
  });
});

type Act = (watched: Watched) => Promise<void>;

/** Opens the page, stops the server, acts, restarts it on its port, acts, and checks. */
async function restarted(
  browser: Browser,
  { during, back, before = nothing }: { during: Act; back: Act; before?: Act },
): Promise<void> {
  const first = await startServer({ workers: 1 });
  let second: Server | undefined;
  try {
    const watched = await Watched.open(browser, first.url, DESKTOP);
    assertEquals(await watched.page.title(), TITLE);
    await watched.shows(WELCOME);
    await watched.page.keyboard.type("before");
    await watched.shows("before");
    await before(watched);
    const { port } = first;
    assertEquals(watched.complaints, []);
    await first.stop();
    await lost(watched);
    await during(watched);
    second = await startServer({ workers: 1, port });
    await back(watched);
    await watched.state("connected");
    const text = await secondWelcome(watched);
    assertMatch(text, RECONNECT_LINES);
    assertEquals(await watched.page.title(), TITLE);
    await watched.page.keyboard.type("after");
    await watched.shows("after");
    assertEquals(await watched.page.getByRole("status").textContent(), "Connected");
    assert(await watched.page.locator("#retry").isHidden(), "the button is still there");
    await watched.page.context().close();
  } finally {
    await second?.[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
  }
}

async function lost(watched: Watched): Promise<void> {
  await waitFor(() => watched.page.locator("#retry").isVisible(), { what: "the button" });
  assertEquals(await watched.page.title(), `⚠ Connection lost – ${TITLE}`);
}

async function secondWelcome(watched: Watched): Promise<string> {
  let text = "";
  await waitFor(async () => (text = await watched.text()).split(WELCOME).length === 3, {
    what: () => `a second welcome in:\n${text}`,
  });
  return text;
}

async function refusedKeys(watched: Watched): Promise<void> {
  await watched.state("reconnecting");
  // During an attempt it is "Connecting…".
  const status = watched.page.getByRole("status");
  await waitFor(async () => await status.textContent() === "Reconnecting", { what: "the status" });
  // While it tries, there is no countdown.
  const countdown = watched.page.locator("#countdown");
  await waitFor(async () => /^in \d+ s$/.test(await countdown.textContent() ?? ""), {
    what: "the countdown",
  });
  await watched.page.keyboard.type("lost keys");
  const hint = watched.page.getByRole("alert");
  await waitFor(() => hint.isVisible(), { what: "the hint" });
  assertEquals(await hint.textContent(), "Not sent: there is no connection");
  await watched.ink("desktop-reconnecting");
  await watched.page.setViewportSize(PHONE.viewport!);
  await waitFor(async () => await watched.ink("phone-reconnecting") > SOME_INK, {
    what: "the terminal's text on the smaller screen",
  });
  const header = "document.querySelector('header')";
  assert(await watched.evaluate(`${header}.scrollWidth <= innerWidth`), "the header is too wide");
  await watched.page.setViewportSize(DESKTOP.viewport!);
  const text = await watched.text();
  assertMatch(
    text,
    /before\n── connection lost at [\d:]+ ──$/,
    "keys typed without a connection must not be shown",
  );
}

function nothing(): Promise<void> {
  return Promise.resolve();
}

/** Stops the page's timers while it waits, so that only an event can cause an attempt. */
async function freezeTimers(watched: Watched): Promise<void> {
  // Check and clear in one task of the page: a running attempt would set another timer.
  const frozen = () =>
    watched.evaluate<boolean>(`(() => {
      if (document.documentElement.dataset.state !== "reconnecting") return false;
      for (let id = setTimeout(() => {}); id > 0; id--) clearTimeout(id);
      return true;
    })()`);
  await waitFor(frozen, { what: "a moment between two attempts" });
}

async function pressRetry(watched: Watched): Promise<void> {
  await watched.page.getByRole("button", { name: "Retry now" }).click();
}

async function alternate(watched: Watched): Promise<void> {
  await watched.evaluate(
    'new Promise((done) => terminal.write("\\x1b[?1049h\\x1b[31mfull screen\\x1b[38;5", done))',
  );
}

async function alternateGone(watched: Watched): Promise<void> {
  await watched.shows("── connection lost at ");
  assertEquals(await watched.evaluate("terminal.buffer.active.type"), "normal");
}

function dispatch(target: string, event: string): Act {
  return async (watched) => {
    await watched.evaluate(`${target}.dispatchEvent(new Event("${event}"))`);
  };
}

async function offline(watched: Watched): Promise<void> {
  await watched.page.context().setOffline(true);
  await watched.state("offline");
  const status = watched.page.getByRole("status");
  // The page keeps trying, because the server may be on this machine: in between it shows the status.
  const showsOffline = async () => await status.textContent() === "Offline";
  await waitFor(showsOffline, { what: "the status to be Offline" });
}

async function online(watched: Watched): Promise<void> {
  await watched.page.context().setOffline(false);
}

async function silence(browser: Browser, server: Server): Promise<void> {
  const watched = await Watched.open(browser, server.url, DESKTOP);
  await watched.shows(WELCOME);
  // Stopped by a signal, the server neither answers nor closes: like a machine without a network.
  server.kill("SIGSTOP");
  try {
    await watched.page.keyboard.type("anybody there");
    await lost(watched);
  } finally {
    server.kill("SIGCONT");
  }
  await watched.state("connected");
  await secondWelcome(watched);
  await watched.page.context().close();
}
