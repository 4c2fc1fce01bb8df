/** What a client may by its tokens, and what ends when they expire. The verifier is a fake; real tokens are in tests/e2e/channels/. */

import { assertEquals } from "@std/assert";
import { JSON_DEPTH } from "../../../../protocol/json/mod.ts";
import type { ChannelLimits } from "../../../../runtime/config/mod.ts";
import { CHANNEL_COLUMN } from "../../../../runtime/ring/mod.ts";
import type {
  ConnectionClaims,
  SubscriptionClaims,
  TokenFault,
} from "../../../../runtime/serve/tokens/mod.ts";
import { OPEN } from "../../../support/channel_options.ts";
import { publication, utf8 } from "../../channels/stores.ts";
import { ClientBench, type Reply } from "./client_bench.ts";

const NOW = 1_700_000_000;
const ALICE: ConnectionClaims = {
  user: "alice",
  expireAt: undefined,
  info: utf8('{"name":"Alice"}'),
  meta: undefined,
  subscriptions: new Map(),
  capabilities: [],
};
const PLAIN = { info: undefined, data: undefined, override: {} };
const FOR_SECRET: SubscriptionClaims = {
  ...PLAIN,
  user: "alice",
  channel: "closed:secret",
  client: "",
  expireAt: undefined,
};

const CONNECTIONS: Readonly<Record<string, ConnectionClaims | TokenFault>> = {
  alice: ALICE,
  bob: { ...ALICE, user: "bob" },
  short: { ...ALICE, expireAt: NOW + 60 },
  longer: { ...ALICE, expireAt: NOW + 600 },
  served: { ...ALICE, subscriptions: new Map([["chat:news", PLAIN]]) },
  long: { ...ALICE, user: "x".repeat(256) },
  past: { ...ALICE, expireAt: NOW - 5 },
  deep: { ...ALICE, info: utf8("[".repeat(JSON_DEPTH - 1) + "]".repeat(JSON_DEPTH - 1)) },
  expired: { fault: "expired", reason: "" },
  unavailable: { fault: "unavailable", reason: "" },
};
const SUBSCRIPTIONS: Readonly<Record<string, SubscriptionClaims | TokenFault>> = {
  secret: FOR_SECRET,
  ofBob: { ...FOR_SECRET, user: "bob" },
  ofOther: { ...FOR_SECRET, client: "another connection" },
  short: { ...FOR_SECRET, expireAt: NOW + 60 },
  longer: { ...FOR_SECRET, expireAt: NOW + 600 },
  past: { ...FOR_SECRET, expireAt: NOW - 5 },
  expired: { fault: "expired", reason: "" },
};
const INVALID: TokenFault = { fault: "invalid", reason: "" };

const verifier = {
  connection: (token: string) => Promise.resolve(CONNECTIONS[token] ?? INVALID),
  subscription: (token: string) => Promise.resolve(SUBSCRIPTIONS[token] ?? INVALID),
};

function bench(limits: Partial<ChannelLimits> = {}): ClientBench {
  const namespaces = { chat: OPEN, closed: { ...OPEN, access: ClientBench.closed } };
  return new ClientBench({
    verifier,
    limits,
    config: { namespaces, allowAnonymousConnect: false },
  });
}

async function alice(of: ClientBench, token = "alice") {
  const one = of.client();
  const [reply] = await one.send({ connect: { token } });
  return { one, reply };
}

const secret = (token?: string) => ({ subscribe: { channel: "closed:secret", token } });
const codeOf = ({ error }: Reply): number | undefined => error?.code;

