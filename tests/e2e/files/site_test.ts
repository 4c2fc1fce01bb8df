/** A served folder over a real socket: what is found, what is not, and with which header fields. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { MAX_LISTED } from "../../../runtime/serve/files/mod.ts";
import { field, type HttpAnswer, HttpConnection } from "../../support/http_client.ts";
import type { Server } from "../../support/server.ts";
import { putFile, type Site, type SiteOptions, withSite } from "../../support/site.ts";
import { waitFor } from "../../support/wait_for.ts";
import { get, request } from "./ask_site.ts";

const TEXT = "A line of text that is worth compressing.\n".repeat(100);

function siteTest(name: string, options: SiteOptions, body: (site: Site) => Promise<void>): void {
  Deno.test(`site: ${name}`, () => withSite(options, body));
}

/** Statuses by path. */
async function statuses(server: Server, paths: readonly string[]): Promise<number[]> {
  const found: number[] = [];
  for (const path of paths) found.push((await get(server, path)).status);
  return found;
}

const SMALL: SiteOptions = {
  files: {
    "index.html": "<p>home",
    "a.css": "p{}",
    "docs/index.html": "<p>docs",
    "empty/file.txt": "",
    "100%.txt": "percent",
    "ünïcode ☃.txt": "snow",
    ".hidden": "hidden",
    ".well-known/acme": "token",
    "app/.git/config": "hidden",
  },
};

siteTest(
  "files are served at their paths, with type, ETag and security headers",
  SMALL,
  async ({ server }) => {
    const home = await get(server, "/?query");
    assertEquals([home.status, home.text], [200, "<p>home"]);
    assertEquals(field(home, "content-type"), "text/html; charset=utf-8");
    assertMatch(field(home, "etag") ?? "", /^"[^"]+"$/);
    assertMatch(field(home, "last-modified") ?? "", / GMT$/);
    assertEquals(field(home, "cache-control"), "no-cache");
    assertEquals(field(home, "accept-ranges"), "bytes");
    assertEquals(field(home, "x-content-type-options"), "nosniff");
    assertEquals(field(home, "content-security-policy"), "frame-ancestors 'self'");
    assertEquals(field(home, "referrer-policy"), "strict-origin-when-cross-origin");
    assertEquals((await get(server, "/a.css")).text, "p{}");
    assertEquals((await get(server, "/docs/")).text, "<p>docs");
    const empty = await get(server, "/empty/file.txt");
    assertEquals([empty.status, empty.text, field(empty, "content-length")], [200, "", "0"]);
  },
);

siteTest(
  "names with percent signs, spaces and characters beyond ASCII are served",
  SMALL,
  async ({ server }) => {
    assertEquals((await get(server, "/100%25.txt")).text, "percent");
    assertEquals((await get(server, "/%c3%BCn%C3%AFcode%20%E2%98%83.txt")).text, "snow");
    assertEquals(await statuses(server, ["/100%.txt", "/%ff", `/${"x".repeat(300)}`]), [
      400,
      400,
      404,
    ]);
  },
);

siteTest("missing files and hidden files are 404", SMALL, async ({ server }) => {
  const paths = ["/nothing", "/empty/", "/a.css/", "/.hidden", "/app/.git/config", "/index.html/x"];
  assertEquals(await statuses(server, paths), paths.map(() => 404));
  assertEquals((await get(server, "/.well-known/acme")).text, "token");
  const missing = await get(server, "/nothing");
  assertEquals(field(missing, "x-content-type-options"), "nosniff");
  assertEquals(missing.text, "Not found\n");
});

siteTest(
  "--hidden serves names that begin with a dot",
  { ...SMALL, args: ["--hidden"] },
  async ({ server }) => {
    assertEquals((await get(server, "/.hidden")).text, "hidden");
  },
);

siteTest(
  "a folder without its final slash is redirected, with the query",
  SMALL,
  async ({ server }) => {
    for (const [path, location] of [["/docs", "/docs/"], ["/docs?a=b//c", "/docs/?a=b//c"]]) {
      const answer = await get(server, path!);
      assertEquals([answer.status, field(answer, "location")], [301, location]);
    }
    assertEquals(await statuses(server, ["//evil.example/.."]), [400]);
  },
);

