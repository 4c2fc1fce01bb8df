/** The members of a server that is replaced: whose they are then, and who leaves. */

import { assertEquals } from "@std/assert";
import { NodeMembers } from "../../../../runtime/serve/engine/node_members.ts";
import { decodeNodeState, encodeNodeState } from "../../../../runtime/serve/engine/node_state.ts";
import { LoopbackEngine } from "../../../support/loopback_engine.ts";

function member(client: string) {
  return { client, user: "", info: Uint8Array.of(0, 255), announce: true };
}

Deno.test("node members: those of the server before belong to the workers that claim them, and the others leave", async () => {
  const driver = new LoopbackEngine().driver();
  driver.restore();
  const [old, heir] = [new NodeMembers(driver), new NodeMembers(driver)];
  await old.joinAsServer(":servers", member("server"));
  for (const client of ["moves", "comes back", "stays away"]) {
    await old.join(0, "room", member(client));
  }
  const state = { node: "n", channels: [], kept: [], members: old.all };
  const [{ members }] = decodeNodeState(encodeNodeState([state])) as [typeof state];
  assertEquals(members, old.all);
  old.giveUp();
  heir.take(members);
  heir.claim(1, "room", "moves");
  heir.claim(1, "room", "a stranger");
  await heir.join(0, "room", member("comes back"));
  const callsOf = (act: () => void) => {
    driver.calls.length = 0;
    act();
    return driver.calls.slice();
  };
  assertEquals(callsOf(() => old.remove(0)), []);
  assertEquals(callsOf(() => heir.removeLeft()), ["leave room stays away"]);
  assertEquals(callsOf(() => heir.remove(1)), ["leave room moves"]);
  const left = ["join :servers server", "join room comes back"];
  assertEquals(callsOf(() => heir.enterAgain()), left);
  // Of who has not moved, the old server still says that it leaves.
  assertEquals(callsOf(() => old.leave(0, "room", "slow")), ["leave room slow"]);
  await driver.idle();
});
