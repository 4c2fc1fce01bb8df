/** The demo chat in Chromium: windows of every size, what somebody else may write, and restarts of the server. */

import { assert, assertEquals } from "@std/assert";
import { type Server, startServer, withServer } from "../../support/server.ts";
import { waitFor } from "../../support/wait_for.ts";
import { WsClient } from "../../support/ws_client.ts";
import { type Browser, browserTest, DESKTOP, PHONE, Watched } from "./chromium.ts";

const OPTIONS = { workers: 2, args: ["--endpoints", "demo"] } as const;
const NAMES = ["Ada", "Ben", "Cleo", "Dan"];
const EXACT = { exact: true };
const SCREENS = [
  { ...DESKTOP, colorScheme: "dark" },
  { ...DESKTOP, colorScheme: "light" },
  { ...PHONE, colorScheme: "dark" },
  { ...PHONE, colorScheme: "light" },
] as const;
/** Lets a test close the connection, and keep the page from opening another one: its policy forbids that address. */
const CUTTABLE = `
  globalThis.sockets = [];
  globalThis.isCut = false;
  globalThis.WebSocket = class extends WebSocket {
    constructor(url) {
      super(globalThis.isCut ? "ws://127.0.0.1:1/" : url);
      sockets.push(this);
    }
  };
`;

browserTest("page: the demo chat in Chromium", async (browser, t) => {
  await t.step("in four windows", (t) => inFourWindows(browser, t));
  await t.step("it recovers what was written while it was away", () => recovers(browser));
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    await t.step(
      `it goes on over a restart of the server, ${signal}, without a lost line`,
      () => restarted(browser, signal),
    );
  }
});

async function inFourWindows(browser: Browser, t: Deno.TestContext): Promise<void> {
  await withServer(OPTIONS, async (server) => {
    const windows = await openAll(browser, server);
    const [ada, ben, , dan] = windows as [Watched, Watched, Watched, Watched];
    await t.step("all see who is there", async () => {
      for (const [i, window] of windows.entries()) {
        const others = NAMES.filter((_, of) => of !== i).sort();
        await shows(window, "#people", `${NAMES[i]} (you)${others.join("")}`);
        assertEquals(await textOf(window, "#people-count"), "4");
      }
    });
    await t.step("a line reaches all, once", async () => {
      await write(ada, "hello, all");
      await write(dan, "hello, Ada");
      for (const window of windows) {
        await linesAre(window, ["Ada: hello, all", "Dan: hello, Ada"]);
      }
      assertEquals(await countOf(ada, "#lines .own"), 1);
      assertEquals(await countOf(ben, "#lines .own"), 0);
    });
    await t.step("others see who is typing, until the line is there", async () => {
      await ben.page.getByLabel("Line", EXACT).pressSequentially("I am");
      for (const window of [ada, dan]) await shows(window, "#typing", "Ben is typing…");
      assertEquals(await textOf(ben, "#typing"), "");
      await dan.page.getByLabel("Line", EXACT).pressSequentially("x");
      await shows(ada, "#typing", "Ben and Dan are typing…");
      await dan.page.getByLabel("Line", EXACT).fill("");
      await shows(ada, "#typing", "Ben is typing…");
      await ben.page.keyboard.press("Enter");
      await linesEnd(ada, "Ben: I am");
      await shows(ada, "#typing", "");
    });
    await t.step("a new name is told", async () => {
      await ada.page.getByLabel("Name").fill("Augusta");
      await ada.page.getByLabel("Name").press("Tab");
      await shows(dan, "#people", "Dan (you)AugustaBenCleo");
    });
    await t.step("what somebody wrote is text, and what is no line is not shown", async () => {
      await using hostile = await Hostile.open(server);
      const text = "<img src=x onerror=document.title='x'><script>1</script>";
      await hostile.publish({ id: "1", name: "<b>Eve</b>\u202e\n\n", text });
      for (const data of [null, 1, "a", [], { id: 2, text: "no" }, { id: "3", text: " " }]) {
        await hostile.publish(data);
      }
      await hostile.publish({ id: "4", name: 7, text: "last", at: "no time" });
      await hostile.publish({ id: "4", name: "Eve", text: "twice", at: 1e99 });
      await linesEnd(ben, "Guest: last");
      const lines = await linesOf(ben);
      assertEquals(lines.slice(-2), [`<b>Eve</b>: ${text}`, "Guest: last"]);
      assertEquals(await countOf(ben, "#lines img, #lines script, #lines b"), 0);
    });
    await t.step("nothing is off the screen, and every field has a label", async () => {
      for (const [i, window] of windows.entries()) {
        const [wide, inner] = await window.evaluate<[number, number]>(
          "[document.documentElement.scrollWidth, innerWidth]",
        );
        assert(wide <= inner, `${wide} points on a screen of ${inner}`);
        const labelled =
          "[...document.querySelectorAll('input')].every(({ labels }) => labels.length)";
        assert(await window.evaluate(labelled), "a field without a label");
        const send = await window.page.getByRole("button", { name: "Send" }).boundingBox();
        assert(
          send !== null && send.y + send.height <= await window.evaluate<number>("innerHeight"),
        );
        await window.ink(`demo-${i < 2 ? "desktop" : "phone"}-${SCREENS[i]!.colorScheme}`, "main");
      }
    });
    await t.step("the keyboard reaches everything", async () => {
      await ada.page.getByLabel("Line", EXACT).focus();
      const reached: unknown[] = [];
      for (let i = 0; i < 4; i++) {
        await ada.page.keyboard.press("Shift+Tab");
        reached.push(await ada.evaluate("document.activeElement.id"));
      }
      assertEquals(reached.slice(0, 3), ["name", "scroll", "people"]);
    });
    await t.step("who reads older lines is not moved, and finds the newest ones", async () => {
      for (let i = 0; i < 30; i++) await write(ben, `line ${i}`);
      await linesEnd(dan, "Ben: line 29");
      await dan.evaluate("document.getElementById('scroll').scrollTop = 0");
      await write(ada, "news");
      const button = dan.page.getByRole("button", { name: "1 new line" });
      await waitFor(() => button.isVisible(), { what: "the button" });
      assertEquals(await dan.evaluate("document.getElementById('scroll').scrollTop"), 0);
      await button.click();
      await waitFor(() => button.isHidden(), { what: "the end of the lines" });
    });
    for (const window of windows) await window.close();
  });
}