siteTest("repeated slashes count as one, and no redirect leads to another host", {
  files: {
    "docs/index.html": "<p>docs",
    "docs/a.txt": "a",
    "evil.example/a": "",
    ".env": "hidden",
  },
  args: ["--cache", "/docs/**=max-age=60"],
}, async ({ server }) => {
  for (const path of ["//docs/a.txt", "/docs//a.txt", "///docs////a.txt"]) {
    const answer = await get(server, path);
    assertEquals([answer.text, field(answer, "cache-control")], ["a", "max-age=60"], path);
  }
  assertEquals((await get(server, "//docs//")).text, "<p>docs");
  const rows = [["//docs", "/docs/"], ["//evil.example", "/evil.example/"]] as const;
  for (
    const [path, location] of [...rows, ["///evil.example?//a", "/evil.example/?//a"]] as const
  ) {
    const answer = await get(server, path);
    assertEquals([answer.status, field(answer, "location")], [301, location], path);
  }
  const refused = ["//nothing", "//.env", "/docs/..//.env", "//%2fdocs", "/docs/a.txt//"];
  assertEquals(await statuses(server, refused), [404, 404, 400, 404, 404]);
});

siteTest("the redirect to a folder may be cached as long as its target", {
  files: { "docs/index.html": "<p>docs", "assets/a.css": "p{}" },
  args: ["--cache", "/assets/**=max-age=60"],
}, async ({ server }) => {
  for (const [path, value] of [["/docs", "no-cache"], ["/assets", "max-age=60"]] as const) {
    const answer = await get(server, path);
    assertEquals([answer.status, field(answer, "cache-control")], [301, value]);
  }
});

siteTest("HEAD and OPTIONS are answered, other methods get 405", SMALL, async ({ server }) => {
  const [got, head] = [await get(server, "/a.css"), await request(server, "HEAD", "/a.css")];
  assertEquals([head.status, head.text, field(head, "content-length")], [200, "", "3"]);
  const withoutDate = (answer: HttpAnswer) => answer.fields.filter(([name]) => name !== "Date");
  assertEquals(withoutDate(head), withoutDate(got));
  const options = await request(server, "OPTIONS", "/a.css");
  assertEquals([options.status, field(options, "allow")], [204, "GET, HEAD, OPTIONS"]);
  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
    const refused = await request(server, method, "/a.css", ["Content-Length: 0"]);
    assertEquals([refused.status, field(refused, "allow")], [405, "GET, HEAD, OPTIONS"]);
  }
});

siteTest(
  "the endpoints are kept, the terminal at /term/ with everything that it loads",
  SMALL,
  async ({ server }) => {
    assertEquals((await get(server, "/healthz")).text, "ok");
    const page = await get(server, "/term/");
    assertEquals(field(page, "content-type"), "text/html; charset=utf-8");
    const loaded = [...page.text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => path!);
    assert(loaded.length > 5 && loaded.every((path) => path.startsWith("/term/assets/")));
    assertEquals(await statuses(server, loaded), loaded.map(() => 200));
    assertEquals(await statuses(server, ["/ws", "/term", "/echo", "/assets/style.css"]), [
      426,
      426,
      200,
      404,
    ]);
  },
);

siteTest("--endpoints disables endpoints one by one", {
  ...SMALL,
  args: ["--endpoints", "health,ws"],
}, async ({ server }) => {
  const paths = ["/healthz", "/ws", "/term", "/term/", "/echo"];
  assertEquals(await statuses(server, paths), [200, 426, 404, 404, 404]);
});

siteTest(
  "--endpoints none serves only the folder",
  { ...SMALL, args: ["--endpoints", "none"] },
  async ({ server }) => {
    assertEquals(await statuses(server, ["/healthz", "/ws", "/"]), [404, 404, 200]);
  },
);

siteTest("--cache, --header and --cors set the header fields", {
  files: { "a.css": "p{}", "b/c.js": "1", "index.html": "<p>" },
  args: [
    ...["--cache", "*.css=max-age=60", "--cache", "/b/**=public, max-age=1, immutable"],
    ...["--header", "X-Own: yes", "--header", "Referrer-Policy: no-referrer"],
    ...["--header", "X-Content-Type-Options:", "--cors", "https://example.com"],
  ],
}, async ({ server }) => {
  const css = await get(server, "/a.css");
  assertEquals(field(css, "cache-control"), "max-age=60");
  assertEquals(field(css, "x-own"), "yes");
  assertEquals(field(css, "referrer-policy"), "no-referrer");
  assertEquals(field(css, "x-content-type-options"), undefined);
  assertEquals(field(css, "access-control-allow-origin"), "https://example.com");
  assertEquals(
    field(await get(server, "/b/c.js"), "cache-control"),
    "public, max-age=1, immutable",
  );
  assertEquals(field(await get(server, "/"), "cache-control"), "no-cache");
  const missing = await get(server, "/b/nothing.js");
  assertEquals([missing.status, field(missing, "cache-control")], [404, undefined]);
  assertEquals(field(missing, "x-own"), "yes");
  const preflight = await request(server, "OPTIONS", "/a.css", [
    "Origin: https://example.com",
    "Access-Control-Request-Method: GET",
    "Access-Control-Request-Headers: range",
  ]);
  assertEquals(preflight.status, 204);
  assertEquals(field(preflight, "access-control-allow-methods"), "GET, HEAD, OPTIONS");
  assertMatch(field(preflight, "access-control-allow-headers") ?? "", /Range/);
});

