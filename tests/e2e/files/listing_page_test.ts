/** A folder listing in Chromium: sorting, the fragment that keeps the order, the host, and a phone. */

import { assert, assertEquals } from "@std/assert";
import { type Site, type SiteFiles, withSite } from "../../support/site.ts";
import { type Browser, browserTest, DESKTOP, PHONE, Watched } from "../page/chromium.ts";

const LONG_NAME = `${"a-long-name-without-a-space-".repeat(4)}.txt`;
const FILES: SiteFiles = {
  "favicon.ico": "",
  "top/b.txt": "1",
  "top/a.txt": "22",
  "top/c.txt": "333",
  "top/c.txt.gz": "33",
  "top/inner/deep.txt": "1",
  "top/other/deep.txt": "1",
  [`top/${LONG_NAME}`]: "4444",
};
/** Modification times of the files: seconds since 1970, by path. */
const TIMES: Readonly<Record<string, number>> = {
  "top/b.txt": 1_000_000_000,
  "top/a.txt": 1_000_000_030,
  "top/c.txt": 900_000_000,
  [`top/${LONG_NAME}`]: 800_000_000,
};

/** The fixture of each step. */
interface Stage {
  browser: Browser;
  site: Site;
}

browserTest("page: a folder's listing in Chromium", async (browser, t) => {
  await withSite({ files: FILES, args: ["--listing"] }, async (site) => {
    for (const [path, time] of Object.entries(TIMES)) {
      await Deno.utime(`${site.folder}/${path}`, time, time);
    }
    const stage = { browser, site };
    await t.step("the page sorts by each column, both ways, folders first", () => sorting(stage));
    await t.step("the keyboard alone can sort", () => keyboard(stage));
    await t.step("the order is kept in subfolders and after a reload", () => order(stage));
    await t.step("title and heading name the host", () => host(stage));
    await t.step("without JavaScript everything but sorting works", () => withoutScript(stage));
    for (const width of [320, 390]) {
      await t.step(`on a phone of ${width} points dates are shown and nothing is too wide`, () => {
        return phone(stage, width);
      });
    }
  });
});

function open({ browser, site }: Stage, options = DESKTOP, path = "/top/"): Promise<Watched> {
  const { url } = site.server;
  return Watched.open(browser, url, { ...options, until: null, path });
}

/** The names in the table, without the parent folder. */
function names(page: Watched): Promise<string[]> {
  return page.evaluate(
    "[...document.querySelectorAll('tbody tr:not(.up) bdi')].map((e) => e.textContent)",
  );
}

/** The sorted column, and its direction. */
function sorted(page: Watched): Promise<string[]> {
  return page.evaluate(
    "[...document.querySelectorAll('th[aria-sort]')].flatMap((e) => [e.dataset.sort, e.ariaSort])",
  );
}

async function sorting(stage: Stage): Promise<void> {
  const page = await open(stage);
  const press = (name: string) => page.page.getByRole("button", { name }).click();
  const folders = ["inner", "other"];
  const byName = [LONG_NAME, "a.txt", "b.txt", "c.txt"];
  assertEquals(await names(page), [...folders, ...byName]);
  assertEquals(await sorted(page), ["name", "ascending"]);
  await page.ink("listing-desktop", "table");
  const rows = [
    ["Size", "size", "descending", [LONG_NAME, "c.txt", "a.txt", "b.txt"]],
    ["Size", "size", "ascending", ["b.txt", "a.txt", "c.txt", LONG_NAME]],
    ["Changed", "changed", "descending", ["a.txt", "b.txt", "c.txt", LONG_NAME]],
    ["Changed", "changed", "ascending", [LONG_NAME, "c.txt", "b.txt", "a.txt"]],
    ["Name", "name", "ascending", byName],
    ["Name", "name", "descending", byName.toReversed()],
  ] as const;
  for (const [button, column, direction, expected] of rows) {
    await press(button);
    const isBackwards = column === "name" && direction === "descending";
    // Folders have no size, and these two have nearly the same time: only names order them.
    const [first, second, ...files] = await names(page);
    if (column === "name") {
      assertEquals([first, second], isBackwards ? folders.toReversed() : folders);
    }
    assertEquals(files, expected, `${button} ${direction}`);
    assertEquals(await sorted(page), [column, direction]);
    assertEquals(
      await page.evaluate("document.querySelector('tbody tr').className"),
      "up",
      "the parent folder stays first",
    );
  }
  await page.close();
}

