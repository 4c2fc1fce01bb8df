/** The live page in Chromium: what it shows of known traffic, on a desktop and on a phone, dark and light. */

import { assert, assertEquals } from "@std/assert";
import { withAdmin } from "../../support/admin.ts";
import { ask } from "../../support/http_client.ts";
import { type Server, waitFor } from "../../support/server.ts";
import { WsClient } from "../../support/ws_client.ts";
import { type Browser, browserTest, DESKTOP, PHONE, Watched } from "../page/chromium.ts";

const HEALTH = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

const FIRST = "figure:first-of-type";
/** Pixels of a colour that make a line. */
const LINE = 20;

/** What the steps below get. */
interface Stage {
  browser: Browser;
  server: Server;
  adminUrl: string;
}

browserTest("page: the live page in Chromium", async (browser, t) => {
  await withAdmin({ workers: 3 }, async (server, adminUrl) => {
    const stage = { browser, server, adminUrl };
    await t.step("desktop, dark: tiles, charts and workers show the traffic", () => desktop(stage));
    await t.step("phone, light: one column, nothing beside the screen", () => phone(stage));
    await t.step("the legend shows what is under the cursor", () => legend(stage));
    await t.step("another scheme while it is open: other colours", () => schemes(stage));
  });
});

browserTest(
  "page: the live page says when the server is not ready, and when it is gone",
  (browser) =>
    withAdmin({ workers: 1, args: ["--drain-delay", "5"] }, async (server, adminUrl) => {
      const page = await Watched.open(browser, adminUrl, { ...DESKTOP, until: "live" });
      assertEquals(page.complaints, []);
      server.kill("SIGTERM");
      await page.state("draining");
      assertEquals(await textOf(page, "#state-text"), "Not ready");
      await server.stop();
      await page.state("lost");
      assertEquals(await textOf(page, "#state-text"), "Connection lost, trying again");
    }),
);

async function desktop({ browser, server, adminUrl }: Stage): Promise<void> {
  const page = await Watched.open(browser, adminUrl, { ...DESKTOP, until: "live" });
  await using socket = await WsClient.open(`${server.wsUrl}/echo`);
  let stop = false;
  const traffic = (async () => {
    while (!stop) {
      await ask(server, HEALTH);
      socket.send("hello");
      await socket.next();
    }
  })();
  try {
    await shows(page, "#requests", /^[1-9][\d.]*k?\/s$/);
    await shows(page, "#errors", /^0\/s failed \(5xx\)$/);
    await shows(page, "#p50", /^[\d.]+(µs|ms)$/);
    await shows(page, "#web-sockets", /^1$/);
    await shows(page, "#messages", /^[1-9][\d.]*k?\/s messages$/);
    await shows(page, "#sent", /^[\d.]+ ?[kM]?B\/s$/);
    await shows(page, "#load", /^\d+%$/);
  } finally {
    stop = true;
    await traffic;
  }
  assertEquals(await page.evaluate("document.querySelectorAll('figure canvas').length"), 4);
  assertEquals(await page.evaluate("document.querySelectorAll('#workers li').length"), 3);
  for (const chart of ["Throughput", "Latency", "Connections", "Traffic"]) {
    const label = `[role=img][aria-label^="${chart}: "]`;
    assertEquals(await page.evaluate(`document.querySelectorAll('${label}').length`), 1, chart);
  }
  assert(await pixelsOf(page, [0x6c, 0xb2, 0xff]) > LINE, "no line is to be seen");
  await page.ink("live-desktop", FIRST);
  await page.close();
}

async function phone({ browser, adminUrl }: Stage): Promise<void> {
  const options = { ...PHONE, colorScheme: "light", until: "live" } as const;
  const page = await Watched.open(browser, adminUrl, options);
  await shows(page, "#connections", /^\d/);
  const [wide, inner] = await page.evaluate<[number, number]>(
    "[document.documentElement.scrollWidth, innerWidth]",
  );
  assert(wide <= inner, `${wide} points on a screen of ${inner}`);
  const columns = await page.evaluate<number>(
    "new Set([...document.querySelectorAll('figure')].map((figure) => figure.offsetLeft)).size",
  );
  assertEquals(columns, 1);
  const background = "getComputedStyle(document.body).backgroundColor";
  assertEquals(await page.evaluate(background), "rgb(243, 245, 247)");
  assert(await pixelsOf(page, [0x0b, 0x62, 0xc4]) > LINE, "no line is to be seen");
  await page.ink("live-phone", FIRST);
  await page.close();
}

async function legend({ browser, server, adminUrl }: Stage): Promise<void> {
  const page = await Watched.open(browser, adminUrl, { ...DESKTOP, until: "live" });
  await using _socket = await WsClient.open(`${server.wsUrl}/echo`);
  const open = "figure:nth-of-type(3) b";
  await shows(page, open, /^1$/);
  const box = await page.page.locator("figure:nth-of-type(3) .u-over").boundingBox();
  // The first sample is the nearest there: nobody had come yet.
  await page.page.mouse.move(box!.x + 3, box!.y + 20);
  await shows(page, open, /^0$/);
  await page.page.mouse.move(5, 5);
  await shows(page, open, /^1$/);
  await page.close();
}

async function schemes({ browser, adminUrl }: Stage): Promise<void> {
  const page = await Watched.open(browser, adminUrl, { ...DESKTOP, until: "live" });
  assert(await pixelsOf(page, [0x6c, 0xb2, 0xff]) > LINE, "no line in the dark");
  await page.page.emulateMedia({ colorScheme: "light" });
  await waitFor(async () => await pixelsOf(page, [0x0b, 0x62, 0xc4]) > LINE, {
    what: "a line in the colour of the light scheme",
  });
  assertEquals(await page.evaluate("document.querySelectorAll('figure canvas').length"), 4);
  await page.close();
}

/** How many pixels of the first chart have just this colour. */
function pixelsOf(page: Watched, colour: readonly number[]): Promise<number> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector("${FIRST} canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      if ([${colour}].every((part, j) => data[i + j] === part)) count++;
    }
    return count;
  })()`);
}

function textOf(page: Watched, selector: string): Promise<string> {
  return page.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent`);
}

async function shows(page: Watched, selector: string, wanted: RegExp): Promise<void> {
  let text = "";
  await waitFor(async () => wanted.test(text = await textOf(page, selector)), {
    what: () => `${wanted} in ${selector}, which shows ${JSON.stringify(text)}`,
  });
}