siteTest(
  "404.html of the folder is served, and changes to it too",
  { files: { "404.html": "<p>gone" } },
  async ({ server, folder }) => {
    const gone = await get(server, "/nothing", ["If-None-Match: *", "Range: bytes=0-1"]);
    assertEquals([gone.status, gone.text], [404, "<p>gone"]);
    assertEquals(field(gone, "content-type"), "text/html; charset=utf-8");
    assertEquals([field(gone, "etag"), field(gone, "accept-ranges")], [undefined, undefined]);
    const head = await request(server, "HEAD", "/nothing");
    assertEquals([head.status, field(head, "content-length")], [404, "7"]);
    await putFile(`${folder}/404.html`, "<p>really gone");
    await waitFor(async () => (await get(server, "/nothing")).text === "<p>really gone", {
      what: "the new page",
      timeoutMs: 3000,
    });
  },
);

siteTest("listings, redirects and the application answer only GET, HEAD and OPTIONS", {
  files: { "index.html": "<p>app", "docs/a.txt": "", "404.html": "<p>gone" },
  args: ["--spa", "--listing"],
}, async ({ server }) => {
  const asBrowser = "Accept: text/html";
  for (const path of ["/docs", "/docs/"]) {
    const posted = await request(server, "POST", path, ["Content-Length: 0", asBrowser]);
    assertEquals([posted.status, field(posted, "allow")], [405, "GET, HEAD, OPTIONS"], path);
  }
  const posted = await request(server, "POST", "/any/where", ["Content-Length: 0", asBrowser]);
  assertEquals([posted.status, posted.text], [404, "<p>gone"]);
  for (const path of ["/docs", "/docs/", "/docs/a.txt", "/any/where", "/..%2f"]) {
    const options = await request(server, "OPTIONS", path, [asBrowser]);
    assertEquals([options.status, options.text], [204, ""], path);
  }
});

siteTest("--listing shows a folder as a page, or as JSON", {
  files: { "a&b/<x>.txt": "1", "a&b/.secret": "2", "c/index.html": "<p>own" },
  args: ["--listing"],
}, async ({ server, top, folder }) => {
  await Deno.writeTextFile(`${top}/outside`, "secret");
  await Deno.symlink("../outside", `${folder}/a&b/link`);
  const page = await get(server, "/a&b/", ["Accept: text/html"]);
  assertEquals([page.status, field(page, "content-type")], [200, "text/html; charset=utf-8"]);
  assert(page.text.includes("&lt;x&gt;.txt") && !page.text.includes("secret"), page.text);
  assert(!page.text.includes(">link<"), "a link that leads out of the folder is shown");
  assertEquals(field(page, "vary"), "Accept");
  const json = await get(server, "/a&b/", ["Accept: application/json"]);
  const { entries } = JSON.parse(json.text);
  assertEquals(entries.map(({ name }: { name: string }) => name), ["<x>.txt"]);
  assertEquals((await get(server, "/c/")).text, "<p>own");
  assertEquals((await get(server, "/a&b")).status, 301);
  assertEquals((await get(server, "/nothing/")).status, 404);
});

siteTest("--listing of a folder of very many names says how many it omits", {
  files: { "many/.hidden": "" },
  args: ["--listing"],
}, async ({ server, folder }) => {
  for (let i = 0; i < MAX_LISTED + 3; i++) Deno.writeTextFileSync(`${folder}/many/${i}`, "");
  const json = await get(server, "/many/", ["Accept: application/json"]);
  const { entries, omitted } = JSON.parse(json.text);
  assertEquals([entries.length, omitted], [MAX_LISTED, 3]);
});

