/** A server warns of others with other settings, and of nothing else. */

import { assertEquals, assertMatch } from "@std/assert";
import { type EngineMember } from "../../../../runtime/serve/engine/mod.ts";
import {
  ALL_SERVERS,
  ServerMember,
  type ServerMemberParts,
} from "../../../../runtime/serve/engine/server_member.ts";

/** The servers of an engine, each with its warnings; a text is the member of another version. */
async function warningsOf(
  ...servers: (Partial<ServerMemberParts> | string)[]
): Promise<string[][]> {
  const members: EngineMember[] = [];
  const info = new Uint8Array(0);
  const driver: ServerMemberParts["driver"] = {
    members: (channel) => {
      assertEquals(channel, ALL_SERVERS);
      return Promise.resolve({ status: "read", members });
    },
  };
  const all: string[][] = [];
  for (const [i, server] of servers.entries()) {
    const warnings: string[] = [];
    all.push(warnings);
    if (typeof server === "string") {
      members.push({ client: `${i}`, user: server, info, announce: false });
      continue;
    }
    const parts = { name: `host_${i}`, place: "", settings: {}, info, ...server };
    const member = new ServerMember({
      ...parts,
      uid: `${i}`,
      driver,
      members: {
        joinAsServer: (_, member) => Promise.resolve((members.push(member), "joined")),
      },
      warn: (text) => void warnings.push(text),
    });
    await member.enter();
    await member.enter(); // the engine was away
    member.close();
  }
  return all;
}

Deno.test("server member: another server with other settings is named once", async () => {
  const settings = { "[a]": "1", "[b]": "2" };
  const [, second, third] = await warningsOf(
    { settings },
    { settings },
    { settings: { "[a]": "3", "[b]": "4" } },
  );
  assertEquals(second, []);
  assertEquals(third!.length, 2);
  assertMatch(third![0]!, /^\[a\] and \[b\] differ from those of the server host_0: .*same config/);
  assertMatch(third![1]!, /^\[a\] and \[b\] differ from those of the server host_1: /);
});

Deno.test("server member: the server that it replaces, and another version, may differ", async () => {
  const name = "host_8000";
  assertEquals(
    await warningsOf({ name, settings: { "[a]": "1" } }, "2 of 3", {
      name,
      settings: { "[a]": "2" },
    }),
    [[], [], []],
  );
});

Deno.test("server member: another list of the engine's servers is named first", async () => {
  const [, [warning]] = await warningsOf(
    { place: "1 of 2", settings: { "[a]": "1" } },
    { place: "2 of 2" },
  ) as [string[], [string]];
  assertMatch(
    warning,
    /^engine names other servers,.* server host_0: .* is 2 of 2 here and 1 of 2/,
  );
});
