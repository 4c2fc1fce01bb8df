/** The clock of channels in promises that run while the worker waits: it is not that of the wait's begin. */

import { assert, assertEquals } from "@std/assert";
import { createChannelMemory } from "../../../../runtime/channels/mod.ts";
import { DEFAULT_CONFIG } from "../../../../runtime/config/mod.ts";
import { LogLabel } from "../../../../runtime/observe/log/mod.ts";
import { promiseClock } from "../../../../runtime/serve/worker/promise_clock.ts";
import { OwnThreadWorker } from "../../../support/own_thread_worker.ts";
import { within } from "../../../support/wait_for.ts";
import "../../../support/load_libc.ts";

const WAITS = 10;
/** Of each wait: less than the longest wait of a worker with a pending handler. */
const MILLISECONDS = 60;

Deno.test("promise clock: the turn's time in a turn, and the present in a wait", () => {
  let readings = 0;
  let isWaiting = false;
  const os = { preciseMilliseconds: () => 100 + readings++ };
  const now = promiseClock(() => 50, { loop: { os }, isWaiting: () => isWaiting });
  assertEquals([now(), now(), readings], [50, 50, 0]);
  isWaiting = true;
  assertEquals([now(), now()], [100, 101]);
});

for (const isMeasured of [true, false]) {
  const what = isMeasured ? "with metrics" : "without metrics";

  Deno.test(`promise clock: a handler that goes on in a wait sees the present, ${what}`, async () => {
    const accessLog = isMeasured ? "-" : "off";
    const config = {
      ...DEFAULT_CONFIG,
      workers: 1,
      monitoring: { ...DEFAULT_CONFIG.monitoring, accessLog },
    };
    const random = new Uint32Array([7, 6, 5, 4, 3, 2, 1]);
    const memory = createChannelMemory({ bytes: 256 * 1024, workers: 1, random });
    const server = { name: "test", version: "1", startedAt: 0 };
    const secrets = { files: new Map(), variables: new Map() };
    let old = 0;
    const label = new LogLabel("test");
    const worker: OwnThreadWorker = new OwnThreadWorker(
      ({ channels }) => ({
        find: () => ({
          label,
          methods: null,
          wantsBody: false,
          webSocket: null,
          async handle(exchange) {
            for (let i = 0; i < WAITS; i++) {
              await new Promise((resolve) => setTimeout(resolve, MILLISECONDS));
              // A busy machine may be late in a turn, too, but not each time.
              const present = worker.os.preciseMilliseconds();
              if (channels!.now() < present - MILLISECONDS / 2) old++;
            }
            exchange.respondText(200, "");
          },
        }),
      }),
      { config, channels: { memory, server, secrets } },
    );
    worker.start();
    const connection = await worker.connect();
    await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    const count = await within(connection.read(new Uint8Array(1000)), { what: "an answer" });
    connection.close();
    await worker.stop();
    assert(count !== null);
    assert(old < WAITS / 2, `${old} of ${WAITS} times it was that of the wait's begin`);
  });
}
