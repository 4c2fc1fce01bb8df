/** Which master of a cluster has a slot, by what its nodes say; and which slot a name has. */

import { assertEquals, assertThrows } from "@std/assert";
import { clusterMap, clusterView } from "../../../../../runtime/serve/engine/redis/cluster_view.ts";
import { hashSlot, SLOTS } from "../../../../../runtime/serve/engine/redis/hash_slot.ts";
import { RedisNames } from "../../../../../runtime/serve/engine/redis/names.ts";
import { nodeUrl, redisAddress } from "../../../../../runtime/serve/engine/redis/redis_address.ts";

/** A line of CLUSTER NODES. */
const line = (id: string, address: string, flags: string, epoch: number, ...slots: string[]) =>
  [id, address, flags, "-", 0, 0, epoch, "connected", ...slots].join(" ");

const view = (lines: readonly string[], hasTls = false) =>
  clusterView(lines.join("\n"), "asked", hasTls);

Deno.test("hash slot: CRC-16/XMODEM of the bytes", () => {
  assertEquals(hashSlot("123456789"), 0x31c3);
  // By CLUSTER KEYSLOT of Redis.
  assertEquals(["foo", "chat:ä", "a", ""].map(hashSlot), [12182, 14022, 15495, 0]);
});

Deno.test("redis names: what is tried in a slot of a master is that of no channel", () => {
  const names = new RedisNames("p:");
  for (const wanted of [0, 1, SLOTS - 1]) {
    const tried = names.within((slot) => slot === wanted);
    assertEquals(tried.slotOf(), wanted);
    const key = tried.ofChannel("m", "");
    assertEquals(/^m\{p:%:\d+\}$/.test(key), true, key);
    assertEquals(names.ofChannel("m", key.slice(4, -1)) === key, false);
  }
  assertThrows(() => names.within(() => false), Error, "has no slots");
});

Deno.test("cluster view: slots, names and addresses", () => {
  const lines = [
    line("a", ":7000@17000", "myself,master", 1, "0", "2-5", "[6->-b]", "[7-<-b]"),
    line("b", "::1:7001@17001,b.example,shard-id=1", "master", 2, "10-16383"),
    line("c", "10.0.0.3:7002@17002,", "slave", 2),
    line("d", "10.0.0.4:7003@17003", "handshake", 0),
    line("e", ":0@0", "master,fail,noaddr", 3, "1"),
    "",
  ];
  const { self, places, masters } = view(lines);
  assertEquals(self, "a");
  assertEquals(Object.fromEntries(places), {
    a: { host: "asked", port: 7000 },
    b: { host: "::1", port: 7001 },
    c: { host: "10.0.0.3", port: 7002 },
  });
  assertEquals(masters.get("a")!.ranges, [[0, 0], [2, 5]]);
  assertEquals([...masters.keys()], ["a", "b"]);
  assertEquals(view(lines, true).places.get("b"), { host: "b.example", port: 7001 });
  assertThrows(() => view(["ERR"]), Error, "CLUSTER NODES");
});

Deno.test("cluster map: a master knows its own slots, and the higher epoch counts", () => {
  const b = line("b", "b:1@2", "master", 2, "1");
  const own = (id: string, epoch: number, ...slots: string[]) =>
    line(id, `${id}:1@2`, "myself,master", epoch, ...slots);
  const owners = (...views: string[][]) => clusterMap(views.map((lines) => view(lines))).owners;
  // c has not heard yet that a has given the slot 0 to b, which had a lower epoch before.
  const late = [own("c", 3), line("a", "a:1@2", "master", 9, "0"), b];
  assertEquals(owners(late).slice(0, 3), ["a", "b", undefined]);
  assertEquals(owners(late, [own("a", 9), line("b", "b:1@2", "master", 2, "0-1")])[0], "b");
  assertEquals(owners(late, [own("b", 10, "0-1")])[0], "b");
  // a was cut off; its replica has taken over.
  const taken = [own("c", 3), line("d", "d:1@2", "master", 10, "0")];
  assertEquals(owners([own("a", 9, "0")], taken)[0], "d");
  assertEquals(owners(taken, [own("a", 9, "0")])[0], "d");
});

Deno.test("redis address: nodes of a cluster", () => {
  const seeds = [{ host: "a", port: 6379 }, { host: "::1", port: 2 }];
  const url = "rediss+cluster://u@a,[::1]:2";
  assertEquals(redisAddress(url, "ca"), {
    place: { seeds, tls: { ca: "ca" } },
    user: "u",
    password: undefined,
    database: 0,
  });
  assertEquals(nodeUrl(url, seeds[1]!), "rediss://u@[::1]:2");
  assertEquals(nodeUrl("redis+cluster://a", seeds[0]!), "redis://a:6379");
});
