/**
 * The page in a real Chromium: one browser for a test file, and a page that is observed.
 *
 * In: a server's URL. Out: a playwright page, and every fault that it had: errors in the console,
 * exceptions, failed responses, requests that would have left the machine. The browser is found, never
 * downloaded; without one, tests are skipped under a name that says what to install. Expressions that
 * run in the page are strings, because the DOM has no types here.
 */

import { assertEquals } from "@std/assert";
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "npm:playwright-core@1.64.1";
import { isFile } from "../../support/is_file.ts";
import { OVER_TLS } from "../../support/suite_tls.ts";
import { waitFor } from "../../support/wait_for.ts";

export type { Browser };

/** A desktop screen. */
export const DESKTOP: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
/** A phone in portrait, with three pixels per point. */
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 3,
  isMobile: true,
  hasTouch: true,
};

/** A welcome and a typed line are visible if this share of the pixels differs from the background. */
export const SOME_INK = 0.001;

const ARGUMENTS = [
  "--no-sandbox", // the tests may run as root in a container
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Over TLS of a suite: the authority is not among the system's.
  ...(OVER_TLS ? ["--ignore-certificate-errors"] : []),
];

/** An answer that replaces the server's. */
export type Route = readonly [
  pattern: string,
  answer: { headers: Record<string, string>; body: string },
];

/** The path of Chromium, or undefined. `CHROMIUM_PATH` comes first. */
export const CHROMIUM = [
  Deno.env.get("CHROMIUM_PATH"),
  "/usr/bin/chromium",
  "/usr/bin/chromium-headless-shell",
].find((path) => path !== undefined && path !== "" && isFile(path));

/**
 * A test that needs Chromium: `body` gets a browser of its own, closed at the end.
 *
 * @param name begins with "page: ", by which the word `browser` of `deno task test` chooses it
 */
export function browserTest(
  name: string,
  body: (browser: Browser, t: Deno.TestContext) => Promise<void>,
): void {
  const missing = CHROMIUM === undefined;
  const remedy = missing ? " - skipped without Chromium: apt-get install chromium" : "";
  Deno.test({
    name: `${name} [browser]${remedy}`,
    ignore: missing,
    fn: async (t) => {
      const browser = await chromium.launch({ executablePath: CHROMIUM!, args: ARGUMENTS });
      try {
        await body(browser, t);
      } finally {
        await browser.close();
      }
    },
  });
}

/** A page of the server under observation. */
export class Watched {
  /** All faults, in order. */
  readonly complaints: string[] = [];
  /** The requested URLs, WebSockets included. */
  readonly requests: string[] = [];
  readonly page: Page;

  private constructor(page: Page, origin: string) {
    this.page = page;
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.complaints.push(`exception: ${error.message}`));
    page.on("response", (response) => {
      if (response.status() >= 400) this.complaints.push(`${response.status()} ${response.url()}`);
    });
    page.on("requestfailed", (request) => this.complaints.push(`failed: ${request.url()}`));
    page.on("request", (request) => this.#asked(request.url(), origin));
    page.on("websocket", (socket) => this.#asked(socket.url(), origin.replace("http", "ws")));
  }

  /**
   * Opens the page in a context of its own and waits until it is connected, or in the state `until`; null
   * for a page without states.
   *
   * @param init JavaScript to run in the page before its own
   * @param route answers in place of the server, by a pattern of URLs
   * @param path of the page, if not the server's first page
   */
  static async open(
    browser: Browser,
    url: string,
    { init, until = "connected", path = "", route, ...options }: BrowserContextOptions & {
      init?: string;
      until?: string | null;
      path?: string;
      route?: Route;
    },
  ): Promise<Watched> {
    const context = await browser.newContext({ colorScheme: "dark", ...options });
    const page = await context.newPage();
    const watched = new Watched(page, url);
    if (init !== undefined) await page.addInitScript(init);
    if (route !== undefined) await page.route(route[0], (asked) => asked.fulfill(route[1]));
    await page.goto(url + path);
    if (until !== null) await watched.state(until);
    return watched;
  }

  /** Evaluates an expression in the page. */
  evaluate<T>(expression: string): Promise<T> {
    return this.page.evaluate(expression) as Promise<T>;
  }

  /** Waits until the page shows this state of the connection. */
  async state(wanted: string): Promise<void> {
    await waitFor(
      async () => await this.evaluate("document.documentElement.dataset.state") === wanted,
      { what: () => `the state ${wanted}; complaints: ${this.complaints.join("; ")}` },
    );
  }

  /** The text of the terminal, without the spaces and empty rows at the ends. */
  text(): Promise<string> {
    return this.evaluate(`(() => {
      const { active } = terminal.buffer;
      let text = "";
      for (let y = 0; y < active.length; y++) {
        const line = active.getLine(y);
        text += (line.isWrapped || y === 0 ? "" : "\\n") + line.translateToString(true);
      }
      return text.trimEnd();
    })()`);
  }

  /** Waits until the terminal contains `wanted`, and returns all of its text. */
  async shows(wanted: string): Promise<string> {
    let text = "";
    await waitFor(async () => (text = await this.text()).includes(wanted), {
      what: () => `${JSON.stringify(wanted)} in the terminal, which holds:\n${text}`,
    });
    return text;
  }

  /**
   * Takes a screenshot and returns the share of the terminal's pixels that are not its background: what a
   * user sees, with any renderer. Saved in the folder that `SCREENSHOTS` names.
   *
   * @param within the element to examine
   * @returns 0 to 1; 0 is an empty screen
   */
  async ink(name: string, within = "#screen"): Promise<number> {
    const folder = Deno.env.get("SCREENSHOTS");
    const png = await this.page.screenshot(folder ? { path: `${folder}/${name}.png` } : {});
    const clip = await this.page.locator(within).boundingBox();
    const input = JSON.stringify({ clip, png: png.toString("base64") });
    return this.evaluate(`(async ({ clip, png }) => {
      const bytes = Uint8Array.from(atob(png), (unit) => unit.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes]));
      const scale = image.width / innerWidth; // pixels per point
      const [x, y, width, height] = [clip.x, clip.y, clip.width, clip.height]
        .map((length) => Math.round(length * scale));
      const context = new OffscreenCanvas(width, height).getContext("2d");
      context.drawImage(image, -x, -y);
      const { data } = context.getImageData(0, 0, width, height);
      // The last pixel is in the corner where nothing is typed.
      const end = data.length - 4;
      let differing = 0;
      for (let i = 0; i < data.length; i += 4) {
        const distance = Math.abs(data[i] - data[end]) + Math.abs(data[i + 1] - data[end + 1]);
        if (distance > 60) differing++;
      }
      return differing / (width * height);
    })(${input})`);
  }

  /** Closes the page; it must have had no faults. */
  async close(): Promise<void> {
    assertEquals(this.complaints, []);
    await this.page.context().close();
  }

  #asked(url: string, origin: string): void {
    this.requests.push(url);
    if (!url.startsWith(`${origin}/`)) this.complaints.push(`another origin: ${url}`);
  }
}