async function keyboard(stage: Stage): Promise<void> {
  const page = await open(stage);
  // The root in the heading, then the three columns.
  for (const key of ["Tab", "Tab", "Tab", "Enter"]) await page.page.keyboard.press(key);
  assertEquals(await sorted(page), ["size", "descending"]);
  await page.page.keyboard.press("Space");
  assertEquals(await sorted(page), ["size", "ascending"]);
  await page.close();
}

async function order(stage: Stage): Promise<void> {
  const page = await open(stage);
  const location = () => page.evaluate<string>("location.pathname + location.hash");
  await page.page.getByRole("button", { name: "Size" }).click();
  assertEquals(await location(), "/top/#sort=-size");
  await page.page.reload();
  assertEquals(await sorted(page), ["size", "descending"]);
  await page.page.getByRole("link", { name: "inner/" }).click();
  await page.page.waitForURL("**/inner/**");
  assertEquals(await location(), "/top/inner/#sort=-size");
  await page.page.getByRole("link", { name: "Parent folder" }).click();
  await page.page.waitForURL("**/top/#*");
  assertEquals(await sorted(page), ["size", "descending"]);
  await page.page.getByRole("button", { name: "Name" }).click();
  assertEquals(await location(), "/top/", "the default order has no fragment");
  const files =
    "[...document.querySelectorAll('tbody tr:not(.folder, .up) a')].map((a) => a.hash).join('')";
  assertEquals(await page.evaluate(files), "");
  await page.close();
}

async function host(stage: Stage): Promise<void> {
  const page = await open(stage);
  const { host } = new URL(stage.site.server.url);
  assertEquals(await page.page.title(), `Index of ${host}/top/`);
  assertEquals(await page.page.locator("h1").textContent(), `Index of ${host}/top/`);
  await page.close();
}

async function withoutScript(stage: Stage): Promise<void> {
  const page = await open(stage, { ...DESKTOP, javaScriptEnabled: false });
  assertEquals(await page.page.locator("tbody tr").count(), 7);
  assertEquals(await page.page.getByRole("button").count(), 0);
  assertEquals(await page.page.title(), "Index of /top/");
  await page.page.getByRole("link", { name: "inner/" }).click();
  await page.page.waitForURL("**/inner/");
  await page.close();
}

async function phone(stage: Stage, width: number): Promise<void> {
  const page = await open(stage, {
    ...PHONE,
    viewport: { width, height: 700 },
    colorScheme: "light",
  });
  const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
  assert(wide <= width, `${wide} points on a screen of ${width}`);
  const time = page.page.locator("time").last();
  assert(await time.isVisible(), "no date is shown");
  assertEquals(await time.innerText(), "1998-07-09");
  const box = await time.boundingBox();
  assert(box !== null && box.x + box.width <= width, "the date is cut off");
  const button = await page.page.getByRole("button", { name: "Changed" }).boundingBox();
  // WCAG 2.2 section 2.5.8 wants 24.
  assert(button!.height >= 40, `a button ${button!.height} points high`);
  assert(button!.x + button!.width <= width, "the button is cut off");
  await page.page.getByRole("button", { name: "Changed" }).tap();
  assertEquals(await sorted(page), ["changed", "descending"]);
  await page.ink(`listing-phone-${width}`, "table");
  await page.close();
}
