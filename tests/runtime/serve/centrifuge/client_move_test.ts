/** A client that goes on in another process, which has the same channels: what it knows, and what it is told. */

import { assert, assertEquals } from "@std/assert";
import type { ClientHooks } from "../../../../runtime/serve/centrifuge/client_hooks.ts";
import {
  type ClientState,
  decodeClientState,
  encodeClientState,
} from "../../../../runtime/serve/centrifuge/client_state.ts";
import { OPEN } from "../../../support/channel_options.ts";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { type BenchClient, type BenchOptions, ClientBench, type Reply } from "./client_bench.ts";

const CHANNEL = "chat:a";

function publish(stores: Stores, number: number): void {
  const given = publication(`{"n":${number}}`);
  assertEquals(stores.threads[1]!.publish(utf8(CHANNEL), given).status, "stored");
}

/** The numbers of publications, and whatever else there was. */
function numbersIn(replies: readonly Reply[]): unknown[] {
  return replies.map((reply) => reply.push?.pub?.data.n ?? reply);
}

/** The state as it arrives. */
function sent(state: ClientState | undefined): ClientState {
  if (state === undefined) throw new Error("the client stays");
  return decodeClientState(encodeClientState(state))!;
}

/** The worker of a server that has got the channels of another one. */
function heirOf(
  { stores }: ClientBench,
  now: number,
  config: BenchOptions["config"] = {},
): ClientBench {
  const heir = stores.heir();
  assert(heir.main.seal());
  heir.adopt(stores);
  const bench = new ClientBench({ stores: heir, limits: { connectionsPerUser: 2 }, config });
  bench.now = now;
  return bench;
}

/** Gives the store up, with the client. */
function leave(bench: ClientBench, { client }: BenchClient): ClientState {
  assert(bench.stores.main.seal());
  bench.context.hub.finish();
  return sent(client.leave());
}

const claims = {
  user: "alice",
  expireAt: 1_700_000_100,
  info: utf8('{"name":"A"}'),
  meta: undefined,
  subscriptions: new Map(),
  capabilities: [{ channels: ["closed:b"], match: "", allow: ["sub"] }],
};

Deno.test("client move: user, subscriptions, presence, pings and expiry go on; publications come once", async () => {
  const verifier = {
    connection: () => Promise.resolve(claims),
    subscription: () => Promise.reject(new Error("not called")),
  };
  const before = new ClientBench({
    verifier: verifier as never,
    limits: { connectionsPerUser: 2 },
  });
  const one = before.client();
  await one.send({ connect: { token: "t" } });
  const wish = { channel: CHANNEL, flag: 1, recoverable: true, join_leave: true };
  const [{ subscribe }] = await one.send({ subscribe: wish });
  assertEquals(subscribe.id, 1);
  publish(before.stores, 1);
  before.settle();
  assertEquals(numbersIn(one.take()).at(-1), 1);
  before.pass(10_000);
  publish(before.stores, 2); // not passed on yet
  const state = leave(before, one);
  assertEquals(numbersIn(one.take()), [2]);
  assertEquals([before.context.hub.channelCount, before.timers.size], [0, 0]);

  // Its clock shows another time.
  const after = heirOf(before, 7_000_000);
  publish(after.stores, 3);
  const moved = after.moved(state);
  publish(after.stores, 4);
  after.settle();
  assertEquals(numbersIn(moved.take()), [3, 4]);
  const { id } = one.client.identity;
  assertEquals(after.directory.find("alice", id), [moved.client]);
  const [{ presence }] = await moved.send({ presence: { channel: CHANNEL } });
  assertEquals(presence.presence[id], { user: "alice", client: id, conn_info: { name: "A" } });
  // The ping was due after 18.75 s, of which 10 are over; the connection is counted, and its member is this worker's.
  after.pass(8_600);
  assertEquals(moved.take(), []);
  after.pass(400);
  assertEquals(moved.take(), [{}]);
  await moved.sendText("{}");
  const [others, third] = [after.client(), after.client()];
  for (const other of [others, third]) other.client.identity.identify(claims as never);
  assertEquals(after.context.users.enter(others.client.identity), "entered");
  assertEquals(after.context.users.enter(third.client.identity), "limit");
  const left = after.stores.main.removeLeft();
  while (!left.step());
  assertEquals(after.stores.main.presenceStats(utf8(CHANNEL)).clients, 1);
  moved.client.closed();
  assertEquals(after.stores.main.presenceStats(utf8(CHANNEL)).clients, 0);
  after.stores.check();
});

Deno.test("client move: whose publications are gone is told to subscribe again, or to connect", async () => {
  const before = new ClientBench();
  const one = await before.client().connect();
  await one.send({ subscribe: { channel: CHANNEL, recoverable: true } });
  const state = leave(before, one);
  const after = heirOf(before, 0);
  const [subscription] = state.subscriptions as [ClientState["subscriptions"][0]];
  const moved = after.moved({ ...state, subscriptions: [{ ...subscription, epoch: "other" }] });
  assertEquals(moved.take(), [{
    push: { channel: CHANNEL, unsubscribe: { code: 2500, reason: "insufficient state" } },
  }]);
  assertEquals([moved.link.ended, moved.client.subscriptions.size], [undefined, 0]);
  const by = { ...subscription, isServerSide: true, offset: 7 };
  const served = after.moved({ ...state, subscriptions: [by] });
  assertEquals(served.link.ended?.code, 3010);
  assertEquals(after.context.hub.channelCount, 0);
});

Deno.test("client move: what the new config has no more, or does not allow, ends", async () => {
  const left = { ...OPEN, access: ClientBench.closed };
  const given = { chat: OPEN, gone: OPEN, left: OPEN };
  const before = new ClientBench({ config: { namespaces: given } });
  const one = await before.client().connect();
  const channels = ["chat:a", "gone:b", "left:c"];
  for (const channel of channels) {
    const [reply] = await one.send({ subscribe: { channel } });
    assert(reply.subscribe, JSON.stringify(reply));
  }
  one.take();
  const state = leave(before, one);
  const after = heirOf(before, 0, { namespaces: { chat: OPEN, left } });
  const moved = after.moved(state);
  assertEquals(
    moved.take().map(({ push: { channel, unsubscribe } }) => [channel, unsubscribe.code]),
    [["gone:b", 2500], ["left:c", 2000]],
  );
  assertEquals([...moved.client.subscriptions.values()].map(({ name }) => name), ["chat:a"]);
  const [again] = await moved.send({ subscribe: { channel: "gone:b" } });
  assertEquals(again.error.code, 102);
  const removal = after.stores.main.removeLeft();
  while (!removal.step());
  const members = channels.map((name) => after.stores.main.presenceStats(utf8(name)).clients);
  assertEquals(members, [1, 0, 0]);
  after.stores.check();
});

Deno.test("client move: who is not connected, or waits for an answer, stays; another format is none", async () => {
  const answer = Promise.withResolvers<undefined>();
  const hooks = { rpc: () => answer.promise } as unknown as ClientHooks;
  const bench = new ClientBench({ hooks });
  const one = bench.client();
  assertEquals(one.client.leave(), undefined);
  await one.connect();
  const asked = one.send({ rpc: { method: "m" } });
  assertEquals(one.client.leave(), undefined);
  answer.resolve(undefined);
  await asked;
  const state = sent(one.client.leave());
  assertEquals(one.client.leave(), undefined, "it is gone");
  const text = new TextDecoder().decode(encodeClientState(state));
  const other = text.replace('"version":1', '"version":2');
  assertEquals(decodeClientState(utf8(other)), undefined);
});
