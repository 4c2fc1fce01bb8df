/** The main thread's own lines, written by the real thread of a log. */

import { assertEquals } from "@std/assert";
import { DEFAULT_CONFIG } from "../../../runtime/config/mod.ts";
import { ServerLogs } from "../../../runtime/executor/server_logs.ts";
import { createSharedState, openSharedState } from "../../../runtime/ring/mod.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

Deno.test("server logs: lines that come before the writer are all written once it runs", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/server.log`;
  const sizes = { taskSlots: 8, inboxBytes: 256, descriptors: 64 };
  const logs = new ServerLogs({
    keepsLast: true,
    config: { workers: 1, ...DEFAULT_CONFIG, log: file, logFormat: "seed" },
    state: openSharedState(createSharedState({ workers: 1, ...sizes })),
    warn: (text) => {
      throw new Error(text);
    },
  });
  for (const text of ["one", "two", "three"]) logs.note(text);
  await logs.load();
  logs.start();
  const lines = async () => (await Deno.readTextFile(file)).split("\n").slice(0, -1);
  await waitFor(async () => (await lines()).length === 3, { what: "three lines" });
  assertEquals(await lines(), ["[EXECUTOR] one", "[EXECUTOR] two", "[EXECUTOR] three"]);
  await logs.finish();
  await Deno.remove(folder, { recursive: true });
});
