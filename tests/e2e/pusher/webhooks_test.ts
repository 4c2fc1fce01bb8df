/**
 * Webhooks of a server with two workers, to a real receiver that checks every request with npm `pusher`; clients are those of npm
 * `pusher-js`, `ws` and `centrifuge`.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type PusherAppConfig,
  WEBHOOK,
  type WebhookConfig,
  type WebhookEvent,
} from "../../../runtime/config/mod.ts";
import { DEFAULT_CONFIG } from "../../../runtime/mod.ts";
import { type ServerMore, subscribe } from "../../support/channel_server.ts";
import { Metrics } from "../../support/metrics.ts";
import { PUSHER_SECRET, PusherServer, subscribedTo } from "../../support/pusher_server.ts";
import { waitFor } from "../../support/wait_for.ts";
import { type ReceivedEvent, WebhookReceiver } from "../../support/webhook_receiver.ts";
import "../../support/load_libc.ts";

const ADMIN = {
  monitoring: { ...DEFAULT_CONFIG.monitoring, admin: { hostname: "127.0.0.1", port: 0 } },
};
const DYING = new URL("../../support/pusher_thread.ts", import.meta.url);

interface Hooked extends AsyncDisposable {
  readonly server: PusherServer;
  readonly receiver: WebhookReceiver;
  /** Waits until these were told, in this order. */
  told(...lines: string[]): Promise<void>;
}

