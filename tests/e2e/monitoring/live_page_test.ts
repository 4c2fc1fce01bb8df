/** The live page in Chromium: what it shows of known traffic, on a desktop and on a phone, dark and light. */

import { assert, assertEquals } from "@std/assert";
import config from "../../../deno.json" with { type: "json" };
import { withAdmin } from "../../support/admin.ts";
import { ask } from "../../support/http_client.ts";
import { type Server, waitFor } from "../../support/server.ts";
import { WsClient } from "../../support/ws_client.ts";
import { type Browser, browserTest, DESKTOP, PHONE, Watched } from "../page/chromium.ts";

const MISSING = "GET /missing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const HEALTH = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

const FIRST = "figure:first-of-type";
const CONNECTIONS = "figure:nth-of-type(4)";
const TIME = /^\d\d:\d\d:\d\d$/;
/** The number of pixels of a colour that make a line. */
const LINE = 20;

const { version } = config;

/** The fixture of each step. */
interface Stage {
  browser: Browser;
  server: Server;
  adminUrl: string;
}

browserTest("page: the live page in Chromium", async (browser, t) => {
  await t.step("tiles, charts and workers", (t) => figures(browser, t));
  await t.step("charts of channels, if there are any", () => channelCharts(browser));
  await t.step("the server is not ready, and it is gone", () => ends(browser));
});

async function figures(browser: Browser, t: Deno.TestContext): Promise<void> {
  await withAdmin({ workers: 3 }, async (server, adminUrl) => {
    const stage = { browser, server, adminUrl };
    await t.step(
      "on a dark desktop tiles, charts and workers show the traffic",
      () => desktop(stage),
    );
    await t.step(
      "on a light phone there is one column, and nothing is off the screen",
      () => phone(stage),
    );
    await t.step("the legend shows what is under the cursor", () => legend(stage));
    await t.step("the pointer moves a cursor that shows time and values", () => pointer(stage));
    await t.step("the keyboard moves the cursor", () => keyboard(stage));
    await t.step("a finger moves the cursor", () => finger(stage));
    await t.step("few samples fill the whole width of the charts", () => zoom(stage));
    await t.step("the latency of a single request is shown", () => single(stage));
    await t.step("no label is clipped, whatever the figures and the screen", () => labels(stage));
    await t.step(
      "a change of the colour scheme changes the colours of the open page",
      () => schemes(stage),
    );
  });
}

async function channelCharts(browser: Browser): Promise<void> {
  const config = await Deno.makeTempFile({ prefix: "async-deno-test-", suffix: ".toml" });
  await Deno.writeTextFile(config, "[channels]\nallow_anonymous_connect_without_token = true");
  await withAdmin({ workers: 1, args: ["--config", config] }, async (server, adminUrl) => {
    const page = await Watched.open(browser, adminUrl, { ...DESKTOP, until: "live" });
    await using socket = await WsClient.open(`${server.wsUrl}/connection/websocket`);
    socket.send('{"id":1,"connect":{}}');
    await socket.next();
    await shows(page, "figure:nth-of-type(8)", /^Channelsclients1subscriptions0/);
    await shows(page, "figure:nth-of-type(9)", /^Deliveryp50–p99–/);
    assertEquals(await page.evaluate("document.querySelectorAll('figure canvas').length"), 9);
    assertEquals(page.complaints, []);
    await page.close();
  });
  await Deno.remove(config);
}

async function ends(browser: Browser): Promise<void> {
  await withAdmin({ workers: 1, args: ["--drain-delay", "5"] }, async (server, adminUrl) => {
    const page = await Watched.open(browser, adminUrl, { ...DESKTOP, until: "live" });
    assertEquals(page.complaints, []);
    server.kill("SIGTERM");
    await page.state("draining");
    assertEquals(await textOf(page, "#state-text"), "Not ready");
    assertEquals(await page.page.title(), "⚠ Not ready – async-deno live");
    await server.stop();
    await page.state("lost");
    assertEquals(await textOf(page, "#state-text"), "Connection lost, trying again");
    assertEquals(await page.page.title(), "⚠ Connection lost – async-deno live");
    await page.page.context().close();
  });
}

