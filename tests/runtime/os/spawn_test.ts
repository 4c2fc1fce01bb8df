/** Processes that get descriptors of this one: what they find, and how they end. */

import { assertEquals, assertThrows } from "@std/assert";
import {
  endOfChild,
  ownCommand,
  ProcessChannel,
  readText,
  seenEndOfChild,
  signalProcess,
  spawnProcess,
  SystemError,
} from "../../../runtime/os/mod.ts";
import { findProgram } from "../../support/process_facts.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const encode = (texts: readonly string[]) => {
  return texts.map((text) => new TextEncoder().encode(`${text}\0`));
};

function shell(script: string, environment: readonly string[] = []) {
  const path = findProgram("sh")!;
  return { path, args: encode(["sh", "-c", script]), environment: encode(environment) };
}

Deno.test("spawn: the descriptors are 3, 4 … in the new process, whatever their numbers here", async () => {
  const [[ours, theirs], [others, last]] = [ProcessChannel.pair(), ProcessChannel.pair()];
  const script = 'printf "%s" "$NAME" >&4; printf two >&3; exit 7';
  // The second one has the higher number here, and the lower one there.
  const pid = spawnProcess(shell(script, ["NAME=one"]), [last.descriptor, theirs.descriptor]);
  for (const channel of [theirs, last]) channel[Symbol.dispose]();
  const next = (channel: ProcessChannel) =>
    waitFor(() => channel.receive() ?? undefined, { what: "a text" });
  assertEquals([await next(ours), await next(others)], ["one", "two"]);
  for (const look of [seenEndOfChild, endOfChild]) {
    assertEquals(await waitFor(() => look(pid), { what: "its end" }), "exit code 7");
  }
  assertEquals([ours.receive(), others.receive()], [null, null]);
  assertEquals(ours.send("nobody"), false);
  for (const channel of [ours, others]) channel[Symbol.dispose]();
});

Deno.test("spawn: a signal ends a process; an executable that is not there starts none", async () => {
  const pid = spawnProcess(shell("exec sleep 60", ["PATH=/usr/bin:/bin"]), []);
  assertEquals([endOfChild(pid), seenEndOfChild(pid)], [undefined, undefined]);
  assertEquals(signalProcess(pid, 9), 0);
  for (const look of [seenEndOfChild, seenEndOfChild, endOfChild]) {
    assertEquals(await waitFor(() => look(pid), { what: "its end" }), "signal 9");
  }
  assertEquals(seenEndOfChild(pid), "an unknown exit code");
  const missing = { ...shell(""), path: "/no/such/file" };
  assertThrows(() => spawnProcess(missing, []), SystemError, "ENOENT");
});

Deno.test("own command: the arguments and the environment of this process, with their ends", () => {
  const { path, args, environment } = ownCommand("/fallback");
  const texts = (all: readonly Uint8Array[]) => all.map((each) => new TextDecoder().decode(each));
  assertEquals(texts(args).every((text) => text.endsWith("\0")), true);
  assertEquals(path, texts(args)[0]!.includes("/") ? texts(args)[0]!.slice(0, -1) : "/fallback");
  assertEquals(texts(environment).includes(`PATH=${Deno.env.get("PATH")}\0`), true);
  assertEquals(readText("/proc/self/status").startsWith("Name:"), true);
});
