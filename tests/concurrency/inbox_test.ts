/**
 * Records from four threads into one inbox. Each record is read once, with the right checksum, and in its
 * writer's order, while the inbox is often full and empty, pads, and its positions wrap around.
 */
import { assert, assertEquals } from "@std/assert";
import { createSharedState, openSharedState } from "../../runtime/ring/mod.ts";
import type { InboxResult, InboxSetting } from "./inbox_thread.ts";
import { runThreads } from "./threads.ts";

const SCRIPT = new URL("./inbox_thread.ts", import.meta.url);
const WRITERS = 4;

interface Plan {
  name: string;
  inboxBytes: number;
  /** Records of each writer. */
  records: number;
  /** About how many bytes before the wrap-around the positions start. */
  before: number;
  wrap: number;
}

const PLANS: Plan[] = [
  { name: "256 KiB over 2^32", inboxBytes: 2 ** 18, records: 2e4, before: 3e6, wrap: 2 ** 32 },
  { name: "4 KiB over 2^31", inboxBytes: 4096, records: 1e5, before: 3e6, wrap: 2 ** 31 },
  { name: "512 bytes over 2^32", inboxBytes: 512, records: 5e4, before: 1e6, wrap: 2 ** 32 },
];

for (const { name, inboxBytes, records, before, wrap } of PLANS) {
  Deno.test(`inbox: ${WRITERS} writers of ${records} records, ${name}`, async () => {
    const initialPosition = (wrap - before) | 0;
    const memory = createSharedState({ workers: 1, inboxBytes, initialPosition });
    const done = new Int32Array(new SharedArrayBuffer(4));
    const settings: InboxSetting[] = Array.from({ length: WRITERS + 1 }, (_, i) => {
      return { memory, done, writers: WRITERS, writer: i < WRITERS ? i : -1, records };
    });

    const results = await runThreads<InboxSetting, InboxResult>(SCRIPT, settings);

    const owner = results.pop()!;
    const written = results.reduce((sum, result) => sum + result.bytes, 0);
    const full = results.reduce((sum, result) => sum + result.refused, 0);
    assertEquals({ ...owner, refused: 0 }, {
      count: WRITERS * records,
      bytes: written,
      refused: 0,
      torn: 0,
      disordered: 0,
    });
    assertEquals(openSharedState(memory).inbox(0).size(), 0);
    assert(written > before, "the positions wrapped");
    assert(written > inboxBytes * 50, "the records wrapped often");
    assert(full > 50, `full only ${full} times`);
    assert(owner.refused > 50, `empty only ${owner.refused} times`);
  });
}
