/**
 * The Pusher protocol in a real Chromium: the browser builds of npm `pusher-js` and `laravel-echo`, in pages of a website that says who may
 * subscribe, while the server is another origin that is stopped, killed and started again.
 */

import { assert, assertEquals } from "@std/assert";
import type { Page } from "npm:playwright-core@1.64.1";
import { PUSHER_SECRET, pusherLibrary } from "../../support/pusher_server.ts";
import { PusherWebsite } from "../../support/pusher_website.ts";
import { type Server, startServer } from "../../support/server.ts";
import { OVER_TLS } from "../../support/suite_tls.ts";
import { waitFor } from "../../support/wait_for.ts";
import { type Browser, browserTest } from "./chromium.ts";

const CONFIG = `[pusher.apps.shop]
id = "1"
key = "shop-key"
secret_variable = "APP_SECRET"
client_events = true
`;
const CHANNELS = ["orders", "private-a", "presence-room"];

/**
 * Opens all channels and notes what comes, each with a client of its own kind. `state` is the connection's; `whisper` sends an event to the
 * other members of a channel; `members` are the names in the presence channel.
 */
const CLIENTS = {
  "pusher-js": `(options, note) => {
    const pusher = new Pusher("shop-key", options);
    for (const name of ${JSON.stringify(CHANNELS)}) {
      const channel = pusher.subscribe(name);
      channel.bind("pusher:subscription_succeeded", () => note("subscribed", name));
      channel.bind("pusher:subscription_error", ({ status }) => note("refused", name, status));
      channel.bind("placed", ({ id }) => note("placed", name, id));
      channel.bind("client-typing", ({ id }, { user_id = "" } = {}) =>
        note("typing", name, id, user_id));
    }
    globalThis.members = () => {
      const names = [];
      pusher.channel("presence-room").members.each(({ info }) => names.push(info.name));
      return names.sort();
    };
    globalThis.whisper = (name, id) => pusher.channel(name).trigger("client-typing", { id });
    return pusher;
  }`,
  "laravel-echo": `(options, note) => {
    const echo = new Echo({ broadcaster: "reverb", key: "shop-key", ...options });
    const channels = {
      "orders": echo.channel("orders"),
      "private-a": echo.private("a"),
      "presence-room": echo.join("room"),
    };
    for (const [name, channel] of Object.entries(channels)) {
      channel.subscribed(() => note("subscribed", name));
      channel.error(({ status }) => note("refused", name, status));
      channel.listen(".placed", ({ id }) => note("placed", name, id));
      if (name === "orders") continue;
      channel.listenForWhisper("typing", ({ id }, { user_id = "" } = {}) =>
        note("typing", name, id, user_id));
    }
    let members = [];
    channels["presence-room"]
      .here((users) => members = users.map(({ name }) => name))
      .joining(({ name }) => members.push(name))
      .leaving(({ name }) => members = members.filter((other) => other !== name));
    globalThis.members = () => members.toSorted();
    globalThis.whisper = (name, id) => channels[name].whisper("typing", { id });
    return echo.connector.pusher;
  }`,
};

