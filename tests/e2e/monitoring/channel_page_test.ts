/** The channels of the live page: what `--admin-channels` allows, to whom, and how it looks in Chromium. */

import { assert, assertEquals } from "@std/assert";
import { withAdmin } from "../../support/admin.ts";
import { events, fetchStream } from "../../support/plain_stream.ts";
import { waitFor } from "../../support/wait_for.ts";
import { WsClient } from "../../support/ws_client.ts";
import { type Browser, browserTest, DESKTOP, PHONE, Watched } from "../page/chromium.ts";

const DEMO = ["--endpoints", "demo"];
const OPTIONS = { workers: 2, args: [...DEMO, "--admin-channels"] };
const LINES = "demo:lobby";
const HOSTILE = "<img src=x onerror=document.title='x'>";

Deno.test("admin channels: without the switch there are none", () =>
  withAdmin({ workers: 1, args: DEMO }, async (_server, adminUrl) => {
    for (const path of ["/channels", "/channels/watch?channel=demo:lobby", "/channels/publish"]) {
      const response = await fetch(adminUrl + path);
      assertEquals([response.status, await response.text()], [404, "Not found\n"]);
    }
  }));

Deno.test("admin channels: publishing takes a POST of this page, and of no other one", () =>
  withAdmin(OPTIONS, async (_server, adminUrl) => {
    const json = { "Content-Type": "application/json" };
    const ask = async (headers: Record<string, string>, path = `publish?channel=${LINES}`) => {
      const url = `${adminUrl}/channels/${path}`;
      const response = await fetch(url, { method: "POST", headers, body: "[1]" });
      await response.body?.cancel();
      return response.status;
    };
    assertEquals(await ask(json), 200);
    assertEquals(await ask({ ...json, Origin: adminUrl }), 200);
    assertEquals(await ask({ ...json, Origin: "http://evil.example" }), 403);
    assertEquals(await ask({ ...json, Origin: "null" }), 403);
    assertEquals(await ask({ "Content-Type": "text/plain" }), 403);
    assertEquals(await ask(json, "publish?channel=%C3%A9"), 400);
    assertEquals(await ask(json, "publish"), 400);
    assertEquals(await ask(json, "watch?channel=a"), 405);
    const get = await fetch(`${adminUrl}/channels/publish?channel=${LINES}`);
    assertEquals([get.status, get.headers.get("allow")], [405, "POST"]);
    await get.body?.cancel();
    const { total, busiest } = await (await fetch(`${adminUrl}/channels`)).json();
    assertEquals([total, busiest[0].channel], [1, LINES]);
  }));

Deno.test("admin channels: a channel without a history is watched while it has subscribers", async () => {
  const config = await Deno.makeTempFile({ prefix: "async-deno-test-", suffix: ".toml" });
  await Deno.writeTextFile(
    config,
    "[channels]\nallow_anonymous_connect_without_token = true\n" +
      "[channels.namespaces.live]\nallow_subscribe_for_client = true\n" +
      "allow_subscribe_for_anonymous = true\n",
  );
  const args = ["--config", config, "--admin-channels"];
  await withAdmin({ workers: 2, args }, async (server, adminUrl) => {
    await using client = await WsClient.open(`${server.wsUrl}/connection/websocket`);
    client.send('{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"live:a"}}');
    await client.next();
    const watching = await fetchStream(`${adminUrl}/channels/watch?channel=live:a`);
    try {
      await events(watching, 1, "begin");
      const url = `${adminUrl}/channels/publish?channel=live:a`;
      const headers = { "Content-Type": "application/json" };
      const response = await fetch(url, { method: "POST", headers, body: '{"a":1}' });
      assertEquals([response.status, await response.text()], [200, "Published with offset 1\n"]);
      const [seen] = await events(watching, 1, "publications");
      assertEquals(seen, { publications: [{ offset: 1, data: '{"a":1}' }], unseen: 0 });
    } finally {
      await watching.cut();
    }
  });
  await Deno.remove(config);
});