async function start(
  events: readonly WebhookEvent[],
  { app = {}, hook = {}, more = {} }: {
    readonly app?: Partial<PusherAppConfig>;
    readonly hook?: Partial<WebhookConfig>;
    readonly more?: ServerMore;
  } = {},
): Promise<Hooked> {
  const receiver = WebhookReceiver.start("shop-key", PUSHER_SECRET);
  const webhooks = [{ ...WEBHOOK, url: receiver.url, events, ...hook }];
  const server = await PusherServer.start({ webhooks, ...app }, {}, more);
  return {
    server,
    receiver,
    told: async (...lines) => {
      await waitFor(() => receiver.told.length >= lines.length, {
        what: () => `${lines.join(", ")}; it is ${receiver.told.join(", ")}`,
      });
      assertEquals(receiver.told, lines);
      assert(receiver.requests.every(({ isValid }) => isValid));
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

/** Clients of a channel on both workers: of the protocol of Pusher, and of Centrifuge. */
async function onBoth({ server }: Hooked, channel: string) {
  const [first, second] = await server.backend.server.clientsOnBoth(1);
  for (const client of [first[0]!, second[0]!]) await subscribe(client, `shop:${channel}`);
  const pusher = server.client("ann");
  await subscribedTo(pusher, channel);
  return { clients: [first[0]!, second[0]!], pusher };
}

Deno.test("webhooks: a channel with subscribers of all kinds on both workers is occupied once and vacated once", async () => {
  await using hooked = await start(["channel_occupied", "channel_vacated"]);
  const before = Date.now();
  const { clients, pusher } = await onBoth(hooked, "orders");
  await hooked.told("channel_occupied orders");
  pusher.unsubscribe("orders");
  clients[0]!.centrifuge.disconnect();
  await subscribedTo(pusher, "other");
  await hooked.told("channel_occupied orders", "channel_occupied other");
  clients[1]!.centrifuge.disconnect();
  await hooked.told(
    "channel_occupied orders",
    "channel_occupied other",
    "channel_vacated orders",
  );
  const { requests } = hooked.receiver;
  for (const { time } of requests) assert(time >= before && time <= Date.now());
});

Deno.test("webhooks: a channel that is left and entered again within three seconds stays occupied", async () => {
  await using hooked = await start(["channel_occupied", "channel_vacated"]);
  const { server } = hooked;
  let client = server.client();
  await subscribedTo(client, "a");
  for (let i = 0; i < 5; i++) {
    const other = server.client();
    // Also on a busy machine the rest takes less than three seconds.
    await waitFor(() => other.connection.state === "connected", { what: "a connection" });
    client.disconnect();
    await subscribedTo(other, "a");
    client = other;
  }
  client.disconnect();
  await hooked.told("channel_occupied a", "channel_vacated a");
});

Deno.test("webhooks: members are users; each comes and goes once, whatever its connections do", async () => {
  await using hooked = await start([
    "channel_occupied",
    "channel_vacated",
    "member_added",
    "member_removed",
  ]);
  const { server } = hooked;
  const [ann, again, bob] = [server.client("ann"), server.client("ann"), server.client("bob")];
  await subscribedTo(ann, "presence-room");
  await subscribedTo(again, "presence-room");
  await subscribedTo(bob, "presence-room");
  const come = [
    "channel_occupied presence-room",
    "member_added presence-room ann",
    "member_added presence-room bob",
  ];
  await hooked.told(...come);
  ann.disconnect();
  bob.unsubscribe("presence-room");
  await hooked.told(...come, "member_removed presence-room bob");
  again.disconnect();
  await hooked.told(
    ...come,
    "member_removed presence-room bob",
    "member_removed presence-room ann",
    "channel_vacated presence-room",
  );
});

Deno.test("webhooks: events of clients, with their data as it was sent; those that are refused are not told", async () => {
  const app = { clientEvents: true };
  await using hooked = await start(["client_event"], { app });
  const { server, receiver } = hooked;
  const socket = server.socket();
  await socket.subscribe("private-a");
  await socket.subscribe("presence-b", { user_id: "ann" });
  await socket.subscribe("public");
  const id = await socket.socketId();
  socket.sendText('{"event":"client-one","channel":"private-a","data":{"n": 1.0}}');
  socket.send("client-two", "text", "presence-b");
  socket.send("client-three", 1, "public");
  await waitFor(() => receiver.events.length === 2, { what: "two events" });
  const expected: ReceivedEvent[] = [
    {
      name: "client_event",
      channel: "private-a",
      event: "client-one",
      data: '{"n": 1.0}',
      socket_id: id,
    },
    {
      name: "client_event",
      channel: "presence-b",
      event: "client-two",
      data: "text",
      socket_id: id,
      user_id: "ann",
    },
  ];
  assertEquals(receiver.events, expected);
});

Deno.test("webhooks: several addresses, each with the events that it wants, signed for its app", async () => {
  await using other = WebhookReceiver.start("shop-key", PUSHER_SECRET);
  await using all = WebhookReceiver.start("shop-key", PUSHER_SECRET);
  const hook = (receiver: WebhookReceiver, events: readonly WebhookEvent[]) => ({
    ...WEBHOOK,
    url: receiver.url,
    events,
  });
  const webhooks = [hook(other, ["member_added"]), hook(all, WEBHOOK.events)];
  await using server = await PusherServer.start({ webhooks });
  await subscribedTo(server.client("ann"), "presence-a");
  await waitFor(() => all.events.length === 2 && other.events.length === 1, { what: "all" });
  assertEquals(all.told, ["channel_occupied presence-a", "member_added presence-a ann"]);
  assertEquals(other.told, ["member_added presence-a ann"]);
});

Deno.test("webhooks: the death of a worker takes its subscribers, and that is told", async () => {
  await using hooked = await start(
    ["channel_occupied", "channel_vacated", "member_added", "member_removed"],
    { more: { workerModule: DYING } },
  );
  const { server, receiver } = hooked;
  const [first, second] = await server.backend.server.clientsOnBoth(1);
  const [both, alone] = [first[0]!, second[0]!];
  await subscribe(both, "shop:both");
  await subscribe(alone, "shop:both");
  await subscribe(both, "shop:zero");
  await subscribe(alone, "shop:one");
  await waitFor(() => receiver.events.length === 3, { what: "three channels" });
  // Nobody comes back.
  for (const { centrifuge } of [both, alone]) {
    centrifuge.on("connecting", () => centrifuge.disconnect());
  }
  // Not by fetch, which would ask again, and end the other one too.
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(server.port) });
  await connection.write(new TextEncoder().encode("GET /dies HTTP/1.1\r\nHost: x\r\n\r\n"));
  await waitFor(() => server.backend.server.warnings.some((text) => text.includes("died")), {
    what: "its end",
  });
  const isFirst = server.backend.server.warnings.some((text) => text.includes("worker 0 died"));
  const [gone, stays] = isFirst ? ["zero", "one"] : ["one", "zero"];
  await waitFor(() => receiver.told.includes(`channel_vacated ${gone}`), {
    what: () => `the end of ${gone}; there is ${receiver.told}`,
  });
  assert(!receiver.told.includes("channel_vacated both"), receiver.told.join());
  // The number is another worker's now.
  await subscribedTo(server.client(), "later");
  await waitFor(() => receiver.told.includes("channel_occupied later"), {
    what: "a later channel",
  });
  for (const { centrifuge } of [both, alone]) centrifuge.disconnect();
  await waitFor(() => receiver.told.includes("channel_vacated both"), { what: "the other's end" });
  await waitFor(() => receiver.told.includes(`channel_vacated ${stays}`), { what: "the other" });
});

Deno.test("webhooks: a stop tells that all have left, and waits for a receiver that answers late", async () => {
  const hooked = await start(["channel_occupied", "channel_vacated", "member_removed"]);
  const { server, receiver } = hooked;
  await subscribedTo(server.client("ann"), "presence-a");
  await hooked.told("channel_occupied presence-a");
  const failed = new Set<string>();
  // Each batch fails at first.
  receiver.answer = () => {
    const isNew = failed.size === 0;
    failed.add("one");
    return isNew ? 503 : 200;
  };
  await server[Symbol.asyncDispose]();
  await hooked.told(
    "channel_occupied presence-a",
    "member_removed presence-a ann",
    "channel_vacated presence-a",
  );
  await receiver[Symbol.asyncDispose]();
});

Deno.test("webhooks: metrics and the log say how the receiver does, and never its address with its query", async () => {
  await using hooked = await start(["channel_occupied"], {
    more: ADMIN,
    hook: { queuedEvents: 1 },
  });
  const { server, receiver } = hooked;
  const { executor, warnings } = server.backend.server;
  const { port } = executor.adminAddress!;
  const metrics = () => Metrics.of(`http://127.0.0.1:${port}`);
  const labels = { app: "shop", webhook: "1" };
  const value = async (name: string, more: Record<string, string> = {}) =>
    (await metrics()).sum(`async_deno_webhook_${name}`, { ...labels, ...more });
  assertEquals(await value("up"), 1);
  receiver.answer = () => 500;
  const client = server.client();
  await subscribedTo(client, "a");
  await waitFor(async () => await value("up") === 0, { what: "the failure" });
  for (const name of ["b", "c", "d"]) await subscribedTo(client, name);
  await waitFor(async () => await value("dropped_events_total", { reason: "full" }) === 2, {
    what: "two that find no room",
  });
  receiver.answer = () => 200;
  await waitFor(async () => await value("delivered_events_total") === 2, { what: "the rest" });
  assertEquals([await value("up"), await value("queued_events"), await value("queued_bytes")], [
    1,
    0,
    0,
  ]);
  assert(await value("requests_total", { result: "failed" }) > 0);
  const told = warnings.filter((text) => text.startsWith("webhook 1 of shop"));
  assertEquals(told.length, 1);
  assertStringIncludes(told[0]!, "it answered 500");
  assert(!(told[0]! + (await metrics()).text).includes("hidden"));
});
