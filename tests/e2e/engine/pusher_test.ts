/**
 * Two servers of one Redis server with an app of the Pusher protocol: events, members, the API and the end of a user's connections are
 * those of both.
 */

import { assertEquals } from "@std/assert";
import { engineConfig } from "../../support/engines.ts";
import { PusherServer } from "../../support/pusher_server.ts";
import { NO_REDIS, REDIS_SERVER, RedisEngine } from "../../support/redis_engine.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

function serverOn(engine: RedisEngine): Promise<PusherServer> {
  return PusherServer.start({ clientEvents: true }, { engine: engineConfig(engine) });
}

Deno.test({
  name: `pusher with an engine: two servers are one${NO_REDIS}`,
  ignore: REDIS_SERVER === undefined,
  fn: async () => {
    await using redis = await RedisEngine.start();
    await using first = await serverOn(redis);
    await using second = await serverOn(redis);
    const [one, two] = [first.socket(), second.socket()];
    await one.subscribe("presence-room", { user_id: "1" });
    await two.subscribe("presence-room", { user_id: "2" });
    const joined = JSON.parse((await one.first("pusher_internal:member_added")).data as string);
    assertEquals(joined.user_id, "2");
    const list = await two.first("pusher_internal:subscription_succeeded");
    assertEquals(JSON.parse(list.data as string).presence.ids.sort(), ["1", "2"]);

    await (await second.library.trigger("presence-room", "placed", { id: 5 })).text();
    assertEquals((await one.first("placed")).data, '{"id":5}');
    two.send("client-typing", { a: 1 }, "presence-room");
    assertEquals((await one.first("client-typing")).user_id, "2");
    assertEquals(two.messages.filter(({ event }) => event === "client-typing"), []);

    await (await first.library.trigger("cache-a", "placed", { id: 6 })).text();
    await two.subscribe("cache-a");
    assertEquals((await two.first("placed")).data, '{"id":5}');
    await waitFor(
      () => two.messages.some(({ channel, event }) => channel === "cache-a" && event === "placed"),
      { what: "the cached event" },
    );

    const params = { info: "user_count,subscription_count" };
    const answer = await first.library.get({ path: "/channels/presence-room", params });
    assertEquals(await answer.json(), { occupied: true, subscription_count: 2, user_count: 2 });
    const id = await two.socketId();
    two.send("pusher:signin", second.library.authenticateUser(id, { id: "2" }));
    await two.first("pusher:signin_success");
    await (await first.library.terminateUserConnections("2")).text();
    await waitFor(() => two.closed() === 4009, { what: "the end of the user" });
    await one.first("pusher_internal:member_removed");
  },
});
