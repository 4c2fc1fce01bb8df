/**
 * ETags and dates of real files: equal content has an equal ETag on every machine; different content has a
 * different ETag, whatever the times are.
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { ask, field, type HttpAnswer } from "../../support/http_client.ts";
import { withServer } from "../../support/server.ts";
import { type Site, type SiteFiles, withSite } from "../../support/site.ts";
import { waitFor } from "../../support/wait_for.ts";

const MEBIBYTE = 1024 * 1024;
/** Held in memory, hashed whole, hashed in parts: the three ways to compute an ETag. */
const FILES: SiteFiles = {
  "small.bin": new Uint8Array(1000).fill(1),
  "middle.bin": new Uint8Array(200_000).fill(2),
  "large.bin": new Uint8Array(3 * MEBIBYTE).fill(3),
  "text.txt": "a line of text\n".repeat(500),
};
/** The time that a reproducible build writes (SOURCE_DATE_EPOCH). */
const BUILT = new Date(1_700_000_000_000);

function get({ server }: Pick<Site, "server">, path: string, fields = ""): Promise<HttpAnswer> {
  return ask(server, `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
}

async function tagOf(site: Pick<Site, "server">, path: string, fields = ""): Promise<string> {
  const tag = field(await get(site, path, fields), "etag") ?? "";
  assert(/^"[\w-]+"$/.test(tag), `${path}: ${tag}`);
  return tag;
}

async function setTimes(folder: string, names: readonly string[], time: Date): Promise<void> {
  for (const name of names) await Deno.utime(`${folder}/${name}`, time, time);
}

Deno.test("validators: copies with other inodes and change times have the same ETags", () =>
  withSite({ files: FILES }, async (site) => {
    const { top, folder } = site;
    await setTimes(folder, Object.keys(FILES), BUILT);
    await new Deno.Command("cp", { args: ["-a", folder, `${top}/copy`] }).output();
    await withServer({ workers: 1, args: ["--root", `${top}/copy`] }, async (server) => {
      for (const name of Object.keys(FILES)) {
        const [ours, theirs] = await Promise.all(
          [folder, `${top}/copy`].map((from) => Deno.stat(`${from}/${name}`)),
        );
        assertNotEquals(ours!.ino, theirs!.ino);
        assertEquals(await tagOf(site, `/${name}`), await tagOf({ server }, `/${name}`), name);
      }
      const coded = "Accept-Encoding: gzip\r\n";
      const tag = await tagOf(site, "/text.txt", coded);
      assertEquals(tag, await tagOf({ server }, "/text.txt", coded));
      const condition = `${coded}If-None-Match: ${tag}\r\n`;
      assertEquals((await get({ server }, "/text.txt", condition)).status, 304);
    });
  }));

Deno.test("validators: different content of the same size and modification time has a different ETag", () =>
  withSite({ files: FILES }, async (site) => {
    const { folder } = site;
    const names = Object.keys(FILES);
    await setTimes(folder, names, BUILT);
    for (const name of names) {
      const before = await tagOf(site, `/${name}`);
      const bytes = await Deno.readFile(`${folder}/${name}`);
      bytes[bytes.length - 10]! ^= 0xff;
      await Deno.writeFile(`${folder}/${name}`, bytes);
      await setTimes(folder, [name], BUILT);
      await waitFor(async () => await tagOf(site, `/${name}`) !== before, {
        what: `another ETag of ${name}`,
        timeoutMs: 5000,
      });
      const condition = `If-None-Match: ${before}\r\n`;
      assertEquals((await get(site, `/${name}`, condition)).status, 200, name);
    }
  }));

for (const seconds of [0, 1]) {
  Deno.test(`validators: a modification time of ${seconds} means no date`, () =>
    withSite({ files: FILES }, async (site) => {
      const { folder } = site;
      await setTimes(folder, Object.keys(FILES), new Date(seconds * 1000));
      for (const name of Object.keys(FILES)) {
        const since = "If-Modified-Since: Wed, 01 Jan 2025 00:00:00 GMT\r\n";
        const answer = await get(site, `/${name}`, since);
        assertEquals([answer.status, field(answer, "last-modified")], [200, undefined], name);
        assert(field(answer, "etag") !== undefined);
      }
      // Between the parts that are hashed: only the change time (ctime) shows it.
      const before = await tagOf(site, "/large.bin");
      using file = await Deno.open(`${folder}/large.bin`, { write: true });
      await file.seek(100_000, Deno.SeekMode.Start);
      await file.write(new Uint8Array([0xff]));
      await setTimes(folder, ["large.bin"], new Date(seconds * 1000));
      await waitFor(async () => await tagOf(site, "/large.bin") !== before, {
        what: "another tag",
        timeoutMs: 5000,
      });
    }));
}

Deno.test("validators: a file that is rewritten with the same content keeps its ETag", () =>
  withSite({ files: FILES }, async (site) => {
    const { folder } = site;
    const before = await get(site, "/small.bin");
    const time = new Date(BUILT);
    await setTimes(folder, ["small.bin"], time);
    await waitFor(async () => {
      const answer = await get(site, "/small.bin");
      assertEquals(field(answer, "etag"), field(before, "etag"));
      return field(answer, "last-modified") === time.toUTCString();
    }, { what: "the new date", timeoutMs: 5000 });
  }));
