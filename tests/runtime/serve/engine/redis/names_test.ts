/** The names in Redis: one slot for each channel, and back to the channel. */

import { assertEquals } from "@std/assert";
import { RedisNames } from "../../../../../runtime/serve/engine/redis/names.ts";

/** What Redis hashes of a key: the text between the first `{` and the next `}`, if there is any. */
function hashTag(key: string): string {
  const open = key.indexOf("{");
  const close = key.indexOf("}", open + 1);
  return open < 0 || close <= open + 1 ? key : key.slice(open + 1, close);
}

const CHANNELS = ["news", "}", "{", "{}", "}{", "a%b", "%7D", "{a}b", "chat:ä", "🎈", "a b\n"];

Deno.test("redis names: all names of a channel have one slot, and no two channels the same name", () => {
  const seen = new Set<string>();
  for (const prefix of ["p:", "{p}", ""]) {
    const names = new RedisNames(prefix);
    for (const channel of CHANNELS) {
      const keys = (["m", "s", "p"] as const).map((key) => names.ofChannel(key, channel));
      const pubSub = names.ofPubSub("x", channel);
      const key = new TextDecoder().decode(names.ofIdempotencyKey(channel, new Uint8Array([123])));
      assertEquals(new Set([...keys, key, pubSub].map(hashTag)).size, 1, channel);
      assertEquals(names.channelOf(pubSub), channel);
      seen.add(keys[0]!);
    }
  }
  assertEquals(seen.size, 3 * CHANNELS.length);
});

Deno.test("redis names: publish/subscribe channels of another database are none of these", () => {
  const [zero, two] = [new RedisNames("p:"), new RedisNames("p:", 2)];
  assertEquals(two.ofChannel("m", "a"), zero.ofChannel("m", "a"));
  assertEquals(two.ofPubSub("y", "node"), "y2{p:}:node");
  assertEquals(two.channelOf(two.ofPubSub("x", "a")), "a");
  assertEquals(two.channelOf(zero.ofPubSub("x", "a")), undefined);
  assertEquals(zero.channelOf(two.ofPubSub("x", "a")), undefined);
});

Deno.test("redis names: what is no channel of this installation is none", () => {
  const names = new RedisNames("p:");
  for (const name of ["x{q:news}", "y{p:}:node", "m{p:news}", "x{p:news", ""]) {
    assertEquals(names.channelOf(name), undefined, name);
  }
});