Deno.test("tokens: a valid one names the user; others are refused by what is wrong", async () => {
  const { one, reply } = await alice(bench());
  assertEquals([one.client.identity.user, reply.connect.expires], ["alice", undefined]);
  for (const token of ["nonsense", "long"]) {
    assertEquals((await alice(bench(), token)).one.link.ended?.code, 3500);
  }
  for (const [token, code] of [["expired", 109], ["unavailable", 100]] as const) {
    const { one, reply } = await alice(bench(), token);
    assertEquals([codeOf(reply), one.link.ended], [code, undefined]);
    // The application gives it another one on the same connection.
    const [again] = await one.send({ connect: { token: "alice" } });
    assertEquals(again.connect.client, one.client.identity.id);
  }
});

Deno.test("tokens: a subscription token must be of this channel, user and connection", async () => {
  const { one } = await alice(bench());
  for (const token of [undefined, "nonsense", "ofBob", "ofOther"]) {
    assertEquals((await one.send(secret(token))).map(codeOf), [103]);
  }
  assertEquals((await one.send(secret("expired"))).map(codeOf), [109]);
  const other = { subscribe: { channel: "closed:other", token: "secret" } };
  assertEquals((await one.send(other)).map(codeOf), [103]);
  assertEquals((await one.send(secret("secret"))).map(codeOf), [undefined]);
});

Deno.test("tokens: commands behind one that has to be verified wait for it, and keep their order", async () => {
  const server = bench();
  const one = server.client();
  const replies = await one.send(
    { connect: { token: "alice" } },
    secret("secret"),
    { publish: { channel: "chat:a", data: { text: "kept" } } },
    { history: { channel: "chat:a", limit: 1 } },
  );
  assertEquals(replies.map(({ id }) => id), [1, 2, 3, 4]);
  const [publication] = replies[3].history.publications;
  assertEquals(publication.data, { text: "kept" });
  assertEquals(publication.info.conn_info, { name: "Alice" });
});

Deno.test("tokens: a connection whose token has expired ends with 3005, unless it is refreshed", async () => {
  const server = bench();
  const [kept, left] = [await alice(server, "short"), await alice(server, "short")];
  assertEquals([kept.reply.connect.expires, kept.reply.connect.ttl], [true, 60]);
  const answerPings = async (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += 5_000) {
      server.pass(5_000);
      for (const { one } of [kept, left]) if (!one.client.isClosed) await one.sendText("{}");
    }
  };
  await answerPings(60_000);
  const [{ refresh }] = (await kept.one.send({ refresh: { token: "longer" } }))
    .filter(({ refresh }) => refresh);
  assertEquals([refresh.expires, refresh.ttl], [true, 540]);
  await answerPings(30_000);
  assertEquals([left.one.link.ended?.code, kept.one.link.ended], [3005, undefined]);
  await answerPings(540_000);
  assertEquals(kept.one.link.ended?.code, 3005);
});

Deno.test("tokens: a refresh for another user, or with a token that is none, ends with 3500", async () => {
  for (const token of ["bob", "nonsense"]) {
    const { one } = await alice(bench());
    await one.send({ refresh: { token } });
    assertEquals(one.link.ended?.code, 3500);
  }
});

Deno.test("tokens: a subscription whose token has expired ends with 2501, and gets nothing more", async () => {
  const server = bench();
  const { one } = await alice(server);
  const [{ subscribe }] = await one.send(secret("short"));
  assertEquals([subscribe.expires, subscribe.ttl], [true, 60]);
  const publish = (data: string) =>
    server.stores.main.publish(utf8("closed:secret"), publication(data));
  publish("1");
  const pushes = async (milliseconds: number) => {
    server.settle();
    const received = one.take();
    for (let passed = 0; passed < milliseconds; passed += 5_000) {
      server.pass(5_000);
      received.push(...await one.sendText("{}"));
    }
    return received.flatMap(({ push }) => push === undefined ? [] : [push]);
  };
  assertEquals((await pushes(55_000)).map(({ pub }) => pub.data), [1]);
  const [{ sub_refresh: refreshed }] = await one.send({
    sub_refresh: { channel: "closed:secret", token: "longer" },
  });
  assertEquals([refreshed.expires, refreshed.ttl], [true, 545]);
  publish("2");
  assertEquals((await pushes(550_000)).map(({ pub }) => pub.data), [2]); // the time to refresh it is not over
  publish("3");
  assertEquals(
    (await pushes(25_000)).map(({ pub, unsubscribe }) => pub?.data ?? unsubscribe.code),
    [
      3,
      2501,
    ],
  );
  publish("4");
  assertEquals(await pushes(0), []);
});

