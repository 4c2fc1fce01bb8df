/** `/channels/sse` with the EventSource of a real Chromium, which comes back by itself. */

import { assert, assertEquals } from "@std/assert";
import type { Page } from "npm:playwright-core@1.64.1";
import { parseOriginPattern } from "../../../protocol/mod.ts";
import { Backend, sign } from "../../support/channel_backend.ts";
import { waitFor } from "../../support/wait_for.ts";
import { type Browser, browserTest } from "./chromium.ts";
import "../../support/load_libc.ts";

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

/** A page with an EventSource of this address: `seen` has its events, `source` is it. */
async function open(
  browser: Browser,
  page: string,
  address: string | (() => Promise<string>),
): Promise<Page> {
  const opened = await (await browser.newContext()).newPage();
  await opened.goto(page);
  const url = typeof address === "string" ? address : await address();
  await opened.evaluate(`(() => {
    globalThis.seen = [];
    globalThis.source = new EventSource(${JSON.stringify(url)});
    source.onopen = () => seen.push(["open"]);
    for (const type of ["message", "lost", "typing", "disconnect"]) {
      source.addEventListener(type, ({ data }) => seen.push([type, JSON.parse(data)]));
    }
  })()`);
  return opened;
}

/** What it has seen; an event is its type, and for a publication channel and offset. */
async function seenIn(page: Page): Promise<string[]> {
  const seen = await page.evaluate("seen") as [string, Record<string, unknown>?][];
  return seen.map(([type, data]) =>
    data?.["channel"] === undefined ? type : `${type} ${data["channel"]} ${data["offset"]}`
  );
}

async function waitUntil(page: Page, done: (seen: string[]) => boolean): Promise<string[]> {
  let seen: string[] = [];
  await waitFor(async () => done(seen = await seenIn(page)), {
    what: () => `more than ${seen.join(", ")}`,
  });
  return seen;
}

browserTest("page: an EventSource of channels in Chromium", async (browser, t) => {
  await t.step("comes back by itself, and gets each publication exactly once", async () => {
    await using backend = await Backend.start();
    const query = `channel=chat:a&channel=chat:b&token=${await sign({ sub: "alice" })}`;
    const page = await open(
      browser,
      backend.url("/healthz"),
      backend.url(`/channels/sse?${query}`),
    );
    await waitUntil(page, (seen) => seen.length === 1);
    // Ended before any event: an id without data counts too.
    await backend.ask("disconnect", { user: "alice" });
    await waitUntil(page, (seen) => seen.includes("disconnect"));
    await backend.publish("chat:a", 1);
    await backend.publish("chat:b", 1, { tags: { event: "typing" } });
    await waitUntil(page, (seen) => seen.length === 5);
    await backend.publish("chat:a", 2);
    await waitUntil(page, (seen) => seen.length === 6);
    await backend.ask("disconnect", { user: "alice" });
    await backend.publish("chat:a", 3);
    const seen = await waitUntil(page, (seen) => seen.includes("message chat:a 3"));
    assertEquals(seen, [
      "open",
      "disconnect",
      "open",
      "message chat:a 1",
      "typing chat:b 1",
      "message chat:a 2",
      "disconnect",
      "open",
      "message chat:a 3",
    ]);
    await page.context().close();
  });

  await t.step("is told first what is lost after a restart", async () => {
    const first = await Backend.start();
    const { port } = first.server.executor.address as { port: number };
    const url = first.url("/channels/sse?channel=chat:a");
    const page = await open(browser, first.url("/healthz"), url);
    await waitUntil(page, (seen) => seen.length === 1);
    await first.publish("chat:a", 1);
    await waitUntil(page, (seen) => seen.length === 2);
    await first[Symbol.asyncDispose]();
    await using second = await Backend.start({}, { port });
    await waitUntil(page, (seen) => seen.includes("lost"));
    await second.publish("chat:a", 1);
    const seen = await waitUntil(page, (seen) => seen.length === 6);
    const [before, after] = [["open", "message chat:a 1", "disconnect"], ["open", "lost"]];
    assertEquals(seen, [...before, ...after, "message chat:a 1"]);
    await page.context().close();
  });

  await t.step("stays away when its token has expired", async () => {
    await using backend = await Backend.start({ allowAnonymousConnect: false });
    // When the page is there, so that it does not expire before.
    const url = async () => {
      const token = await sign({ sub: "alice", exp: inSeconds(4) });
      return backend.url(`/channels/sse?channel=chat:a&token=${token}`);
    };
    const page = await open(browser, backend.url("/healthz"), url);
    await waitFor(async () => await page.evaluate("source.readyState") === 2, {
      what: "the end of the EventSource",
    });
    assertEquals(await seenIn(page), ["open", "disconnect"]);
    await page.context().close();
  });

  await t.step(
    "of another origin works if --origin allows it, and reads histories by fetch",
    async () => {
      await using home = await Backend.start();
      const { port } = home.server.executor.address as { port: number };
      const origins = [parseOriginPattern(`http://127.0.0.1:${port}`)!];
      await using backend = await Backend.start({}, { origins });
      const url = backend.url("/channels/sse?channel=chat:a");
      const page = await open(browser, home.url("/healthz"), url);
      await waitUntil(page, (seen) => seen.length === 1);
      await backend.publish("chat:a", 1);
      assertEquals(await waitUntil(page, (seen) => seen.length === 2), [
        "open",
        "message chat:a 1",
      ]);
      const history = JSON.stringify(backend.url("/channels/history?channel=chat:a"));
      // With a field that takes a preflight.
      const read = `fetch(${history}, { headers: { Authorization: "Bearer ${await sign({})}" } })`;
      const { offset } = await page.evaluate(`${read}.then((response) => response.json())`) as {
        offset: number;
      };
      assertEquals(offset, 1);
      // The other way around nothing is allowed.
      const refused = await page.context().newPage();
      await refused.goto(backend.url("/healthz"));
      const closed = JSON.stringify(home.url("/channels/history?channel=chat:a"));
      const failure = await refused.evaluate(`fetch(${closed}).then(() => "read", String)`);
      assert(String(failure).includes("Failed to fetch"), String(failure));
      await page.context().close();
    },
  );
});
