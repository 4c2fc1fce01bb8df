import { assert } from "@std/assert";
import { openChannelStore } from "../../../runtime/channels/mod.ts";
import { CHANNEL_LIMITS, MONITORING } from "../../../runtime/config/mod.ts";
import { ChannelKeeper } from "../../../runtime/executor/channel_keeper.ts";
import { OPEN_CHANNELS } from "../../support/channel_server.ts";
import { publication } from "../channels/stores.ts";
import "../../support/load_libc.ts";

Deno.test("channel keeper: a worker that was to be rung by one that died looks at the feed", async () => {
  const rung: number[] = [];
  const channelLimits = { ...CHANNEL_LIMITS, memoryBytes: 1024 * 1024 };
  const monitoring = MONITORING;
  const options = { workers: 2, channelLimits, monitoring, channels: OPEN_CHANNELS };
  const server = { name: "a", version: "1", startedAt: 0 };
  const keeper = new ChannelKeeper(options, server, (worker) => void rung.push(worker));
  const [other, dying] = [0, 1].map((writer) =>
    openChannelStore(keeper.start.memory, { writer, now: () => 1000, ring: () => {} })
  );
  const room = new TextEncoder().encode("room");
  other!.subscribe(room);
  dying!.publish(room, publication("its bell is pending, and was not rung"));
  keeper.remove(1);
  assert(rung.includes(0));
  await keeper.removed;
  await keeper.close(0);
});
