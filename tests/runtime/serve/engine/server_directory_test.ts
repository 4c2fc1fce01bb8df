/** Which servers there are, as one of them knows them. */

import { assertEquals } from "@std/assert";
import { ServerDirectory } from "../../../../runtime/serve/engine/server_directory.ts";
import type { EngineMembersResult } from "../../../../runtime/serve/engine/mod.ts";

const KEY = new Uint8Array([1, 2]);

/** A directory, the clock, and who is there. */
function opened() {
  const there = new Set(["a"]);
  const state = { now: 0, reads: 0, isLost: false };
  const members = (): Promise<EngineMembersResult> => {
    state.reads++;
    const unavailable = { status: "unavailable", reason: "", mayBeDone: false } as const;
    if (state.isLost) return Promise.resolve(unavailable);
    const all = [...there].map((client) => ({ client, user: "", info: KEY, announce: false }));
    return Promise.resolve({ status: "read", members: all });
  };
  return { state, there, directory: new ServerDirectory({ members }, "all", () => state.now) };
}

Deno.test("servers: the engine is asked once for all who wait, and rarely for those that do not exist", async () => {
  const { state, there, directory } = opened();
  const known = { status: "known", key: KEY } as const;
  const ask = (uid: string) => directory.sessionKey(uid);
  assertEquals(await Promise.all([ask("a"), ask("a"), ask("no")]), [
    known,
    known,
    { status: "unknown" },
  ]);
  const rows: [now: number, uid: string, status: string, reads: number][] = [
    [400, "no", "unknown", 1],
    [600, "no", "unknown", 2],
    [3_500, "a", "known", 2],
    [3_700, "a", "known", 3],
    [3_800, "b", "unknown", 3],
    [4_300, "b", "known", 4],
  ];
  for (const [now, uid, status, reads] of rows) {
    state.now = now;
    if (now > 3_000) there.add("b");
    if (now === 3_700) there.delete("b");
    assertEquals([(await ask(uid)).status, state.reads], [status, reads], `${uid} at ${now}`);
  }
  there.delete("a");
  state.now = 8_000;
  assertEquals(await ask("a"), { status: "unknown" });
});

Deno.test("servers: an engine that is lost is no answer", async () => {
  const { state, directory } = opened();
  state.isLost = true;
  assertEquals([(await directory.sessionKey("a")).status, await directory.all()], [
    "busy",
    undefined,
  ]);
  state.isLost = false;
  assertEquals([(await directory.sessionKey("a")).status, await directory.all()], ["known", ["a"]]);
});
