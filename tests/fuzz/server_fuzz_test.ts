/**
 * The fuzz sentence of the whole server, on a faked kernel that answers EAGAIN, short reads and
 * writes, resets and exhaustion wherever the real one may:
 *
 * no exception; every request that was sent whole on a connection that nobody broke is answered, in
 * order and byte by byte; every WebSocket message comes back whole; every descriptor is closed once
 * and not used after; a wait that brings nothing about is not repeated for ever; memory stays
 * bounded; a silent peer is closed at its deadline and not before, whatever the clocks do.
 *
 * Seeded: a failure names its seed. FUZZ_RUNS raises the number of runs, FUZZ_SEED begins elsewhere.
 */

import { assert } from "@std/assert";
import { CONNECTION_LIMITS } from "../../runtime/config/mod.ts";
import { SocketTransport } from "../../runtime/native/mod.ts";
import { Random } from "../support/random.ts";
import { Scenario } from "./server_scenario.ts";

/** One run is a whole afternoon: of the inputs that the parsers get, one in forty. */
const RUNS = Math.ceil(Number(Deno.env.get("FUZZ_RUNS") ?? 10_000) / 40);
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);
/** What may wait for a peer: the bound, one message, and the answers of one outbox. */
const MOST_QUEUED = CONNECTION_LIMITS.queuedBytes + 256 * 1024 + 64 * 1024;

/** Everything that a run of some length must have met. */
const WANTED = [
  ...["close", "end", "half-close", "idle"].map((ending) => `http ${ending}`),
  ...["close frame", "half-close", "silent", "end"].map((ending) => `websocket ${ending}`),
  ...["nothing", "half a head", "half a body", "a request", "takes nothing"]
    .map((name) => `mute ${name}`),
  "rude",
  "garbage end",
  "clock",
  "scarce descriptors",
];

/** The most that any transport had waiting, seen after each of its sends. */
async function watchQueues(run: () => Promise<void>): Promise<number> {
  const { sendQueued, sendNow } = SocketTransport.prototype;
  let most = 0;
  SocketTransport.prototype.sendQueued = function () {
    sendQueued.call(this);
    most = Math.max(most, this.queuedBytes);
  };
  SocketTransport.prototype.sendNow = function (...args) {
    sendNow.apply(this, args);
    most = Math.max(most, this.queuedBytes);
  };
  try {
    await run();
  } finally {
    Object.assign(SocketTransport.prototype, { sendQueued, sendNow });
  }
  return most;
}

Deno.test(`server fuzz: ${RUNS} afternoons from seed ${SEED} on a faked kernel`, async () => {
  const seen = new Set<string>();
  let most = 0;
  for (let seed = SEED; seed < SEED + RUNS; seed++) {
    try {
      const scenario = new Scenario(new Random(seed));
      most = Math.max(most, await watchQueues(() => scenario.run()));
      assert(most <= MOST_QUEUED, `${most} bytes waited for one peer`);
      for (const what of scenario.seen) seen.add(what);
    } catch (error) {
      throw new Error(`server fuzz failed: FUZZ_SEED=${seed} FUZZ_RUNS=1`, { cause: error });
    }
  }
  // A fuzzer that meets one kind of peer only is not looking.
  if (RUNS >= 200) { for (const what of WANTED) assert(seen.has(what), `${what} was never met`); }
});