async function desktop({ browser, server, adminUrl }: Stage): Promise<void> {
  const page = await Watched.open(browser, adminUrl, { ...DESKTOP, until: "live" });
  await using socket = await WsClient.open(`${server.wsUrl}/echo`);
  let stop = false;
  const traffic = (async () => {
    while (!stop) {
      await ask(server, HEALTH);
      await ask(server, MISSING);
      socket.send("hello");
      await socket.next();
    }
  })();
  try {
    await shows(page, "#requests", /^[1-9][\d.]*k?\/s$/);
    await shows(page, "#client-errors", /^[1-9][\d.]*k?\/s 4xx$/);
    await shows(page, "#server-errors", /^0\/s 5xx$/);
    await shows(page, "#memory", /^\d+MB$/);
    await shows(page, "#queued", /^0 B queued$/);
    await shows(page, "#uptime", /^\d+(s|min)$/);
    await shows(page, "#version", new RegExp(`^version ${version.replaceAll(".", "\\.")}$`));
    await shows(page, "#p50", /^[\d.]+(µs|ms)$/);
    await shows(page, "#web-sockets", /^1$/);
    await shows(page, "#messages", /^[1-9][\d.]*k?\/s messages$/);
    await shows(page, "#sent", /^[\d.]+ ?[kM]?B\/s$/);
    await shows(page, "#load", /^\d+%$/);
  } finally {
    stop = true;
    await traffic;
  }
  assertEquals(await page.evaluate("document.querySelectorAll('figure canvas').length"), 6);
  assertEquals(await page.evaluate("document.querySelectorAll('#workers li').length"), 3);
  for (const chart of ["Throughput", "Latency", "Errors", "Connections", "Traffic", "Memory"]) {
    const label = `[role=img][aria-label^="${chart}: "]`;
    assertEquals(await page.evaluate(`document.querySelectorAll('${label}').length`), 1, chart);
  }
  assert(await pixelsOf(page, [0x6c, 0xb2, 0xff]) > LINE, "no line is drawn");
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
  assert(await pixelsOf(page, [0x0b, 0x62, 0xc4]) > LINE, "no line is drawn");
  await page.ink("live-phone", FIRST);
  await page.close();
}

async function legend({ browser, server, adminUrl }: Stage): Promise<void> {
  const page = await Watched.open(browser, adminUrl, { ...DESKTOP, until: "live" });
  await using _socket = await WsClient.open(`${server.wsUrl}/echo`);
  const open = `${CONNECTIONS} b`;
  await shows(page, open, /^1$/);
  const box = await page.page.locator(`${CONNECTIONS} .u-over`).boundingBox();
  // The first sample is the nearest there: it is from before the traffic.
  await page.page.mouse.move(box!.x + 3, box!.y + 20);
  await shows(page, open, /^0$/);
  await page.page.mouse.move(5, 5);
  await shows(page, open, /^1$/);
  await page.close();
}

/** What the cursor of a chart shows: time and values; undefined if nothing is shown. */
async function tipOf(page: Watched, chart: string): Promise<string[] | undefined> {
  const tip = page.page.locator(`${chart} .tip`);
  if (await tip.isHidden()) return undefined;
  return (await tip.innerText()).split("\n").filter((each) => each !== "");
}

async function pointer({ browser, adminUrl }: Stage): Promise<void> {
  const page = await Watched.open(browser, adminUrl, { ...DESKTOP, until: "live" });
  await shows(page, "#connections", /^\d/);
  assertEquals(await tipOf(page, FIRST), undefined);
  const box = await page.page.locator(`${FIRST} .u-over`).boundingBox();
  for (const at of [0.02, 0.5, 0.98]) {
    await page.page.mouse.move(box!.x + box!.width * at, box!.y + 40);
    // A new sample may move the charts between two looks: both have to be of one moment.
    const shown = await waitFor(async () => {
      const [tip, others] = [await tipOf(page, FIRST), await tipOf(page, CONNECTIONS)];
      return tip !== undefined && others?.join() === tip[0] ? tip : undefined;
    }, { what: "the time on all charts, and only that on the others" });
    const [time, ...values] = shown;
    assert(TIME.test(time!), time);
    assert(/^requests\s*[\d.]+k?\/s messages\s*[\d.]+k?\/s$/.test(values.join(" ")), values.join());
    const [tip, figure] = [`${FIRST} .tip`, FIRST].map((each) => page.page.locator(each));
    const [inner, outer] = [await tip!.boundingBox(), await figure!.boundingBox()];
    assert(inner!.x >= outer!.x && inner!.x + inner!.width <= outer!.x + outer!.width, `at ${at}`);
  }
  await page.ink("live-desktop-cursor", FIRST);
  await page.page.mouse.move(5, 5);
  await waitFor(async () => await tipOf(page, FIRST) === undefined, { what: "no tip" });
  await page.close();
}

