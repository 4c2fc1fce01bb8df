/**
 * The proxy of channels: a real backend over HTTP decides what clients of npm `centrifuge` may do, in the bodies of Centrifugo.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Backend, sign } from "../../support/channel_backend.ts";
import { ChannelServer, connected, subscribe } from "../../support/channel_server.ts";
import { Metrics } from "../../support/metrics.ts";
import { NodeSocket } from "../../support/node_socket.ts";
import {
  ANN,
  CHANNELS,
  clientOver,
  end,
  errorOf,
  startProxied,
} from "../../support/proxied_server.ts";
import { ProxyBackend } from "../../support/proxy_backend.ts";
import { waitFor, within } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const TRANSPORTS = ["websocket", "sse", "http_stream"] as const;

for (const transport of TRANSPORTS) {
  Deno.test(`proxy: connect is accepted with a user, data and channels, over ${transport}`, async () => {
    await using proxied = await startProxied({
      connect: () => ({
        result: {
          user: "ann",
          info: { name: "Ann" },
          data: { hello: 1 },
          channels: ["chat:news"],
          subs: { "chat:own": { data: { mine: true }, info: { role: "owner" } } },
        },
      }),
    });
    const { backend, server } = proxied;
    const ann = clientOver(server, transport, { data: { key: 7 }, name: "tests", version: "1" });
    const subscribed: Record<string, unknown> = {};
    ann.centrifuge.on(
      "subscribed",
      ({ channel, data }) => void (subscribed[channel] = data),
    );
    const told = end(ann, "connected");
    await connected(ann);
    assertEquals((await told).data, { hello: 1 });
    await waitFor(() => Object.keys(subscribed).length === 2, { what: "both channels" });
    assertEquals(subscribed["chat:own"], { mine: true });
    const { clients } = await ann.centrifuge.presence("chat:own");
    const [own] = Object.values(clients) as {
      user: string;
      connInfo: unknown;
      chanInfo: unknown;
    }[];
    assertEquals([own!.user, own!.connInfo, own!.chanInfo], ["ann", { name: "Ann" }, {
      role: "owner",
    }]);

    const [{ client, ...rest }] = backend.bodies("connect");
    assertMatch(client, /^[0-9a-f-]{36}$/);
    const protocol = { transport, protocol: "json", encoding: "json" };
    assertEquals(rest, { ...protocol, name: "tests", version: "1", data: { key: 7 } });
  });

  Deno.test(`proxy: connect is refused, with an error, an end, and by the config, over ${transport}`, async () => {
    await using proxied = await startProxied({
      connect: ({ body: { data } }) => data,
    });
    const answers: [answer: unknown, code: number][] = [
      [{ error: { code: 1000, message: "not today" } }, 1000],
      [{ disconnect: { code: 4501, reason: "banned" } }, 4501],
      // No result: the config wants a token.
      [{}, 3500],
      [{ result: null }, 3500],
    ];
    for (const [answer, code] of answers) {
      const client = clientOver(proxied.server, transport, { data: answer });
      const gone = end(client, "disconnected");
      client.centrifuge.connect();
      assertEquals((await gone).code, code, JSON.stringify(answer));
    }
  });

  Deno.test(`proxy: subscribe, publish and rpc, over ${transport}`, async () => {
    await using proxied = await startProxied({
      connect: ANN,
      subscribe: ({ body: { channel } }) =>
        channel === "asked:no"
          ? { error: { code: 403, message: "not there" } }
          : { result: { data: { welcome: channel }, info: { seat: 1 } } },
      publish: ({ body: { data } }) => {
        if (data.bad) return { error: { code: 400, message: "bad words", temporary: true } };
        return data.plain ? {} : { result: { data: { text: data.text, by: "ann" } } };
      },
      rpc: ({ body: { method, data } }) =>
        method === "add"
          ? { result: { data: data.a + data.b } }
          : { error: { code: 404, message: "no such method" } },
    });
    const { backend, server } = proxied;
    const ann = clientOver(server, transport);
    await connected(ann);
    const { centrifuge } = ann;

    const gate = await subscribe(ann, "asked:gate", { data: { key: 1 } });
    assertEquals(gate.subscribed[0]!.data, { welcome: "asked:gate" });
    assertEquals((await subscribe(ann, "asked:no")).unsubscribed, [403]);
    // Channels that are not asked about are as their config says.
    assertEquals((await subscribe(ann, "closed:gate")).unsubscribed, [103]);
    assertEquals((await subscribe(ann, "chat:lobby")).subscribed.length, 1);
    // A backend decides about no channel that needs a token.
    assertEquals((await subscribe(ann, "$asked:gate")).unsubscribed, [103]);
    assertEquals(
      backend.bodies("subscribe").map(({ channel, user, data }) => [channel, user, data]),
      [
        ["asked:gate", "ann", { key: 1 }],
        ["asked:no", "ann", undefined],
      ],
    );

    await centrifuge.publish("asked:gate", { text: "hi" });
    await centrifuge.publish("asked:gate", { plain: 1 });
    await waitFor(() => gate.data.length === 2, { what: "two publications" });
    assertEquals(gate.data, [{ text: "hi", by: "ann" }, { plain: 1 }]);
    const refused = await errorOf(centrifuge.publish("asked:gate", { bad: true }));
    assertEquals(refused, [400, "bad words", true]);
    await centrifuge.publish("chat:lobby", "not asked about");
    assertEquals(backend.bodies("publish").length, 3);

    assertEquals((await centrifuge.rpc("add", { a: 1, b: 2 })).data, 3);
    assertEquals(await errorOf(centrifuge.rpc("nothing", null)), [404, "no such method", false]);
    const { user, method, client } = backend.bodies("rpc")[0];
    assertEquals([user, method], ["ann", "add"]);
    assertEquals(client, backend.bodies("connect")[0].client);
  });
}

Deno.test("proxy: payloads pass as the bytes that they are", async () => {
  const long = "12345678901234567890";
  await using proxied = await startProxied({
    connect: ANN,
    subscribe: () => ({}),
    publish: () => `{"result":{"data":{"long":${long},"one":1.0}}}`,
    rpc: ({ text }) => `{"result": {"data": ${JSON.stringify(text)} }}`,
  });
  const { server } = proxied;
  const ann = server.client();
  await connected(ann);
  await subscribe(ann, "asked:a");
  const bare = new NodeSocket(server.url);
  const seen: string[] = [];
  bare.on("message", (data: Uint8Array) => void seen.push(new TextDecoder().decode(data)));
  bare.on("open", () => {
    bare.send('{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"asked:a"}}');
    bare.send(`{"id":3,"rpc":{"method":"m","data":{"n":${long},"f":1.0}}}`);
  });
  const has = (text: string) =>
    waitFor(() => seen.join("\n").includes(text), {
      what: () => `${text} in ${seen.join("\n")}`,
    });
  await has(`\\"data\\":{\\"n\\":${long},\\"f\\":1.0}`);
  await ann.centrifuge.publish("asked:a", {});
  await has(`{"long":${long},"one":1.0}`);
  bare.terminate();
});

Deno.test("proxy: refresh and sub_refresh prolong, or end", async () => {
  const soon = () => Date.now() / 1000 + 0.3;
  let left = 2;
  await using proxied = await startProxied({
    connect: () => ({ result: { user: "ann", expire_at: soon() } }),
    refresh: () => ({ result: { expire_at: left-- > 0 ? soon() : 0 } }),
    subscribe: () => ({ result: { expire_at: soon() } }),
    sub_refresh: () => ({ result: { expired: true } }),
  });
  const { backend, server } = proxied;
  const ann = server.client();
  await connected(ann);
  const { centrifuge } = ann;
  const subscription = centrifuge.newSubscription("asked:a");
  // 2501: the client subscribes again.
  const expired = within(
    new Promise<number>((resolve) =>
      subscription.on("subscribing", ({ code }: { code: number }) => code === 2501 && resolve(code))
    ),
    { what: "the end of the subscription" },
  );
  subscription.subscribe();
  assertEquals(await expired, 2501);
  assertEquals(backend.bodies("sub_refresh")[0].channel, "asked:a");
  await waitFor(() => left < 0, { what: "three questions about the connection" });
  assertEquals(backend.bodies("refresh").map(({ user }) => user), ["ann", "ann", "ann"]);
  await centrifuge.publish("chat:a", "still there");

  backend.answer("connect", () => ({ result: { user: "bob", expire_at: soon() } }));
  backend.answer(
    "refresh",
    ({ body: { user } }) => user === "bob" ? { result: { expired: true } } : { result: {} },
  );
  const bob = server.client();
  const reasons: number[] = [];
  bob.centrifuge.on("connecting", ({ code }: { code: number }) => void reasons.push(code));
  await connected(bob);
  await waitFor(() => reasons.includes(3005), { what: () => `3005 in ${reasons}` });
});

Deno.test("proxy: what it knows of a connection: chosen fields, meta, overrides", async () => {
  await using proxied = await startProxied({
    connect: () => ({ result: { user: "ann", meta: { secret: 1 } } }),
    subscribe: () => ({ result: { override: { presence: { value: false } } } }),
    rpc: () => ({ result: {} }),
  }, {
    httpHeaders: ["cookie", "x-real-ip"],
    emulatedHeaders: ["authorization", "x-real-ip", "x-own"],
    includesMeta: true,
  });
  const { backend, server } = proxied;
  class WithFields extends NodeSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols, {
        headers: { cookie: "sid=1", "x-real-ip": "10.0.0.9", "x-own": "real", "x-other": "no" },
      });
    }
  }
  const ann = server.client({
    websocket: WithFields,
    headers: {
      Authorization: "Bearer x",
      "X-Real-IP": "1.1.1.1",
      "X-Own": "forged",
      Cookie: "sid=2",
      "X-Other": "no",
    },
  });
  await connected(ann);
  await subscribe(ann, "asked:a");
  assertEquals((await ann.centrifuge.rpc("m", 1)).data, null);
  assertEquals(
    backend.asked.map(({ event, body, headers }) => [
      event,
      body.meta,
      headers.get("cookie"),
      headers.get("authorization"),
      headers.get("x-real-ip"),
      headers.get("x-own"),
      headers.get("x-other"),
      headers.get("content-type"),
    ]),
    [
      ["connect", undefined, "sid=1", "Bearer x", "10.0.0.9", "real", null, "application/json"],
      [
        "subscribe",
        { secret: 1 },
        "sid=1",
        "Bearer x",
        "10.0.0.9",
        "real",
        null,
        "application/json",
      ],
      ["rpc", { secret: 1 }, "sid=1", "Bearer x", "10.0.0.9", "real", null, "application/json"],
    ],
  );
  await proxied.counted("channel_presence_members", 0);
});

Deno.test("proxy: a client with a token is not asked about at connect; without keys no token is valid", async () => {
  await using backend = ProxyBackend.start({
    connect: () => ({ result: { user: "by backend" } }),
    rpc: ({ body }) => ({ result: { data: body.user } }),
  });
  const { namespaces, allowAnonymousConnect } = CHANNELS;
  const proxy = backend.config();
  await using keys = await Backend.start({ namespaces, allowAnonymousConnect, proxy });
  const { server } = keys;
  const token = server.client({ token: await sign({ sub: "by token" }) });
  await connected(token);
  assertEquals((await token.centrifuge.rpc("who", {})).data, "by token");
  assertEquals(backend.bodies("connect").length, 0);

  await using without = await ChannelServer.start({ ...CHANNELS, proxy });
  const unknown = without.client({ token: await sign({ sub: "by token" }) });
  const gone = end(unknown, "disconnected");
  unknown.centrifuge.connect();
  assertEquals((await gone).code, 3500);
});

Deno.test("proxy: a stream without a client library is asked about, too", async () => {
  await using proxied = await startProxied({
    connect: ({ headers }) =>
      headers.has("cookie") ? ANN() : { error: { code: 101, message: "unauthorized" } },
    subscribe: ({ body: { channel } }) =>
      channel === "asked:a" ? {} : { error: { code: 103, message: "permission denied" } },
  }, { httpHeaders: ["cookie"] });
  const { server, backend } = proxied;
  const statusOf = async (channel: string, headers: Record<string, string>) => {
    const response = await fetch(`${server.httpUrl}/channels/sse?channel=${channel}`, { headers });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await statusOf("asked:a", { cookie: "sid=1" }), 200);
  assertEquals(await statusOf("asked:b", { cookie: "sid=1" }), 403);
  assertEquals(await statusOf("asked:a", {}), 403);
  assertEquals(backend.bodies("subscribe").map(({ user }) => user), ["ann", "ann"]);
});

Deno.test("proxy: the time for which the backend decides is in no duration of a delivery", async () => {
  const HELD = 80;
  const COUNT = 5;
  let answeredAt = 0;
  await using proxied = await startProxied(
    {
      connect: ANN,
      subscribe: () => ({ result: {} }),
      publish: async () => {
        await new Promise((resolve) => setTimeout(resolve, HELD));
        answeredAt = performance.now();
        return { result: {} };
      },
    },
    {},
    { workers: 1 },
  );
  const { server, counted } = proxied;
  const ann = server.client();
  await connected(ann);
  const room = await subscribe(ann, "asked:room");
  let longest = 0;
  for (let i = 1; i <= COUNT; i++) {
    await ann.centrifuge.publish("asked:room", i);
    await waitFor(() => room.data.length === i, { what: "the publication" });
    await counted("channel_delivery_duration_seconds_count", i);
    // It has ended: the duration is shorter than this, however slow the machine is.
    longest += performance.now() - answeredAt;
  }
  const metrics = await Metrics.of(`http://127.0.0.1:${server.executor.adminAddress!.port}`);
  const sum = metrics.sum("async_deno_channel_delivery_duration_seconds_sum") * 1000;
  assert(sum <= longest, `${sum} ms, and from the answers on only ${longest} ms`);
  const asked = metrics.sum("async_deno_channel_proxy_seconds_total") * 1000;
  assert(asked >= COUNT * HELD, `${asked} ms for ${COUNT} answers after ${HELD} ms`);
});
