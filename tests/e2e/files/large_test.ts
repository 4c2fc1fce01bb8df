/**
 * Large files: identical byte for byte, for slow readers and fast ones, while the same worker answers others at
 * once; ranges above 4 GiB; and every file is closed again, whenever the client leaves.
 */

import { assert, assertEquals } from "@std/assert";
import { ask, field, HttpConnection } from "../../support/http_client.ts";
import { countDescriptors, LATE_DESCRIPTORS } from "../../support/process_facts.ts";
import { type Server, within } from "../../support/server.ts";
import { connectTo } from "../../support/suite_tls.ts";
import { withSite } from "../../support/site.ts";
import { waitFor } from "../../support/wait_for.ts";

const MEBIBYTE = 1024 * 1024;
const HUNDRED = 100 * MEBIBYTE;
/**
 * What the readers of large files may receive while a small request waits: a busy machine changes how long that is, but not whose turn it
 * is. A worker that sends a file in one go would send all of it in the meantime. Half of that may be in the buffers of the sockets.
 */
const MOST_MEANWHILE = HUNDRED;
/** Such a worker would have time for only one of these between two files. */
const QUICK_ANSWERS = 50;
const SLOW_READERS = 4;
const DOWNLOADS = 1000;
const AT_ONCE = 20;

/** Writes random bytes and returns their SHA-256. */
async function writeRandom(path: string, size: number): Promise<string> {
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  using file = await Deno.open(path, { write: true, create: true });
  const block = new Uint8Array(MEBIBYTE);
  for (let written = 0; written < size; written += block.length) {
    for (let at = 0; at < block.length; at += 65_536) {
      crypto.getRandomValues(block.subarray(at, at + 65_536));
    }
    hash.update(block);
    for (let at = 0; at < block.length;) at += await file.write(block.subarray(at));
  }
  return hash.digest("hex");
}

/** Reads a whole response body, calls `pace` with the length of each part, and returns its SHA-256. */
async function download(
  server: Server,
  path: string,
  pace: (length: number) => Promise<void>,
): Promise<string> {
  const { createHash } = await import("node:crypto");
  using conn = await connectTo(server);
  await conn.write(
    new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`),
  );
  const hash = createHash("sha256");
  const into = new Uint8Array(256 * 1024);
  let head = "";
  for (;;) {
    const count = await conn.read(into);
    if (count === null) return hash.digest("hex");
    await pace(count);
    if (head.includes("\r\n\r\n")) {
      hash.update(into.subarray(0, count));
      continue;
    }
    const text = new TextDecoder("latin1").decode(into.subarray(0, count));
    const end = (head + text).indexOf("\r\n\r\n");
    if (end >= 0) hash.update(into.subarray(end + 4 - head.length, count));
    head += text;
  }
}

Deno.test("large files: 100 MiB arrive unchanged at slow readers, while others are answered at once", async () => {
  await withSite({ files: { "index.html": "home" } }, async ({ server, folder }) => {
    const expected = await writeRandom(`${folder}/large.bin`, HUNDRED);
    let received = 0;
    const readers = Array.from(
      { length: SLOW_READERS },
      (_, i) =>
        download(server, "/large.bin", async (length) => {
          received += length;
          if (i > 0) await new Promise((resolve) => setTimeout(resolve, 1));
        }),
    );
    let done = false;
    const all = Promise.all(readers).finally(() => done = true);
    let [most, asked] = [0, 0];
    using quick = await HttpConnection.open(server);
    while (!done) {
      const before = received;
      await quick.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      assertEquals((await quick.answer("GET")).text, "home");
      most = Math.max(most, received - before);
      asked++;
    }
    assertEquals(await all, readers.map(() => expected));
    assert(asked > QUICK_ANSWERS, `only ${asked} quick requests`);
    assert(most < MOST_MEANWHILE, `while a quick request waited, others received ${most} bytes`);
  });
});

Deno.test("large files: single and multiple ranges above 4 GiB are correct", async () => {
  await withSite({}, async ({ server, folder }) => {
    const far = 5 * 1024 * MEBIBYTE;
    {
      using sparse = await Deno.open(`${folder}/sparse.bin`, { write: true, create: true });
      await sparse.seek(far, Deno.SeekMode.Start);
      await sparse.write(new TextEncoder().encode("far away"));
    }
    const get = (range: string) =>
      ask(server, `GET /sparse.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=${range}\r\n\r\n`);
    const tail = await get("-4");
    assertEquals([tail.status, tail.text], [206, "away"]);
    assertEquals(field(tail, "content-range"), `bytes ${far + 4}-${far + 7}/${far + 8}`);
    const several = await get(`0-1,${far}-${far + 2}`);
    assertEquals(several.status, 206);
    const boundary = /boundary=(.+)$/.exec(field(several, "content-type") ?? "")?.[1];
    assertEquals(several.text.split(`--${boundary}`).length, 4);
    assert(several.text.includes("\r\n\r\n\0\0\r\n--"), several.text);
    assert(
      several.text.includes(`bytes ${far}-${far + 2}/${far + 8}\r\n\r\nfar\r\n--`),
      several.text,
    );
    const head = await ask(server, "HEAD /sparse.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    assertEquals(field(head, "content-length"), String(far + 8));
  });
});

Deno.test("large files: a thousand downloads, aborted ones included, leak no descriptors", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`${i}.bin`, new Uint8Array(3 * MEBIBYTE)]),
  );
  const args = ["--open-files", "8"];
  await withSite({ files, args, workers: 2 }, async ({ server }) => {
    const before = countDescriptors(server.pid);
    for (let i = 0; i < DOWNLOADS; i += AT_ONCE) {
      const group = Array.from({ length: AT_ONCE }, (_, k) => {
        return visit(server, `/${(i + k) % 40}.bin`, k % 2 === 0);
      });
      await within(Promise.all(group), { what: `downloads ${i} and after` });
    }
    // Up to eight files of each worker stay open, as configured.
    await waitFor(() => countDescriptors(server.pid) <= before + LATE_DESCRIPTORS, {
      what: () => `descriptors as before (${before}): ${countDescriptors(server.pid)}`,
    });
  });
});

/** Downloads a file, or closes in the middle of it. */
async function visit(server: Server, path: string, leaves: boolean): Promise<void> {
  using conn = await connectTo(server);
  await conn.write(
    new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`),
  );
  const into = new Uint8Array(MEBIBYTE);
  let received = await conn.read(into) ?? 0;
  if (leaves) return;
  for (let count = await conn.read(into); count !== null; count = await conn.read(into)) {
    received += count;
  }
  assert(received > 3 * MEBIBYTE, `${received} bytes of ${path}`);
}
