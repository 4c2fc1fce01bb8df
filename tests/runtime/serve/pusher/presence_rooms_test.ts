/** Presence rooms tell of users, whatever the feed repeats of their connections. */

import { assertEquals } from "@std/assert";
import { CHANNEL_LIMITS } from "../../../../runtime/config/mod.ts";
import type { Broker } from "../../../../runtime/serve/broker/mod.ts";
import { encodeClientInfo } from "../../../../runtime/serve/centrifuge/mod.ts";
import { PresenceRooms } from "../../../../runtime/serve/pusher/presence_rooms.ts";

const KEY = new TextEncoder().encode("shop:presence-a");
const ME = { id: "me", info: undefined };

function info(user: string, client: string): Uint8Array {
  return encodeClientInfo({ user, client });
}

/** Rooms whose members are there at first, at once or later. */
function roomsWith(
  members: readonly Uint8Array[],
  settle: (answer: ReturnType<Broker["presence"]>) => ReturnType<Broker["presence"]> = (answer) =>
    answer,
) {
  const presence: Broker["presence"] = (_name, _limit, visit) => {
    for (const one of members) visit(KEY, one);
    return settle({ status: "read", clients: members.length, users: members.length });
  };
  const broker = { presence } as Broker;
  return new PresenceRooms({ broker, limits: CHANNEL_LIMITS });
}

const ids = (room: ReturnType<PresenceRooms["enter"]>) =>
  [...room.membersWith(ME)].map(({ id }) => id);

Deno.test("presence rooms: the first and the last connection of a user count", () => {
  const room = roomsWith([info("a", "1")]).enter("a", KEY);
  assertEquals([room.ready, ids(room)], ["ready", ["a", "me"]]);
  assertEquals(room.join(info("a", "1")), undefined, "it was in the first list");
  assertEquals(room.join(info("a", "2")), undefined, "the user was there");
  assertEquals(room.join(info("b", "3"))?.kind, "added");
  assertEquals(room.join(info("b", "3")), undefined, "the feed repeats it");
  assertEquals(room.leave(info("a", "1")), undefined, "one connection is left");
  assertEquals(room.leave(info("a", "1")), undefined, "the feed repeats it");
  assertEquals(room.leave(info("a", "2"))?.member.id, "a");
  assertEquals(room.leave(info("c", "9")), undefined, "nobody knows it");
  assertEquals([ids(room), room.size], [["b", "me"], 1]);
});

Deno.test("presence rooms: connections without a user are users of their own", () => {
  const room = roomsWith([]).enter("a", KEY);
  assertEquals(room.join(info("", "1"))?.member.id, "1");
  assertEquals(room.join(info("", "2"))?.member.id, "2");
  assertEquals(room.leave(info("", "1"))?.kind, "removed");
});

Deno.test("presence rooms: what comes before the first list is applied after it", async () => {
  const later = Promise.withResolvers<void>();
  const rooms = roomsWith([info("a", "1"), info("b", "2")], async (answer) => {
    await later.promise;
    return await answer;
  });
  const room = rooms.enter("a", KEY);
  assertEquals(room.leave(info("a", "1")), undefined);
  assertEquals(room.join(info("c", "3")), undefined);
  later.resolve();
  assertEquals(await room.ready, "ready");
  assertEquals(ids(room), ["b", "c", "me"]);
});

Deno.test("presence rooms: a room ends with its last client, and the next one begins another", () => {
  const rooms = roomsWith([]);
  const room = rooms.enter("a", KEY);
  assertEquals(rooms.enter("a", KEY), room);
  rooms.leave("a", room);
  assertEquals(rooms.find("a"), room);
  rooms.leave("a", room);
  assertEquals(rooms.find("a"), undefined);
});