Deno.test("tokens: the server subscribes to the channels of a token, also with a position", async () => {
  const server = bench();
  server.stores.main.publish(utf8("chat:news"), publication("1"));
  const { one, reply } = await alice(server, "served");
  assertEquals(Object.keys(reply.connect.subs), ["chat:news"]);
  server.stores.main.publish(utf8("chat:news"), publication("2"));
  server.settle();
  assertEquals(one.take(), [{ push: { channel: "chat:news", pub: { offset: 2, data: 2 } } }]);
  const again = server.client();
  const subs = { "chat:news": { recover: true, offset: 1, recoverable: true } };
  const [{ connect }] = await again.send({ connect: { token: "served", subs } });
  const recovered = connect.subs["chat:news"];
  assertEquals([recovered.recovered, recovered.publications], [true, [{ offset: 2, data: 2 }]]);
});

Deno.test("tokens: a user has at most so many connections; one that ends makes room", async () => {
  const server = bench({ connectionsPerUser: 2 });
  const [first, second, third] = [await alice(server), await alice(server), await alice(server)];
  assertEquals([first, second, third].map(({ one }) => one.link.ended?.code), [
    undefined,
    undefined,
    3504,
  ]);
  assertEquals((await alice(server, "bob")).one.link.ended, undefined);
  first.one.client.closed();
  assertEquals((await alice(server)).one.link.ended, undefined);
  assertEquals((await alice(server)).one.link.ended?.code, 3504);
});

Deno.test("tokens: the subscriptions of a token recover together what fits into one reply", async () => {
  const names = ["chat:a", "chat:b", "chat:c"];
  const served = { ...ALICE, subscriptions: new Map(names.map((name) => [name, PLAIN])) };
  const server = new ClientBench({
    verifier: { ...verifier, connection: () => Promise.resolve(served) },
    limits: { historyBytes: 7_000 },
    config: { namespaces: { chat: OPEN } },
  });
  for (const name of names) {
    server.stores.main.publish(utf8(name), publication(`"${"x".repeat(3_000)}"`));
  }
  const subs = Object.fromEntries(
    names.map((name) => [name, { recover: true, recoverable: true }]),
  );
  const [{ connect }] = await server.client().send({ connect: { token: "any", subs } });
  const recovered = names.map((name) => connect.subs[name].recovered ?? false);
  assertEquals(recovered, [true, true, false]);
  assertEquals(connect.subs["chat:c"].was_recovering, true);
});

Deno.test("tokens: a refreshed token with fewer capabilities ends what only they allowed", async () => {
  const sub = { allow: ["sub"], covers: (name: string) => name === "closed:news" };
  const tokens: Readonly<Record<string, ConnectionClaims>> = {
    more: { ...ALICE, capabilities: [sub] },
    less: ALICE,
  };
  const server = new ClientBench({
    verifier: { ...verifier, connection: (token) => Promise.resolve(tokens[token]!) },
    config: { namespaces: { chat: OPEN, closed: { ...OPEN, access: ClientBench.closed } } },
  });
  const { one } = await alice(server, "more");
  const subscribe = (channel: string) => ({ subscribe: { channel } });
  await one.send(subscribe("closed:news"), subscribe("chat:a"), secret("secret"));
  assertEquals((await one.send({ refresh: { token: "more" } })).length, 1);
  const [reply, ended] = await one.send({ refresh: { token: "less" } });
  assertEquals(reply.refresh.expires, undefined);
  assertEquals([ended.push.channel, ended.push.unsubscribe.code], ["closed:news", 2000]);
  const left = ["closed:news", "chat:a", "closed:secret"].map((name) =>
    one.client.subscriptions.get(name) !== undefined
  );
  assertEquals(left, [false, true, true]);
});

