/** What a tail says of its progress on a terminal: how many publications came, how fast, and for how long none. */

import { assertEquals } from "@std/assert";
import { TailProgress } from "../../../../runtime/cli/channel_commands/tail_progress.ts";

function bench(limit = Infinity) {
  const shown: string[] = [];
  const time = { now: 5_000 };
  const progress = new TailProgress({
    limit,
    now: () => time.now,
    show: (text) => Promise.resolve(void shown.push(text)),
  });
  const after = async (milliseconds: number) => {
    time.now += milliseconds;
    await progress.tell();
    return shown.at(-1);
  };
  const print = (count: number) =>
    progress.around(count, () => Promise.resolve(void shown.push(`printed ${count}`)));
  return { progress, shown, after, print };
}

Deno.test("tail progress: the number, and how many a second or for how long none", async () => {
  const { progress, after, print } = bench();
  assertEquals(await after(1_000), "0 publications, none for 1 s");
  await print(1);
  assertEquals(await after(1_000), "1 publication, 1.0/s");
  assertEquals(await after(1_000), "1 publication, none for 2 s");
  await print(500);
  await print(524);
  assertEquals(await after(1_000), "1025 publications, 1024/s");
  assertEquals(await after(61_000), "1025 publications, none for 62 s");
  await progress.end();
});

Deno.test("tail progress: with a limit it says how many are wanted", async () => {
  const { progress, after, print } = bench(10);
  await print(3);
  assertEquals(await after(1_000), "3 of 10 publications, 3.0/s");
  await progress.end();
});

Deno.test("tail progress: the line is taken away before anything else is written, and at the end", async () => {
  const { progress, shown, after, print } = bench();
  await print(1);
  assertEquals(shown.splice(0), ["printed 1"]);
  await after(1_000);
  await print(2);
  assertEquals(shown.splice(0).slice(1), ["", "printed 2"]);
  // Nothing is shown while publications are being written: they would follow on the same line.
  await progress.around(1, () => after(1_000).then(() => {}));
  assertEquals(shown, []);
  await after(1_000);
  await progress.end();
  await progress.end();
  assertEquals(shown.slice(1), [""]);
});
