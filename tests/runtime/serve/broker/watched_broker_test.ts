/** A broker whose members somebody watches: what is told, in which order, also if it answers later or refuses. */

import { assertEquals } from "@std/assert";
import type { Broker } from "../../../../runtime/serve/broker/mod.ts";
import { watchedBroker } from "../../../../runtime/serve/broker/mod.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const NAME = utf8("a");
const MEMBER = { client: utf8("1.1"), user: utf8("ann"), info: utf8("{}"), announce: true };

function watched(join: Broker["join"]) {
  const told: string[] = [];
  const text = (...all: Uint8Array[]) => all.map((one) => new TextDecoder().decode(one)).join(" ");
  const inner = { join, leave: () => told.push("left the broker") } as unknown as Broker;
  const broker = watchedBroker(inner, {
    joined: (...all) => told.push(`joined ${text(...all)}`),
    left: (...all) => told.push(`left ${text(...all)}`),
  });
  return { broker, told };
}

Deno.test("watched broker: who joins and leaves is told of", () => {
  const { broker, told } = watched(() => "joined");
  assertEquals(broker.join(NAME, MEMBER), "joined");
  broker.leave(NAME, MEMBER.client);
  assertEquals(told, ["joined a 1.1 ann", "left the broker", "left a 1.1"]);
  assertEquals(broker.recover, undefined);
});

Deno.test("watched broker: who leaves while an engine is asked has left, and who is refused too", async () => {
  const { promise, resolve } = Promise.withResolvers<"joined">();
  const { broker, told } = watched(() => promise);
  const joined = broker.join(NAME, MEMBER);
  broker.leave(NAME, MEMBER.client);
  resolve("joined");
  assertEquals(await joined, "joined");
  assertEquals(told, ["joined a 1.1 ann", "left the broker", "left a 1.1"]);
  const full = watched(() => "full");
  assertEquals(full.broker.join(NAME, MEMBER), "full");
  assertEquals(full.told, ["joined a 1.1 ann", "left a 1.1"]);
});
