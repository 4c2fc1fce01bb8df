/**
 * Files that change while they are served: new content is served within a second, however it was written, and
 * a response that has begun is completed as declared, or the connection is closed.
 */

import { assert, assertEquals } from "@std/assert";
import {
  ask,
  expectAbort,
  field,
  type HttpAnswer,
  HttpConnection,
} from "../../support/http_client.ts";
import { within, withServer } from "../../support/server.ts";
import { connectTo } from "../../support/suite_tls.ts";
import { putFile, type Site, type SiteFiles, withSite } from "../../support/site.ts";
import { waitFor } from "../../support/wait_for.ts";

/** A second, and what a request takes on a busy machine. */
const A_SECOND = 1000;
const SLACK = 1500;
const LARGE = 8 * 1024 * 1024;

function changesTest(name: string, files: SiteFiles, body: (site: Site) => Promise<void>): void {
  Deno.test(`changes: ${name}`, () => withSite({ files }, body));
}

function get({ server }: Site, path: string, accept = "identity"): Promise<HttpAnswer> {
  return ask(server, `GET ${path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: ${accept}\r\n\r\n`);
}

/** Repeats the request, so that the cached entry stays hot, until the answer is this one. */
async function seen(site: Site, path: string, wanted: string | number): Promise<void> {
  let last = "";
  const begun = performance.now();
  await waitFor(async () => {
    const answer = await get(site, path);
    last = `${answer.status} ${answer.text.slice(0, 100)}`;
    return answer.status === wanted || answer.text === wanted;
  }, { what: () => `${wanted} at ${path}; last: ${last}` });
  const took = performance.now() - begun;
  assert(took < A_SECOND + SLACK, `${wanted} at ${path} was seen after ${took} ms`);
}

changesTest("a file that is rewritten, replaced, removed or created is served as it is now", {
  "a.txt": "one",
}, async (site) => {
  const path = `${site.folder}/a.txt`;
  await seen(site, "/a.txt", "one");
  await Deno.writeTextFile(path, "two");
  await seen(site, "/a.txt", "two");
  // The same length, by a rename, with the old file's time: only the inode differs.
  const { atime, mtime } = await Deno.stat(path);
  await Deno.writeTextFile(`${path}.new`, "six");
  await Deno.utime(`${path}.new`, atime!, mtime!);
  await Deno.rename(`${path}.new`, path);
  await seen(site, "/a.txt", "six");
  await Deno.remove(path);
  await seen(site, "/a.txt", 404);
  await Deno.writeTextFile(path, "back");
  await seen(site, "/a.txt", "back");
});

changesTest(
  "a changed file gets a new ETag, and the old one does not match",
  { "a.txt": "one" },
  async (site) => {
    const before = field(await get(site, "/a.txt"), "etag");
    await Deno.writeTextFile(`${site.folder}/a.txt`, "two");
    await seen(site, "/a.txt", "two");
    const request = `GET /a.txt HTTP/1.1\r\nHost: a\r\nIf-None-Match: ${before}\r\n\r\n`;
    const answer = await ask(site.server, request);
    assertEquals([answer.status, answer.text], [200, "two"]);
    assert(field(answer, "etag") !== before);
  },
);

changesTest("a change of a large file and of a compressed one is served", {
  "large.bin": new Uint8Array(LARGE),
  "text.txt": "a".repeat(10_000),
}, async (site) => {
  const first = await get(site, "/text.txt", "gzip");
  assertEquals(field(first, "content-encoding"), "gzip");
  assertEquals((await get(site, "/large.bin")).body.length, LARGE);
  await Deno.writeTextFile(`${site.folder}/new`, "no longer");
  await Deno.rename(`${site.folder}/new`, `${site.folder}/large.bin`);
  await Deno.writeTextFile(`${site.folder}/text.txt`, "b".repeat(20_000));
  await seen(site, "/large.bin", "no longer");
  const second = await get(site, "/text.txt", "gzip");
  assert(field(second, "etag") !== field(first, "etag"));
});

changesTest(
  "a precompressed file is used once it is there, and no longer once it is removed",
  { "a.css": "p{}" },
  async (site) => {
    await seen(site, "/a.css", "p{}");
    await Deno.writeTextFile(`${site.folder}/a.css.br`, "brotli");
    await waitFor(async () => (await get(site, "/a.css", "br")).text === "brotli", {
      what: "a.css.br",
    });
    await Deno.remove(`${site.folder}/a.css.br`);
    await waitFor(async () => (await get(site, "/a.css", "br")).text === "p{}", { what: "a.css" });
  },
);

changesTest(
  "a new release, by a symbolic link with a new target, is served",
  {},
  async ({ top }) => {
    await putFile(`${top}/first/index.html`, "first");
    await putFile(`${top}/second/index.html`, "second");
    await Deno.remove(`${top}/site`);
    await Deno.symlink("first", `${top}/current`);
    await withServer({ workers: 1, args: ["--root", `${top}/current`] }, async (server) => {
      const site = { server, folder: `${top}/current`, top };
      await seen(site, "/", "first");
      await Deno.symlink("second", `${top}/next`);
      await Deno.rename(`${top}/next`, `${top}/current`);
      await seen(site, "/", "second");
    });
    await Deno.mkdir(`${top}/site`);
  },
);

changesTest("a file that is truncated while it is sent closes the connection", {
  "large.bin": new Uint8Array(LARGE),
}, async (site) => {
  const { server, folder } = site;
  using conn = await connectTo(server);
  await conn.write(new TextEncoder().encode("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n"));
  const bytes = new Uint8Array(1000);
  let received = await conn.read(bytes) ?? 0;
  await Deno.truncate(`${folder}/large.bin`, 1000);
  const into = new Uint8Array(1024 * 1024);
  const rest = async () => {
    for (let count = await conn.read(into); count !== null; count = await conn.read(into)) {
      received += count;
    }
  };
  await within(rest().catch(expectAbort), { what: "the end of the connection" });
  assert(received < LARGE, `${received} bytes of a file that has 1000`);
  assertEquals((await get(site, "/healthz")).status, 200, "the worker still serves");
});

changesTest("of a file that grows only the declared length is sent", {
  "large.bin": new Uint8Array(LARGE),
}, async (site) => {
  using connection = await HttpConnection.open(site.server);
  await connection.send("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
  const growing = await Deno.open(`${site.folder}/large.bin`, { append: true });
  await growing.write(new Uint8Array(LARGE).fill(1));
  growing.close();
  await connection.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  const answer = await connection.answer("GET");
  assertEquals(answer.body.length, Number(field(answer, "content-length")));
  assertEquals((await connection.answer("GET")).text, "ok");
});
