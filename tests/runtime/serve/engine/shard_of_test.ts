/** Which server of the engine has a channel: stable, evenly spread, and with few moves. */

import { assert, assertEquals } from "@std/assert";
import { shardOf } from "../../../../runtime/serve/engine/shard_of.ts";

const NAMES = Array.from({ length: 20_000 }, (_, i) => `chat:room-${i}`);

Deno.test("shard of: these numbers are a format: all versions have to agree", () => {
  const rows: [channel: string, indexes: number[]][] = [
    ["news", [0, 0, 0, 0, 0]],
    ["chat:index", [0, 1, 1, 1, 13]],
    ["chat:room-1", [0, 0, 0, 0, 10]],
    ["$private:x", [0, 0, 2, 3, 5]],
    ["gruß:日本", [0, 0, 2, 2, 13]],
    ["a", [0, 1, 2, 4, 13]],
    ["b", [0, 0, 0, 0, 9]],
  ];
  for (const [channel, expected] of rows) {
    assertEquals([1, 2, 3, 5, 16].map((count) => shardOf(channel, count)), expected, channel);
  }
});

Deno.test("shard of: what servers tell each other is at the first one", () => {
  for (const channel of [":servers", ":server:abc", ":"]) assertEquals(shardOf(channel, 16), 0);
});

Deno.test("shard of: each server has its share, and a further one takes its own from all of them", () => {
  for (const count of [2, 3, 4, 8, 16]) {
    const before = NAMES.map((name) => shardOf(name, count));
    for (let server = 0; server < count; server++) {
      const share = before.filter((each) => each === server).length * count / NAMES.length;
      assert(share > 0.85 && share < 1.15, `server ${server} of ${count} has ${share} of a share`);
    }
    const after = NAMES.map((name) => shardOf(name, count + 1));
    const moved = after.filter((each, i) => each !== before[i]);
    assert(moved.every((each) => each === count), "no channel moves between the others");
    const share = moved.length * (count + 1) / NAMES.length;
    assert(share > 0.85 && share < 1.15, `${share} of a share moves`);
  }
});
