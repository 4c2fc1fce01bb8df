/**
 * Busy connections that come all at once are spread over the workers. Counted in the epoll sets, so that no time matters.
 */

import { assert } from "@std/assert";
import { connectionsPerEpoll } from "../support/process_facts.ts";
import { withServer } from "../support/server.ts";
import { connectTo } from "../support/suite_tls.ts";
import { OVER_DENO_TRANSPORT } from "../support/suite_transport.ts";
import { waitFor } from "../support/wait_for.ts";

const CONNECTIONS = 8;
/** One worker takes more than this only if the other one was kept from its core during a burst. */
const MOST = 6;
const BURSTS = 20;
const REQUEST = new TextEncoder().encode("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
const SKIPPED = OVER_DENO_TRANSPORT ? " (skipped: over Deno's sockets the kernel chooses)" : "";

/** A connection that sends its next request as soon as it has an answer. */
class BusyConnection implements AsyncDisposable {
  readonly #connection: Deno.Conn;
  readonly #ended: Promise<void>;
  answers = 0;
  #isEnding = false;

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
    this.#ended = this.#run();
  }

  async #run(): Promise<void> {
    const buffer = new Uint8Array(4096);
    while (!this.#isEnding) {
      await this.#connection.write(REQUEST);
      if (await this.#connection.read(buffer) === null) return;
      this.answers++;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    await this.#ended;
    this.#connection.close();
  }
}

/** How many connections of one burst each worker has, while all are busy. */
async function spread({ port, pid }: { port: number; pid: number }): Promise<number[]> {
  await using clients = new AsyncDisposableStack();
  const opening = Array.from(
    { length: CONNECTIONS },
    () => connectTo({ hostname: "127.0.0.1", port }),
  );
  const busy = (await Promise.all(opening)).map((connection) =>
    clients.use(new BusyConnection(connection))
  );
  await waitFor(() => busy.every(({ answers }) => answers >= 10), { what: "busy connections" });
  const counts = connectionsPerEpoll(pid, port).filter((count) => count > 0);
  assert(counts.reduce((sum, count) => sum + count, 0) === CONNECTIONS, counts.join());
  return counts;
}

Deno.test({
  name: `busy connections: of eight at once, each of two workers gets some${SKIPPED}`,
  ignore: OVER_DENO_TRANSPORT,
  fn: () =>
    withServer({ workers: 2 }, async (server) => {
      const bursts: number[][] = [];
      for (let i = 0; i < BURSTS; i++) {
        bursts.push(await spread(server));
        // The next burst finds both workers asleep, or about to be.
        await waitFor(() => connectionsPerEpoll(server.pid, server.port).every((n) => n === 0), {
          what: "the end of all connections",
        });
      }
      const even = bursts.filter((counts) => Math.max(...counts) <= MOST).length;
      assert(even >= BURSTS / 2, JSON.stringify(bursts));
    }),
});
