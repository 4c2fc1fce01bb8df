/** The signed API of backends: with npm `pusher`, and with requests that nobody has signed so. */

import { assert, assertEquals } from "@std/assert";
import { createHash, createHmac } from "node:crypto";
import { PUSHER_SECRET, PusherServer } from "../../support/pusher_server.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

/** The parts of a request that a backend has signed. */
interface Signed {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly parameters: Readonly<Record<string, string>>;
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

function signed(
  method: string,
  path: string,
  { body = "", secret = PUSHER_SECRET, more = {} }: {
    readonly body?: string;
    readonly secret?: string;
    readonly more?: Readonly<Record<string, string>>;
  } = {},
): Signed {
  const all: Record<string, string> = {
    auth_key: "shop-key",
    auth_timestamp: `${Math.floor(Date.now() / 1000)}`,
    auth_version: "1.0",
    ...(body === "" ? {} : { body_md5: md5(body) }),
    ...more,
  };
  const query = Object.keys(all).sort().map((name) => `${name}=${all[name]}`).join("&");
  const text = `${method}\n${path}\n${query}`;
  const auth_signature = createHmac("sha256", secret).update(text).digest("hex");
  return { method, path, body, parameters: { ...all, auth_signature } };
}

async function send(server: PusherServer, { method, path, body, parameters }: Signed) {
  const query = new URLSearchParams(parameters);
  const init = { method, ...(method === "GET" ? {} : { body }) };
  const response = await fetch(server.backend.url(`${path}?${query}`), init);
  return { status: response.status, text: await response.text() };
}

const EVENT = JSON.stringify({ name: "e", channel: "orders", data: "{}" });

Deno.test("pusher API: a request is believed only as it was signed", async () => {
  await using server = await PusherServer.start();
  const socket = server.socket();
  await socket.subscribe("orders");
  const right = signed("POST", "/apps/1/events", { body: EVENT });
  assertEquals(await send(server, right), { status: 200, text: "{}" });
  await socket.first("e");
  const at = (seconds: number) => `${Math.floor(Date.now() / 1000) + seconds}`;
  const signature = right.parameters["auth_signature"]!;
  const flipped = (signature[0] === "0" ? "1" : "0") + signature.slice(1);
  const changed = (parameters: Record<string, string>): Signed => {
    return { ...right, parameters: { ...right.parameters, ...parameters } };
  };
  const without = (name: string): Signed => {
    const { [name]: _, ...parameters } = right.parameters;
    return { ...right, parameters };
  };
  const other = EVENT.replace("orders", "others");
  const rows: Record<string, Signed> = {
    "another digit of the signature": changed({ auth_signature: flipped }),
    "a shorter signature": changed({ auth_signature: signature.slice(1) }),
    "a signature in capitals": changed({ auth_signature: signature.toUpperCase() }),
    "an empty signature": changed({ auth_signature: "" }),
    "no signature": without("auth_signature"),
    "another key": changed({ auth_key: "other-key" }),
    "no key": without("auth_key"),
    "another time": changed({
      auth_timestamp: `${Number(right.parameters["auth_timestamp"]) - 1}`,
    }),
    "no time": without("auth_timestamp"),
    "another version": changed({ auth_version: "1.1" }),
    "no version": without("auth_version"),
    "one more parameter": changed({ info: "user_count" }),
    "another MD5": changed({ body_md5: md5(other) }),
    "no MD5": without("body_md5"),
    "another body": { ...right, body: other },
    "a longer body": { ...right, body: `${EVENT} ` },
    "no body": { ...right, body: "" },
    "another body with its MD5": { ...changed({ body_md5: md5(other) }), body: other },
    "another path": { ...right, path: "/apps/1/batch_events" },
    "the path of another app": { ...right, path: "/apps/2/events" },
    "another method": { ...signed("GET", "/apps/1/events", { body: EVENT }), method: "POST" },
    "another secret": signed("POST", "/apps/1/events", { body: EVENT, secret: "other" }),
    "signed too long ago": signed("POST", "/apps/1/events", {
      body: EVENT,
      more: { auth_timestamp: at(-700) },
    }),
    "signed in the future": signed("POST", "/apps/1/events", {
      body: EVENT,
      more: { auth_timestamp: at(700) },
    }),
    "a body without MD5 in what is signed": {
      ...signed("POST", "/apps/1/events"),
      body: EVENT,
    },
    "the app of another id, signed for this one": signed("POST", "/apps/2/events", { body: EVENT }),
  };
  for (const [name, request] of Object.entries(rows)) {
    assertEquals((await send(server, request)).status, 401, name);
  }
  // Nothing of it was published: what comes next is the second event.
  assertEquals((await send(server, signed("POST", "/apps/1/events", { body: EVENT }))).status, 200);
  await waitFor(() => socket.messages.filter(({ event }) => event === "e").length === 2, {
    what: "the second event",
  });
  assertEquals(socket.messages.filter(({ event }) => event === "e").length, 2);
});

Deno.test("pusher API: what cannot be meant has a status and a reason", async () => {
  await using server = await PusherServer.start({}, {}, {
    channelLimits: { publicationBytes: 1000, apiBytes: 5000 },
  });
  const event = (more: Record<string, unknown>) =>
    JSON.stringify({ name: "e", channel: "orders", data: "{}", ...more });
  const post = (path: string, body: string) =>
    send(server, signed("POST", `/apps/1/${path}`, { body }));
  const get = (path: string, more = {}) => send(server, signed("GET", `/apps/1/${path}`, { more }));
  assertEquals((await post("events", "x")).status, 400);
  const colon = await post("events", event({ channel: "a:b" }));
  assertEquals(colon.status, 400);
  assert(colon.text.includes("characters"), colon.text);
  assertEquals((await post("events", event({ data: "x".repeat(1001) }))).status, 413);
  assertEquals((await post("events", event({ data: "x".repeat(6000) }))).status, 413);
  assertEquals((await post("batch_events", '{"batch":[]}')).status, 400);
  assertEquals((await get("channels", { info: "user_count" })).status, 400);
  assertEquals((await get("channels", { filter_by_prefix: "*" })).status, 400);
  assertEquals((await get("channels/orders", { info: "user_count" })).status, 400);
  assertEquals((await get("channels/orders/users")).status, 400);
  assertEquals((await get("channels/a:b")).status, 400);
  assertEquals((await get("channels/orders/others")).status, 404);
  assertEquals((await send(server, signed("GET", "/apps/9/channels"))).status, 404);
  assertEquals((await send(server, signed("GET", "/apps/1/events"))).status, 405);
});

Deno.test("pusher API: npm pusher publishes and asks, and apps do not mix", async () => {
  await using server = await PusherServer.start();
  const { library } = server;
  const [first, second, other] = [server.socket(), server.socket(), server.socket("other-key")];
  await first.subscribe("orders");
  await first.subscribe("presence-room", { user_id: "1", user_info: { name: "One" } });
  await second.subscribe("orders");
  await second.subscribe("presence-room", { user_id: "2" });
  await other.subscribe("orders");
  const answer = async (response: Promise<Response>) => await (await response).json();
  assertEquals(
    await answer(library.trigger(["orders", "presence-room"], "e", "plain text", {
      socket_id: await first.socketId(),
      info: "subscription_count,user_count",
    })),
    {
      channels: {
        orders: { subscription_count: 2 },
        "presence-room": { subscription_count: 2, user_count: 2 },
      },
    },
  );
  assertEquals(await second.first("e"), { event: "e", channel: "orders", data: "plain text" });
  const batch = [
    { channel: "orders", name: "last", data: '{"a": 1.0}', info: "subscription_count" },
    { channel: "nobody", name: "last", data: "x" },
  ];
  assertEquals(await answer(library.triggerBatch(batch)), {
    batch: [{ subscription_count: 2 }, {}],
  });
  assertEquals((await first.first("last")).data, '{"a": 1.0}');
  assertEquals(first.messages.filter(({ event }) => event === "e"), [], "it was excluded");
  const excluded = { socket_id: await second.socketId() };
  await answer(library.triggerBatch([
    { channel: "orders", name: "for one", data: "x", ...excluded },
    { channel: "orders", name: "for both", data: "x" },
  ]));
  await first.first("for one");
  await second.first("for both");
  assertEquals(second.messages.filter(({ event }) => event === "for one"), [], "nor in a batch");
  assertEquals(await answer(library.get({ path: "/channels" })), {
    channels: { orders: {}, "presence-room": {} },
  });
  const params = { filter_by_prefix: "presence-", info: "user_count,subscription_count" };
  assertEquals(await answer(library.get({ path: "/channels", params })), {
    channels: { "presence-room": { user_count: 2, subscription_count: 2 } },
  });
  assertEquals(await answer(library.get({ path: "/channels/orders" })), { occupied: true });
  assertEquals(await answer(library.get({ path: "/channels/nobody" })), { occupied: false });
  const { users } = await answer(library.get({ path: "/channels/presence-room/users" }));
  assertEquals(users.map(({ id }: { id: string }) => id).sort(), ["1", "2"]);
  assertEquals(other.messages.map(({ event }) => event), [
    "pusher:connection_established",
    "pusher_internal:subscription_succeeded",
  ]);
});