browserTest(
  "page: the live page shows channels, watches one, and publishes to it",
  async (browser) => {
    await withAdmin(OPTIONS, async (server, adminUrl) => {
      await using client = await WsClient.open(`${server.wsUrl}/connection/websocket`);
      const subscribe = (id: number, more = {}) =>
        JSON.stringify({ id, subscribe: { channel: LINES, recoverable: true, ...more } });
      client.send(`{"id":1,"connect":{}}\n${subscribe(2)}`);
      const replies = (await client.nextText()).split("\n").map((line) => JSON.parse(line));
      const { epoch } = replies.find(({ id }) => id === 2).subscribe;
      const page = await open(browser, adminUrl, { ...DESKTOP, colorScheme: "dark" });
      await shows(page, "#channel-clients", "1");
      await shows(page, "#channel-subscriptions", "1 subscription");
      await shows(page, "#channel-count", "1 channel");
      await shows(page, "#busy-channels tr", `${LINES}0/s10`);
      await page.page.locator("#busy-channels").getByRole("button", { name: LINES }).click();
      await shows(page, "#watched-title", LINES);
      await page.page.getByLabel("Data, JSON").fill(`{"text":${JSON.stringify(HOSTILE)}}`);
      await page.page.getByRole("button", { name: "Publish" }).click();
      const received = new TextDecoder().decode((await client.next()).data);
      assert(received.includes(JSON.stringify(HOSTILE)), received);
      await shows(page, "#publications li", `1 {"text":${JSON.stringify(HOSTILE)}}`);
      assertEquals(await page.evaluate("document.querySelectorAll('#publications img').length"), 0);
      client.send(`{"id":3,"unsubscribe":{"channel":${JSON.stringify(LINES)}}}`);
      client.send(subscribe(4, { recover: true, offset: 0, epoch }));
      await shows(page, "#channel-recovered", "1");
      await shows(page, "#channel-slow", "0");
      await page.page.getByLabel("Data, JSON").fill("no json");
      await page.evaluate("document.getElementById('channels').scrollIntoView()");
      await page.ink("channels-desktop", "#channels");
      assertEquals(page.complaints, []);
      await page.page.getByRole("button", { name: "Publish" }).click();
      await waitFor(async () => (await textOf(page, "#publish-result")).includes("is no JSON"), {
        what: "the reason why it was not published",
      });
      await page.page.context().close();
      const phone = await open(browser, adminUrl, { ...PHONE, colorScheme: "light" });
      await phone.page.getByLabel("Channel", { exact: true }).fill(LINES);
      await phone.page.getByRole("button", { name: "Watch", exact: true }).click();
      await shows(phone, "#publications li", `1 {"text":${JSON.stringify(HOSTILE)}}`);
      await phone.evaluate("document.getElementById('channels').scrollIntoView()");
      const [wide, inner] = await phone.evaluate<[number, number]>(
        "[document.documentElement.scrollWidth, innerWidth]",
      );
      assert(wide <= inner, `${wide} points on a screen of ${inner}`);
      await waitFor(
        () => phone.evaluate<boolean>("document.querySelector('tbody button') !== null"),
        {
          what: "the busiest channels",
        },
      );
      const lines = await phone.evaluate<number>(`(() => {
        const name = document.querySelector("tbody button");
        name.textContent = "demo-people:lobby";
        const text = document.createRange();
        text.selectNodeContents(name);
        return text.getClientRects().length;
      })()`);
      assertEquals(lines, 1, "a name of usual length is on one line");
      // The figures are of a second: something is delivered in each.
      const again = { method: "POST", headers: { "Content-Type": "application/json" }, body: "1" };
      let figures: string[] = [];
      await waitFor(async () => {
        const url = `${adminUrl}/channels/publish?channel=${LINES}`;
        await (await fetch(url, again)).body?.cancel();
        figures = [await textOf(phone, "#channel-p50"), await textOf(phone, "#channel-p99")];
        return /^[\d.]+ (µs|ms)$/.test(figures[0]!) && /^[\d.]+ (µs|ms) at 99 %$/.test(figures[1]!);
      }, { what: () => `how long deliveries take, not ${figures.join(" and ")}` });
      await phone.ink("channels-phone", "#channels");
      await phone.close();
    });
  },
);

function open(
  browser: Browser,
  url: string,
  options: Parameters<typeof Watched.open>[2],
): Promise<Watched> {
  return Watched.open(browser, url, { ...options, until: "live" });
}

function textOf(page: Watched, selector: string): Promise<string> {
  const element = `document.querySelector(${JSON.stringify(selector)})`;
  return page.evaluate(`${element}?.textContent.trim() ?? ""`);
}

async function shows(page: Watched, selector: string, wanted: string): Promise<void> {
  let text = "";
  await waitFor(async () => (text = await textOf(page, selector)) === wanted, {
    what: () => `${wanted} in ${selector}, which has ${text}; ${page.complaints.join("; ")}`,
  });
}
