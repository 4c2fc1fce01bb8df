/** Backends find the connections of a user, however many there are. */

import { assertEquals } from "@std/assert";
import { ClientIdentity } from "../../../../runtime/serve/centrifuge/client_identity.ts";
import type { ControlledClient } from "../../../../runtime/serve/centrifuge/client_directory.ts";
import { CHANNEL_COLUMN } from "../../../../runtime/ring/mod.ts";
import { ClientBench } from "./client_bench.ts";

function clientOf(user: string, session?: string): ControlledClient {
  const identity = new ClientIdentity();
  identity.user = user;
  const nothing = () => {};
  return {
    ...{ identity, session, transport: "websocket" as const },
    ...{ disconnect: nothing, unsubscribe: nothing },
    ...{ subscribeByServer: nothing, refreshByServer: nothing },
  };
}

Deno.test("client directory: none, one and several connections of a user, and each is removed once", () => {
  const { directory, counters } = new ClientBench();
  const [first, second, other] = [clientOf("alice"), clientOf("alice"), clientOf("bob")];
  assertEquals(directory.find("alice"), []);
  directory.remove(first); // it was never connected
  directory.connected(first);
  assertEquals(directory.find("alice"), [first]);
  directory.remove(second);
  assertEquals(directory.find("alice"), [first]);
  directory.connected(second);
  directory.connected(other);
  assertEquals(directory.find("alice"), [first, second]);
  assertEquals(directory.find("alice", second.identity.id), [second]);
  assertEquals(directory.find("alice", other.identity.id), []);
  const users = () =>
    counters.get(CHANNEL_COLUMN.usersConnected) -
    counters.get(CHANNEL_COLUMN.usersLeft);
  assertEquals(users(), 2);
  const streamed = clientOf("alice", "a session");
  directory.connected(streamed);
  assertEquals(directory.find("alice", "", "a session"), [streamed]);
  assertEquals(directory.find("alice", streamed.identity.id, "a session"), [streamed]);
  assertEquals(directory.find("alice", first.identity.id, "a session"), []);
  assertEquals(directory.find("alice", "", "another"), []);
  assertEquals(directory.find("bob", "", "a session"), []);
  directory.remove(streamed);
  for (const client of [first, first, second, second]) directory.remove(client);
  assertEquals(directory.find("alice"), []);
  assertEquals(users(), 1);
});