/** A window with one client. */
class Window {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  /** @param user undefined: a visitor who may subscribe to public channels alone */
  static async open(
    browser: Browser,
    website: PusherWebsite,
    server: Server,
    kind: typeof KINDS[number],
    user?: string,
  ): Promise<Window> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${website.origin}/${user === undefined ? "" : `?user=${user}`}`);
    // As in docs/pusher.md.
    const options = JSON.stringify({
      cluster: "",
      wsHost: "127.0.0.1",
      [OVER_TLS ? "wssPort" : "wsPort"]: server.port,
      forceTLS: OVER_TLS,
      enabledTransports: ["ws", "wss"],
    });
    await page.evaluate(`(() => {
      globalThis.seen = [];
      const note = (...words) => seen.push(words.filter((word) => word !== "").join(" "));
      const pusher = (${CLIENTS[kind]})(${options}, note);
      globalThis.state = () => pusher.connection.state;
      globalThis.socketId = () => pusher.connection.socket_id;
    })()`);
    return new Window(page);
  }

  evaluate<T>(expression: string): Promise<T> {
    return this.#page.evaluate(expression) as Promise<T>;
  }

  /** Waits until exactly these have come, in any order, and forgets them. */
  async sees(...wanted: string[]): Promise<void> {
    let seen: string[] = [];
    await waitFor(async () => {
      seen = await this.evaluate<string[]>("seen");
      return seen.length >= wanted.length;
    }, { what: () => `${wanted.join(", ")}, not only ${seen.join(", ")}` });
    assertEquals((await this.evaluate<string[]>("seen.splice(0)")).sort(), wanted.sort());
  }

  /** Waits for the end of the connection. */
  async isLost(): Promise<void> {
    await waitFor(() => this.evaluate("state() !== 'connected'"), { what: "its end" });
  }

  /**
   * After a refused connection pusher-js waits 15 seconds, then 30, then 60, unless the browser says that its network is back. A client that
   * has not tried yet does so a second after its connection broke.
   */
  async tryAgain(): Promise<void> {
    // Each such event ends the attempt under way.
    const online = `(() => {
      const now = performance.now();
      if (state() === "connected" || now < (globalThis.nextTry ?? 0)) return;
      globalThis.nextTry = now + 1000;
      dispatchEvent(new Event("online"));
    })()`;
    await waitFor(async () => {
      await this.evaluate(online);
      return await this.evaluate("state() === 'connected'");
    }, { what: "the connection" });
  }

  /** Waits until these are in the presence channel. */
  async hasMembers(...wanted: string[]): Promise<void> {
    let members: string[] = [];
    const isRight = async () => {
      members = await this.evaluate<string[]>("members()");
      return members.join() === wanted.join();
    };
    await waitFor(isRight, { what: () => `the members ${wanted}, not ${members}` });
  }

  close(): Promise<void> {
    return this.#page.context().close();
  }
}

const KINDS = ["pusher-js", "laravel-echo"] as const;
const subscribed = CHANNELS.map((name) => `subscribed ${name}`);
const placed = (id: number) => CHANNELS.map((name) => `placed ${name} ${id}`);

/** Publishes as npm `pusher` does, by fetch: that trusts the authority of a suite over TLS. */
async function place(server: Server, id: number): Promise<void> {
  const path = "/apps/1/events";
  const body = JSON.stringify({ name: "placed", channels: CHANNELS, data: JSON.stringify({ id }) });
  const query = pusherLibrary().createSignedQueryString({ method: "POST", path, body });
  const response = await fetch(`${server.url}${path}?${query}`, { method: "POST", body });
  assertEquals([response.status, await response.text()], [200, "{}"]);
}

/** Events of both clients reach the other one, and not themselves. */
async function exchange(server: Server, windows: readonly Window[], id: number) {
  const [one, two] = windows as [Window, Window];
  for (const name of ["private-a", "presence-room"]) {
    for (const window of [one, two]) {
      await window.evaluate(`whisper(${JSON.stringify(name)}, ${id})`);
    }
  }
  await place(server, id);
  const typing = (user: number) => [`typing private-a ${id}`, `typing presence-room ${id} ${user}`];
  await one.sees(...typing(2), ...placed(id));
  await two.sees(...typing(1), ...placed(id));
}

browserTest("page: pusher-js and laravel-echo in Chromium", async (browser, t) => {
  await using website = new PusherWebsite();
  const path = await Deno.makeTempFile({ prefix: "async-deno-test-", suffix: ".toml" });
  await Deno.writeTextFile(path, CONFIG);
  const options = {
    workers: 2,
    args: ["--config", path, "--origin", website.origin],
    env: { APP_SECRET: PUSHER_SECRET },
  };
  let server = await startServer(options);
  try {
    const windows = await Promise.all(
      KINDS.map((kind, i) => Window.open(browser, website, server, kind, String(i + 1))),
    );
    const [one, two] = windows as [Window, Window];
    for (const window of windows) await window.sees(...subscribed);

    await t.step("events of backends and clients reach all channels", async () => {
      await exchange(server, windows, 1);
      for (const window of windows) await window.hasMembers("User 1", "User 2");
    });

    await t.step("who may not subscribe is refused, and gets what is public", async () => {
      const strangers = await Promise.all(
        KINDS.map((kind) => Window.open(browser, website, server, kind)),
      );
      const refused = CHANNELS.slice(1).map((name) => `refused ${name} 403`);
      for (const stranger of strangers) await stranger.sees("subscribed orders", ...refused);
      await place(server, 2);
      for (const stranger of strangers) await stranger.sees("placed orders 2");
      for (const window of windows) await window.sees(...placed(2));
      for (const stranger of strangers) await stranger.close();
    });

    let id = 2;
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      await t.step(`they come back after ${signal} and a start, to all channels`, async () => {
        const before = await Promise.all(windows.map((one) => one.evaluate("socketId()")));
        await server.stop(signal);
        for (const window of windows) await window.isLost();
        const { port } = server;
        await server[Symbol.asyncDispose]();
        server = await startServer({ ...options, port });
        for (const window of windows) await window.tryAgain();
        for (const window of windows) await window.sees(...subscribed);
        for (const window of windows) await window.hasMembers("User 1", "User 2");
        const after = await Promise.all(windows.map((one) => one.evaluate("socketId()")));
        assert(after.every((socketId) => !before.includes(socketId)));
        await exchange(server, windows, ++id);
      });
    }
    await two.close();
    await one.hasMembers("User 1");
    await one.close();
  } finally {
    await server[Symbol.asyncDispose]();
    await Deno.remove(path);
  }
});