async function recovers(browser: Browser): Promise<void> {
  await withServer(OPTIONS, async (server) => {
    const [ada, ben] = [
      await open(browser, server, "Ada", { ...DESKTOP, init: CUTTABLE }),
      await open(browser, server, "Ben", DESKTOP),
    ];
    await write(ben, "before");
    await linesAre(ada, ["Ben: before"]);
    await ada.evaluate("globalThis.isCut = true, sockets.at(-1).close()");
    await shows(ben, "#people-count", "1");
    await write(ben, "between");
    await write(ada, "from away");
    await shows(ada, "#waiting", "from awaywaits for the connection");
    await ada.evaluate("globalThis.isCut = false");
    for (const window of [ada, ben]) {
      await linesAre(window, ["Ben: before", "Ben: between", "Ada: from away"]);
    }
    const [note] = await notesOf(ada);
    assert(/^Connected again after .+: 1 line came meanwhile$/.test(note ?? ""), note);
    assertEquals(await notesOf(ben), []);
    await ben.close();
    await ada.page.context().close();
  });
}

async function restarted(browser: Browser, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const first = await startServer(OPTIONS);
  let second: Server | undefined;
  try {
    const windows = await openAll(browser, first);
    const [ada, ben] = windows as [Watched, Watched];
    await write(ada, "one");
    await write(ben, "two");
    await linesEnd(ada, "Ben: two");
    await first.stop(signal);
    await waitFor(() => ada.page.locator("#retry").isVisible(), { what: "the loss" });
    await write(ada, "three");
    await write(ben, "four");
    await ada.ink(`demo-lost-${signal}`, "main");
    second = await startServer({ ...OPTIONS, port: first.port });
    const all = ["Ada: one", "Ben: two", "Ada: three", "Ben: four"];
    for (const window of windows) {
      let lines: string[] = [];
      await waitFor(async () => (lines = await linesOf(window)).length >= all.length, {
        what: () => `all lines, not ${lines.join(", ")}`,
      });
      await window.state("connected");
      assertEquals(lines.toSorted(), all.toSorted());
      const notes = await notesOf(window);
      assertEquals(notes.length, 1, notes.join("\n"));
      assert(notes[0]!.includes("its memory of the chat is gone"), notes[0]);
      assertEquals(await textOf(window, "#waiting"), "");
    }
    await shows(ada, "#people-count", "4");
    await ada.ink(`demo-restarted-${signal}`, "main");
    // Who comes now gets what the windows had written last.
    const late = await open(browser, second, "Eve", DESKTOP);
    await waitFor(async () => (await linesOf(late)).length === all.length, { what: "all lines" });
    for (const window of [late, ...windows]) await window.page.context().close();
  } finally {
    await second?.[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
  }
}

async function openAll(browser: Browser, server: Server): Promise<Watched[]> {
  const windows: Watched[] = [];
  for (const [i, name] of NAMES.entries()) {
    windows.push(await open(browser, server, name, SCREENS[i]!));
  }
  return windows;
}

async function open(
  browser: Browser,
  server: Server,
  name: string,
  options: Parameters<typeof Watched.open>[2],
): Promise<Watched> {
  const init = `sessionStorage.setItem("name", ${JSON.stringify(name)});${options.init ?? ""}`;
  return await Watched.open(browser, server.url, { ...options, init, path: "/demo/" });
}

/** Somebody who writes what the page does not. */
class Hostile implements AsyncDisposable {
  readonly #socket: WsClient;
  #lastId = 2;

  private constructor(socket: WsClient) {
    this.#socket = socket;
  }

  static async open(server: Server): Promise<Hostile> {
    const socket = await WsClient.open(`${server.wsUrl}/connection/websocket`);
    socket.send('{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"demo:lobby"}}');
    await socket.next();
    return new Hostile(socket);
  }

  /** Publishes any JSON; fulfilled when the server has answered something. */
  async publish(data: unknown): Promise<void> {
    const publish = { channel: "demo:lobby", data };
    this.#socket.send(JSON.stringify({ id: ++this.#lastId, publish }));
    await this.#socket.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket[Symbol.asyncDispose]();
  }
}

async function write({ page }: Watched, text: string): Promise<void> {
  await page.getByLabel("Line", EXACT).fill(text);
  await page.getByLabel("Line", EXACT).press("Enter");
}

function textOf(window: Watched, selector: string): Promise<string> {
  return window.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent.trim()`);
}

function countOf(window: Watched, selector: string): Promise<number> {
  return window.evaluate(`document.querySelectorAll(${JSON.stringify(selector)}).length`);
}

async function shows(window: Watched, selector: string, wanted: string): Promise<void> {
  let text = "";
  await waitFor(async () => (text = await textOf(window, selector)) === wanted, {
    what: () => `${wanted} in ${selector}, which has ${text}; ${window.complaints.join("; ")}`,
  });
}

/** The lines as `name: text`. */
function linesOf(window: Watched): Promise<string[]> {
  return window.evaluate(`[...document.querySelectorAll("#lines .line")].map((line) =>
    line.querySelector(".name").textContent + ": " + line.querySelector(".text").textContent)`);
}

function notesOf(window: Watched): Promise<string[]> {
  return window.evaluate(
    `[...document.querySelectorAll("#lines .note")].map(({ textContent }) => textContent)`,
  );
}

async function linesAre(window: Watched, wanted: readonly string[]): Promise<void> {
  let lines: string[] = [];
  const done = async () => {
    lines = await linesOf(window);
    return lines.join("\n") === wanted.join("\n");
  };
  await waitFor(done, { what: () => `${wanted.join(", ")} instead of ${lines.join(", ")}` });
}

async function linesEnd(window: Watched, wanted: string): Promise<void> {
  let lines: string[] = [];
  await waitFor(async () => (lines = await linesOf(window)).at(-1) === wanted, {
    what: () => `${wanted} at the end of ${lines.join(", ")}`,
  });
}