async function keyboard({ browser, adminUrl }: Stage): Promise<void> {
  const page = await Watched.open(browser, adminUrl, { ...DESKTOP, until: "live" });
  await shows(page, "#connections", /^\d/);
  await page.page.keyboard.press("Tab");
  const focused = "document.activeElement.getAttribute('aria-label')";
  assert((await page.evaluate<string>(focused)).startsWith("Throughput: requests "));
  const times: string[] = [];
  for (const key of ["ArrowLeft", "ArrowLeft", "Home"]) {
    await page.page.keyboard.press(key);
    const [time, ...values] = (await tipOf(page, FIRST))!;
    assert(TIME.test(time!) && values.length > 0, `${time} ${values}`);
    assert(
      (await textOf(page, "#spoken")).endsWith(` at ${time}`),
      "it is not announced to screen readers",
    );
    times.push(time!);
  }
  assertEquals(times, times.toSorted().reverse());
  assertEquals(new Set(times).size, 3);
  // The next sample moves the chart; the cursor stays at its time.
  const span = await textOf(page, "#window");
  await waitFor(async () => await textOf(page, "#window") !== span, { what: "another sample" });
  assertEquals((await tipOf(page, FIRST))![0], times[2]);
  await page.page.keyboard.press("Escape");
  assertEquals(await tipOf(page, FIRST), undefined);
  await page.close();
}

async function finger({ browser, adminUrl }: Stage): Promise<void> {
  const page = await Watched.open(browser, adminUrl, { ...PHONE, until: "live" });
  await shows(page, "#connections", /^\d/);
  const over = page.page.locator(`${FIRST} .u-over`);
  await over.scrollIntoViewIfNeeded();
  await over.tap({ position: { x: 60, y: 60 } });
  await waitFor(async () => TIME.test((await tipOf(page, FIRST))?.[0] ?? ""), { what: "the tip" });
  await page.close();
}

/** Samples in the server's format, of the last `count` seconds. */
function fakeSamples(count: number, scale: number): object[] {
  return Array.from({ length: count }, (_, i) => ({
    time: Date.now() - (count - 1 - i) * 1_000,
    ready: true,
    requests: 123_456 * scale,
    clientErrors: 12_345 * scale,
    serverErrors: 12_345 * scale,
    messages: 123_456 * scale,
    receivedBytes: 123_456_789 * scale,
    sentBytes: 987_654_321 * scale,
    p50: 123 * scale,
    p90: 456_000 * scale,
    p99: 9_870_000 * scale,
    connections: 123_456 * scale,
    webSockets: 123_456 * scale,
    queuedBytes: 123_456_789 * scale,
    ringDepth: 1_024,
    residentBytes: 123_456_789 * scale,
    workers: Array.from({ length: 16 }, () => {
      return { load: 1, connections: 123_456, requests: 123_456 };
    }),
  }));
}

/** Opens the page with other samples than the server's; the page takes the end of the stream for a lost connection. */
async function openWith(
  { browser, adminUrl }: Stage,
  options: Parameters<typeof Watched.open>[2] & { samples: object[] },
): Promise<Watched> {
  const { samples, ...rest } = options;
  const events = [
    ["server", { version: "123.456.789-beta.10", startTime: Date.now() / 1000 - 8_640_000 }],
    ["history", samples],
  ].map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  const headers = { "content-type": "text/event-stream" };
  return await Watched.open(browser, adminUrl, {
    ...rest,
    until: "lost",
    route: ["**/events", { headers, body: events.join("") }],
  });
}

