/**
 * Fuzz test of the whole server on a fake kernel that returns EAGAIN, short reads and writes, resets and
 * exhaustion wherever the real one may. It checks:
 *
 * no exception; every complete request on an unbroken connection is answered, in order and byte for byte;
 * every WebSocket message is echoed completely; every descriptor is closed once and not used after; waits
 * that cause no progress do not repeat for ever; memory stays bounded; a silent peer is closed at its
 * deadline and not before, whatever the clocks do.
 *
 * Seeded: a failure names its seed. FUZZ_RUNS sets the number of runs, FUZZ_SEED the first seed.
 */

import { assert } from "@std/assert";
import { CONNECTION_LIMITS } from "../../runtime/config/mod.ts";
import { SocketTransport } from "../../runtime/native/mod.ts";
import { Random } from "../support/random.ts";
import { Scenario } from "./server_scenario.ts";

/** One run is a whole scenario, so there is one run per forty inputs of the parser fuzz tests. */
const RUNS = Math.ceil(Number(Deno.env.get("FUZZ_RUNS") ?? 10_000) / 40);
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);
/** The most bytes queued for a peer: the limit, one message, and the responses of one outbox. */
const MOST_QUEUED = CONNECTION_LIMITS.queuedBytes + 256 * 1024 + 64 * 1024;

/** Everything that a long enough run must reach. */
const WANTED = [
  ...["close", "end", "half-close", "idle"].map((ending) => `http ${ending}`),
  ...["close frame", "half-close", "silent", "end"].map((ending) => `websocket ${ending}`),
  ...["nothing", "half a head", "half a body", "a request", "takes nothing"]
    .map((name) => `mute ${name}`),
  "rude",
  "garbage end",
  "clock",
  "scarce descriptors",
  "a worker that accepts",
  "io_uring",
  ...["passOn", "passOnLater", "echoWhole", "echoPieces"].map((way) => `app ${way}`),
];

/** The most bytes queued in any transport, measured after each send. */
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

Deno.test(`server fuzz: ${RUNS} scenarios from seed ${SEED} on a fake kernel`, async () => {
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
  // A fuzzer that reaches only one kind of peer tests too little.
  if (RUNS >= 200) {
    for (const what of WANTED) {
      assert(seen.has(what), `${what} was never reached`);
    }
  }
});