siteTest("precompressed files are served if the client accepts their coding", {
  files: {
    "app.js": TEXT,
    "app.js.br": "as brotli",
    "app.js.zst": "as zstd",
    "app.js.gz": "as gzip",
    "b.png": "picture",
    "b.png.gz": "no coding of it",
  },
}, async ({ server }) => {
  const rows: [accept: string | undefined, coding: string | undefined, text: string][] = [
    ["br, gzip, zstd", "br", "as brotli"],
    ["zstd", "zstd", "as zstd"],
    ["gzip", "gzip", "as gzip"],
    ["br;q=0.5, gzip", "gzip", "as gzip"],
    [undefined, undefined, TEXT],
    ["br;q=0", undefined, TEXT],
  ];
  const tags = new Set<string | undefined>();
  for (const [accept, coding, text] of rows) {
    const fields = accept === undefined ? [] : [`Accept-Encoding: ${accept}`];
    const answer = await get(server, "/app.js", fields);
    assertEquals([field(answer, "content-encoding"), answer.text], [coding, text], accept);
    assertEquals(field(answer, "vary"), "Accept-Encoding");
    assertEquals(field(answer, "content-type"), "text/javascript; charset=utf-8");
    tags.add(field(answer, "etag"));
  }
  assertEquals(tags.size, 4, "each coding has its tag");
  const picture = await get(server, "/b.png", ["Accept-Encoding: gzip"]);
  assertEquals([field(picture, "content-encoding"), field(picture, "vary")], [
    undefined,
    undefined,
  ]);
  assertEquals((await get(server, "/app.js", ["Accept-Encoding: identity;q=0"])).status, 406);
});

siteTest("a precompressed file that is older than its file is not sent", {
  files: { "app.js": TEXT, "app.js.br": "of an old version" },
}, async ({ server, folder }) => {
  const old = new Date(Date.now() - 3_600_000);
  await Deno.utime(`${folder}/app.js.br`, old, old);
  const answer = await get(server, "/app.js", ["Accept-Encoding: br, gzip;q=0"]);
  assertEquals(field(answer, "content-encoding"), "br");
  assert(answer.text !== "of an old version");
});

siteTest(
  "text is compressed once, at its first request, and sent uncompressed if that saves nothing",
  {
    files: {
      "text.txt": TEXT,
      "short.txt": "short",
      "noise.txt": crypto.getRandomValues(new Uint8Array(5000)),
    },
  },
  async ({ server }) => {
    const gzip = await get(server, "/text.txt", ["Accept-Encoding: gzip"]);
    assertEquals(field(gzip, "content-encoding"), "gzip");
    assertEquals(await gunzip(gzip.body), TEXT);
    assert(gzip.body.length < TEXT.length / 4);
    const plain = await get(server, "/text.txt");
    assertEquals(plain.text, TEXT);
    assert(field(plain, "etag") !== field(gzip, "etag"));
    const again = await get(server, "/text.txt", [
      "Accept-Encoding: gzip",
      `If-None-Match: ${field(gzip, "etag")}`,
    ]);
    assertEquals([again.status, field(again, "vary")], [304, "Accept-Encoding"]);
    for (const path of ["/short.txt", "/noise.txt"]) {
      const answer = await get(server, path, ["Accept-Encoding: gzip, br"]);
      assertEquals(field(answer, "content-encoding"), undefined, path);
    }
  },
);

siteTest("requests during a compression wait for the same compression", {
  files: { "text.txt": TEXT.repeat(200) },
}, async ({ server }) => {
  const asked = Array.from({ length: 20 }, () => get(server, "/text.txt", ["Accept-Encoding: br"]));
  const answers = await Promise.all(asked);
  assertEquals(new Set(answers.map(({ body }) => body.length)).size, 1);
  assertEquals(new Set(answers.map((answer) => field(answer, "content-encoding"))).size, 1);
});

siteTest("pipelined requests for small and large files are answered in order", {
  files: { "small.txt": "small", "large.bin": new Uint8Array(3_000_000).fill(7) },
}, async ({ server }) => {
  using connection = await HttpConnection.open(server);
  const paths = ["/small.txt", "/large.bin", "/nothing", "/large.bin", "/small.txt", "/healthz"];
  await connection.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(""));
  const lengths: number[] = [];
  for (const _ of paths) lengths.push((await connection.answer("GET")).body.length);
  assertEquals(lengths, [5, 3_000_000, 10, 3_000_000, 5, 2]);
});

async function gunzip(bytes: Uint8Array): Promise<string> {
  const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  return await new Response(source.pipeThrough(new DecompressionStream("gzip"))).text();
}
