/** A single-page application (`--spa`): which requests its page answers, and with which header fields. */

import { assert, assertEquals } from "@std/assert";
import { ASSETS, mayBePage } from "../../../runtime/serve/files/spa_rules.ts";
import { field } from "../../support/http_client.ts";
import { REPOSITORY } from "../../support/server.ts";
import { putFile, withSite } from "../../support/site.ts";
import { waitFor } from "../../support/wait_for.ts";
import { get, request } from "./ask_site.ts";

const TEXT = "A line of text that is worth compressing.\n".repeat(100);

Deno.test("--spa: each path that is not a file gets the application or 404, by the table", () =>
  withSite({
    files: { "index.html": "<p>app", "404.html": "<p>gone", "docs/a.txt": "a" },
    args: ["--spa"],
  }, async ({ server }) => {
    const browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    const page = "200 <p>app";
    const gone = "404 <p>gone";
    const rows: [
      path: string,
      accept: string | null,
      expected: string,
      vary: string | undefined,
    ][] = [
      ["/any/where?x", browser, page, "Accept"],
      ["/any/where/", browser, page, "Accept"],
      ["/docs/", browser, page, "Accept"],
      ["/users/jane.doe", browser, page, "Accept"],
      ["/v1.2", browser, page, "Accept"],
      ["/a.html", browser, page, "Accept"],
      ["/.env", browser, page, "Accept"],
      ["/any", "*/*", page, "Accept"],
      ["/any", "text/*", page, "Accept"],
      ["/any", "text/html;q=0.1, application/json", page, "Accept"],
      ["/any", null, page, "Accept"],
      ["/any", "application/json", gone, "Accept"],
      ["/any", "image/avif,image/webp", gone, "Accept"],
      ["/any", "text/html;q=0, */*", gone, "Accept"],
      ["/any", "*/*;q=0", gone, "Accept"],
      ["/missing.js", browser, gone, undefined],
      ["/a/missing.JS", "*/*", gone, undefined],
      ["/app.3f9a.css", browser, gone, undefined],
      ["/app.js.map", browser, gone, undefined],
      ["/logo.svg", browser, gone, undefined],
      ["/font.woff2", browser, gone, undefined],
      ["/app.wasm", browser, gone, undefined],
      ["/data.json", browser, gone, undefined],
      ["/favicon.ico", browser, gone, undefined],
      ["/a%5cb", browser, gone, undefined],
      ["/docs/a.txt", "application/json", "200 a", undefined],
      ["/", "application/json", page, undefined],
    ];
    for (const [path, accept, expected, vary] of rows) {
      const fields = accept === null ? [] : [`Accept: ${accept}`];
      const [got, head] = [
        await get(server, path, fields),
        await request(server, "HEAD", path, fields),
      ];
      const name = `${path}, ${accept}`;
      assertEquals(`${got.status} ${got.text}`, expected, name);
      assertEquals([head.status, field(head, "vary")], [got.status, vary], name);
      assertEquals(field(got, "vary"), vary, name);
    }
    const posted = await request(server, "POST", "/any", ["Content-Length: 0"]);
    assertEquals([posted.status, field(posted, "vary")], [404, undefined]);
  }));

Deno.test("--spa: the page has its ETag and codings at every path, and is reread after a change", () =>
  withSite({
    files: { "index.html": TEXT },
    args: ["--spa"],
  }, async ({ server, folder }) => {
    const coded = await get(server, "/any", ["Accept-Encoding: gzip"]);
    assertEquals([field(coded, "content-encoding"), field(coded, "vary")], [
      "gzip",
      "Accept, Accept-Encoding",
    ]);
    const condition = [`If-None-Match: ${field(await get(server, "/"), "etag")}`];
    const known = await get(server, "/other", condition);
    assertEquals([known.status, field(known, "vary")], [304, "Accept, Accept-Encoding"]);
    await putFile(`${folder}/index.html`, "<p>new");
    await waitFor(async () => (await get(server, "/any")).text === "<p>new", {
      what: "the new page",
      timeoutMs: 3000,
    });
    await Deno.remove(`${folder}/index.html`);
    await waitFor(async () => (await get(server, "/any")).status === 404, {
      what: "404 without a page",
      timeoutMs: 3000,
    });
  }));

Deno.test("--spa: the docs name every asset ending, and no other", () => {
  const page = Deno.readTextFileSync(new URL("docs/quick-start-static-site.md", REPOSITORY));
  const item = /- The path does not end like an asset:[^]*?\n\n/.exec(page)?.[0] ?? "";
  const named = [...item.matchAll(/`\.([a-z0-9]+)`/g)].map(([, ending]) => ending!);
  assert(named.length > 20);
  assertEquals(named.filter((ending) => mayBePage([`a.${ending}`])), []);
  assertEquals(named.length, ASSETS.size);
});