Deno.test("tokens: one that names more channels than a connection may have ends it with 3505", async () => {
  const names = ["chat:a", "chat:b"];
  const served = { ...ALICE, subscriptions: new Map(names.map((name) => [name, PLAIN])) };
  const server = new ClientBench({
    verifier: { ...verifier, connection: () => Promise.resolve(served) },
    limits: { channelsPerConnection: 1 },
    config: { namespaces: { chat: OPEN } },
  });
  const client = server.client();
  await client.send({ connect: { token: "any" } });
  assertEquals(client.link.ended?.code, 3505);
  assertEquals(server.context.hub.channelCount, 0);
  assertEquals(server.counters.get(CHANNEL_COLUMN.limitChannels), 1);
});

Deno.test("tokens: a connect that fails at one channel leaves no subscription to the others", async () => {
  const names = ["chat:a", "nowhere:b"];
  const broken = { ...ALICE, subscriptions: new Map(names.map((name) => [name, PLAIN])) };
  const server = new ClientBench({
    verifier: { ...verifier, connection: () => Promise.resolve(broken) },
    config: { namespaces: { chat: OPEN } },
  });
  const { one, reply } = await alice(server);
  assertEquals([codeOf(reply), server.context.hub.channelCount], [102, 0]);
  assertEquals((await one.send({ connect: { token: "again" } })).map(codeOf), [102]);
});

Deno.test("tokens: an expire_at that is over is error 109, and no time to live below 0", async () => {
  const server = bench();
  const { one, reply } = await alice(server, "past");
  assertEquals([codeOf(reply), one.link.ended], [109, undefined]);
  const [again] = await one.send({ connect: { token: "alice" } });
  assertEquals(again.connect.client, one.client.identity.id);
  assertEquals((await one.send({ refresh: { token: "past" } })).map(codeOf), [109]);
  assertEquals((await one.send(secret("past"))).map(codeOf), [110]);
  await one.send(secret("longer"));
  const refresh = { sub_refresh: { channel: "closed:secret", token: "past" } };
  assertEquals((await one.send(refresh)).map(codeOf), [109]);
  server.pass(20_000);
  assertEquals([one.link.ended, one.client.subscriptions.size], [undefined, 1]);
});

Deno.test("tokens: an info that is as deep as a token can have it is read by all who get it", async () => {
  const namespaces = {
    chat: { ...OPEN, allowTagsFilter: true, joinLeave: true, forcePushJoinLeave: true },
    news: { ...OPEN, allowRecovery: false, allowPositioning: false, conflationInterval: 100 },
  };
  const server = new ClientBench({ verifier, config: { namespaces } });
  const { one: reader } = await alice(server);
  const { one: deep } = await alice(server, "deep");
  await reader.send({ subscribe: { channel: "chat:a", tf: { key: "t", cmp: "nex" } } });
  await reader.send({ subscribe: { channel: "news:a" } });
  await deep.send({ subscribe: { channel: "chat:a" } });
  for (const channel of ["chat:a", "news:a"]) await deep.send({ publish: { channel, data: 1 } });
  server.settle();
  const pushes = reader.take().map(({ push }) => push).filter((push) => push !== undefined);
  assertEquals(pushes.map((push) => Object.keys(push)[1]), ["join", "join", "pub", "pub"]);
  const [back] = await reader.send({ unsubscribe: { channel: "chat:a" } }, {
    subscribe: {
      channel: "chat:a",
      recoverable: true,
      recover: true,
      tf: { key: "t", cmp: "nex" },
    },
  }).then((replies) => replies.slice(1));
  assertEquals(back.subscribe.publications.length, 1);
});
