/** New processes that are no server: each ends, the old server learns why, and who watches does not wait for ever. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { endOfUpgrade, successorOf, UpgradeError } from "../../../runtime/executor/mod.ts";
import { HANDOVER_VARIABLE } from "../../../runtime/executor/handover_text.ts";
import { Successor } from "../../../runtime/executor/successor.ts";
import { isAlive } from "../../support/process_facts.ts";
import { within } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const NOTHING = { listeners: [], admin: null };

function text(words: string): Uint8Array {
  return new TextEncoder().encode(`${words}\0`);
}

function start(script: string): Successor {
  const args = ["sh", "-c", script].map(text);
  return Successor.start({ path: "/bin/sh", args, environment: [] }, NOTHING);
}

async function faultOf(successor: Successor, milliseconds = 60_000): Promise<string> {
  const { message } = await assertRejects(() => successor.ready(milliseconds), UpgradeError);
  assertEquals(isAlive(successor.pid), false);
  return message;
}

Deno.test("successor: programs that are no server", async () => {
  const rows: [script: string, fault: string][] = [
    ["exit 3", "the new server has ended with exit code 3"],
    ["kill -9 $$", "the new server has ended with signal 9"],
    ["exec 3>&-; exec /bin/sleep 600", "closed the channel to this server, and did not end"],
  ];
  const faults = await Promise.all(rows.map(([script]) => faultOf(start(script))));
  rows.forEach(([, fault], i) => assertStringIncludes(faults[i]!, fault));
  assertStringIncludes(await faultOf(start("exec /bin/sleep 600"), 50), "did not get ready");
});

Deno.test("successor: who watches one whose channel is closed at the first look does not wait for ever", async () => {
  const old = new Deno.Command("/bin/sh", {
    args: ["-c", `${HANDOVER_VARIABLE}=1 /bin/sleep 600 & wait`],
    stdin: "null",
  }).spawn();
  const seen = await within(endOfUpgrade(old.pid), { what: "the end of the upgrade" });
  assertEquals(successorOf(old.pid), seen);
  Deno.kill(seen!, "SIGKILL"); // it was found
  await old.status;
});
