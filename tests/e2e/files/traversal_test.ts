/**
 * Paths that try to leave the served folder, or to read hidden files in it, over a raw socket by
 * fixtures/semantics/hostile_paths.json: a client library would normalise most of them.
 *
 * The secret is above the folder, in a sibling with the same name prefix, behind links, and in hidden
 * files. No request may return it, nor a name from above, nor a file of the system; a 200 may only
 * return one of the folder's own files. A redirect stays on this server.
 */

import { assert, assertEquals } from "@std/assert";
import { type Endpoint, HttpConnection } from "../../support/http_client.ts";
import { readTable, type Row } from "../../support/semantics_tables.ts";
import { type Site, withSite } from "../../support/site.ts";

interface HostileRow extends Row {
  /** The request target; {base} is the path of the folder around the served one, {encodedBase} the same with encoded slashes. */
  input: string;
}

const ROWS = readTable<HostileRow>("hostile_paths");
const LINK_SPEC = "a link that leads out";

const SECRET = "the-secret-5d41402abc4b";
/** A name above the folder, which only a listing of that folder would show. */
const NAME_ABOVE = "only-above-7d793037a076";
const OF_THE_SYSTEM = /root:[^:]*:0:0:|(?:^|\0)PATH=/;

/** The folder's own files, with their contents. */
const OWN: Readonly<Record<string, string>> = {
  "index.html": "<!DOCTYPE html><title>here</title>",
  "a.txt": "a file",
  "sub/b.txt": "another file",
  "sub/deep/c.txt": "a third file",
  ".well-known/known.txt": "a known file",
};

const SECRET_FILES = [
  "secret.txt",
  "site.bak",
  "site-secret/secret.txt",
  "site/.env",
  "site/.git/config",
  "site/sub/.htpasswd",
  "site/.well-known/.env",
];

/** Links in the folder that lead out of it, or nowhere. */
const LINKS: Readonly<Record<string, string>> = {
  "out.txt": "../secret.txt",
  "sub/out.txt": "../../secret.txt",
  "absolute.txt": "{base}/secret.txt",
  "up": "..",
  "root": "/",
  "chain.txt": "out.txt",
  "process": "/proc/self",
  "loop": "loop",
  "sibling": "../site-secret",
  "dangling": "../nothing",
};

async function fill({ top, folder: root }: Site): Promise<void> {
  for (const folder of ["sub/deep", ".git", ".well-known", "../site-secret"]) {
    await Deno.mkdir(`${root}/${folder}`, { recursive: true });
  }
  for (const [name, text] of Object.entries(OWN)) await Deno.writeTextFile(`${root}/${name}`, text);
  for (const name of SECRET_FILES) await Deno.writeTextFile(`${top}/${name}`, SECRET);
  await Deno.writeTextFile(`${top}/${NAME_ABOVE}`, SECRET);
  for (const [name, to] of Object.entries(LINKS)) {
    await Deno.symlink(to.replace("{base}", top), `${root}/${name}`);
  }
  await Deno.symlink("a.txt", `${root}/inward.txt`);
  await Deno.symlink("sub", `${root}/inward`);
}

/** Sends a target unchanged; returns everything that comes back, one code unit a byte. */
async function bytesFor(endpoint: Endpoint, target: string, accept: string): Promise<string> {
  using connection = await HttpConnection.open(endpoint);
  const lines = [`GET ${target} HTTP/1.1`, "Host: a", `Accept: ${accept}`, "Connection: close"];
  await connection.send(`${lines.join("\r\n")}\r\n\r\n`);
  return new TextDecoder("latin1").decode(await connection.rest());
}

function targetOf({ input }: HostileRow, { top }: Site): string {
  return input.replaceAll("{base}", top).replaceAll("{encodedBase}", top.replaceAll("/", "%2f"));
}

/** Checks an answer. `isOwn` says whether the body of a 200 is one that the folder may return. */
function checkAnswer(answer: string, isOwn: (body: string) => boolean): void {
  const shown = answer.slice(0, 600);
  assert(!answer.includes(SECRET), `the secret was sent: ${shown}`);
  assert(!answer.includes(NAME_ABOVE), `a name from above was sent: ${shown}`);
  assert(!OF_THE_SYSTEM.test(answer), `a file of the system was sent: ${shown}`);
  const [, status] = /^HTTP\/1\.1 ([0-9]{3}) /.exec(answer) ?? [];
  const end = answer.indexOf("\r\n\r\n");
  const body = answer.slice(end + 4);
  if (status === "200") {
    return assert(isOwn(body), `200 with a body that is not from this folder: ${shown}`);
  }
  const location = /^location: (.*)\r$/im.exec(answer.slice(0, end + 2))?.[1];
  if (location !== undefined) {
    return assert(/^\/(?![/\\])/.test(location), `redirected to ${location}`);
  }
  assert(["400", "403", "404", "414", "501"].includes(status ?? ""), shown);
}

Deno.test("traversal: there are at least two hundred hostile paths", () => {
  assert(ROWS.length >= 200);
});

Deno.test("traversal: no path leads out of the folder, or to a hidden file in it", (test) =>
  withSite({ workers: 2 }, async (site) => {
    await fill(site);
    const { server } = site;
    const own = new Set(Object.values(OWN));
    for (const row of ROWS) {
      await test.step(row.name, async () => {
        checkAnswer(await bytesFor(server, targetOf(row, site), "*/*"), (body) => own.has(body));
      });
    }
    await test.step("the folder's own files are served, also through a link inside the folder", async () => {
      for (const [name, text] of Object.entries(OWN)) {
        assertEquals((await bytesFor(server, `/${name}`, "*/*")).split("\r\n\r\n")[1], text, name);
      }
      for (
        const [path, name] of [["/inward.txt", "a.txt"], ["/inward/b.txt", "sub/b.txt"]] as const
      ) {
        assertEquals((await bytesFor(server, path, "*/*")).split("\r\n\r\n")[1], OWN[name], path);
      }
    });
  }));

Deno.test("traversal: with --listing and --spa no path leads out of the folder either", () =>
  withSite({ args: ["--listing", "--spa"], workers: 2 }, async (site) => {
    await fill(site);
    const { server } = site;
    const isOwn = (body: string) =>
      Object.values(OWN).includes(body) || body.includes("Index of /");
    for (const row of ROWS) {
      for (const accept of ["text/html", "application/json"]) {
        const answer = await bytesFor(server, targetOf(row, site), accept);
        checkAnswer(answer, (body) => isOwn(body) || body.startsWith('{"path":"/'));
      }
    }
  }));

Deno.test("traversal: --follow-links serves the targets of links, and nothing else", () =>
  withSite({ args: ["--follow-links"], workers: 2 }, async (site) => {
    await fill(site);
    const { server } = site;
    const own = new Set(Object.values(OWN));
    for (const row of ROWS.filter(({ spec }) => spec !== LINK_SPEC)) {
      checkAnswer(await bytesFor(server, targetOf(row, site), "*/*"), (body) => own.has(body));
    }
    assert((await bytesFor(server, "/out.txt", "*/*")).includes(SECRET));
  }));

Deno.test("traversal: --hidden serves hidden files, and nothing else", () =>
  withSite({ args: ["--hidden"], workers: 2 }, async (site) => {
    await fill(site);
    const { server } = site;
    const own = new Set(Object.values(OWN));
    for (const row of ROWS.filter(({ spec }) => spec !== "names with a leading dot")) {
      checkAnswer(await bytesFor(server, targetOf(row, site), "*/*"), (body) => own.has(body));
    }
    assert((await bytesFor(server, "/.env", "*/*")).includes(SECRET));
  }));
