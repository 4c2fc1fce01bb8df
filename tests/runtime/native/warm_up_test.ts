import { assertEquals, assertGreater } from "@std/assert";
import { DateField } from "../../../protocol/mod.ts";
import { DEFAULT_CONFIG } from "../../../runtime/config/mod.ts";
import { warmUp } from "../../../runtime/native/mod.ts";
import { TALKS } from "../../../runtime/native/warm_up_talks.ts";
import { LinuxOs } from "../../../runtime/os/mod.ts";
import { createLogMemory, createSharedState, LogReader } from "../../../runtime/ring/mod.ts";
import { serverRouter } from "../../../runtime/serve/routes/mod.ts";
import { openDescriptors, openedSince } from "../../support/open_descriptors.ts";

const EMFILE = 24;
const ECONNRESET = 104;
const ROUNDS = 2;

/** The system calls of Linux, of which some are replaced. */
function osWith(calls: Partial<LinuxOs>): LinuxOs {
  return Object.assign(new LinuxOs(), calls);
}

/** Warms up with the default config and both logs; returns what it returns, and the lines in the real logs. */
async function warm(os: LinuxOs) {
  const date = new DateField(Date.now());
  const memory = createSharedState({ workers: 1 });
  const events = createLogMemory(1);
  const untouched = new Uint8Array(memory).slice();
  const ended = await warmUp({
    os,
    date,
    router: serverRouter({ config: { endpoints: ["echo", "health"] }, date }),
    start: {
      worker: 0,
      memory,
      doorbells: [],
      logs: { events, accesses: createLogMemory(1) },
      config: { workers: 1, ...DEFAULT_CONFIG },
    },
  });
  assertEquals(new Uint8Array(memory), untouched, "the memory that all threads share");
  assertEquals(new LogReader(events, 0).take(), null, "lines in the event log");
  return ended;
}

Deno.test("warm-up: all conversations come to their end, and leave nothing behind", async () => {
  const before = await openDescriptors();
  assertEquals(await warm(new LinuxOs()), ROUNDS * TALKS.length);
  assertEquals(await openedSince(before), []);
});

Deno.test("warm-up: each answer is read, and connections end in every usual way", async () => {
  const results: Record<"answers" | "ends" | "resets", number> = { answers: 0, ends: 0, resets: 0 };
  const os = new LinuxOs();
  const recv = os.recv.bind(os);
  await warm(osWith({
    recv(descriptor, bytes, length) {
      const received = recv(descriptor, bytes, length);
      if (received > 0) results.answers++;
      else if (received === 0) results.ends++;
      else if (received === -ECONNRESET) results.resets++;
      return received;
    },
  }));
  for (const count of Object.values(results)) assertGreater(count, ROUNDS);
});

Deno.test("warm-up: a kernel without descriptors costs the warm-up, not the worker", async () => {
  const before = await openDescriptors();
  assertEquals(await warm(osWith({ eventfd: () => -EMFILE })), 0);
  assertEquals(await openedSince(before), []);
});

Deno.test("warm-up: ends although nobody is answered", async () => {
  const before = await openDescriptors();
  // One conversation is half a request, after which the peer leaves.
  assertEquals(await warm(osWith({ accept: () => -EMFILE })), 3);
  assertEquals(await openedSince(before), []);
});