async function zoom(stage: Stage): Promise<void> {
  for (const count of [20, 300]) {
    const page = await openWith(stage, {
      ...DESKTOP,
      samples: fakeSamples(count, 1),
      init: LABELS,
    });
    await shows(page, "#window", count === 20 ? /^the last 20 s$/ : /^the last 5 min$/);
    // The last drawn texts: before the samples arrived the charts were empty.
    const texts = (await page.evaluate<{ text: string }[]>("labels.slice(-20)")).map(({ text }) =>
      text
    );
    assertEquals(texts.some((text) => TIME.test(text)), count === 20, texts.join());
    // The line begins at the left edge of the plot.
    assert(
      await pixelsOf(page, [0x6c, 0xb2, 0xff], { share: 0.3 }) > LINE,
      "the left of the chart is empty",
    );
    await page.page.context().close();
  }
}

async function single(stage: Stage): Promise<void> {
  const quiet = { p50: null, p90: null, p99: null };
  const samples = fakeSamples(20, 1).map((sample, i) => i === 9 ? sample : { ...sample, ...quiet });
  const page = await openWith(stage, { ...DESKTOP, samples });
  await shows(page, "#window", /^the last 20 s$/);
  const latency = "figure:nth-of-type(2)";
  assert(
    await pixelsOf(page, [0x6c, 0xb2, 0xff], { chart: latency }) > 5,
    "no point is drawn",
  );
  await page.page.context().close();
}

/** Records the texts drawn on canvases, and whether each is completely inside. */
const LABELS = `{
  globalThis.labels = [];
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
    const { width, actualBoundingBoxAscent: up, actualBoundingBoxDescent: down } = this.measureText(text);
    const { a, e, f } = this.getTransform();
    const start = { left: 0, center: width / 2, right: width }[this.textAlign] ?? 0;
    const [left, top] = [(x - start) * a + e, (y - up) * a + f];
    const [right, bottom] = [left + width * a, (y + down) * a + f];
    const inside = left >= 0 && top >= 0 && right <= this.canvas.width && bottom <= this.canvas.height;
    labels.push({ text, inside, place: [left, top, right, bottom].map(Math.round).join() });
    return fillText.call(this, text, x, y, ...rest);
  };
}`;

/** Elements whose text does not fit into them or into the card around them. */
const CLIPPED =
  `[...document.querySelectorAll("h1, #state, dt, dd, dd *, .series, .series *, .workers p, .workers p *, footer a")]
  .filter((element) => {
    if (element.offsetParent === null) return false;
    const card = (element.closest("dl, figure, li, header") ?? document.body).getBoundingClientRect();
    const box = element.getBoundingClientRect();
    return element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline" ||
      box.left < card.left || box.right > card.right || box.bottom > card.bottom + 1;
  }).map((element) => element.outerHTML)`;

async function labels(stage: Stage): Promise<void> {
  for (const width of [320, 768, 1280]) {
    const isPhone = width < 500;
    const page = await openWith(stage, {
      ...(isPhone ? PHONE : {}),
      viewport: { width, height: 800 },
      samples: fakeSamples(27, 9.9),
      init: LABELS,
    });
    await shows(page, "#requests", /^1.22M\/s$/);
    const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
    assert(wide <= width, `${wide} points on a screen of ${width}`);
    assertEquals(await page.evaluate<string[]>(CLIPPED), [], `${width} points`);
    const drawn = await page.evaluate<{ text: string; inside: boolean; place: string }[]>("labels");
    assert(drawn.length > 30, `${drawn.length} labels`);
    assertEquals(drawn.filter(({ inside }) => !inside), [], `${width} points`);
    await page.ink(`live-${width}`, FIRST);
    await page.page.context().close();
  }
}

async function schemes({ browser, adminUrl }: Stage): Promise<void> {
  const page = await Watched.open(browser, adminUrl, { ...DESKTOP, until: "live" });
  assert(await pixelsOf(page, [0x6c, 0xb2, 0xff]) > LINE, "no line in the dark scheme");
  await page.page.emulateMedia({ colorScheme: "light" });
  await waitFor(async () => await pixelsOf(page, [0x0b, 0x62, 0xc4]) > LINE, {
    what: "a line in the colour of the light scheme",
  });
  assertEquals(await page.evaluate("document.querySelectorAll('figure canvas').length"), 6);
  await page.close();
}

/** How many pixels of a chart, or of its left part, have exactly this colour. */
function pixelsOf(
  page: Watched,
  colour: readonly number[],
  { chart = FIRST, share = 1 } = {},
): Promise<number> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector("${chart} canvas");
    const width = Math.round(canvas.width * ${share});
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, canvas.height);
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
