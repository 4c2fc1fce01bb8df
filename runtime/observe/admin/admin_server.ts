/**
 * The operator's server: metrics, health, readiness and the live page, on an address of its own.
 *
 * In: the shared memory, read once a second and at each request. Out: answers by Deno.serve on the main thread,
 * which has nothing else to do: no worker is asked, and none is slowed. Changes nothing, so it has no
 * password; whoever can reach the address can read all of it. Where the process has no descriptor for one
 * more connection Deno.serve ends; it is begun anew then, and the other server is none the wiser.
 */

import type { ListenAddress } from "../../config/mod.ts";
import { preciseClock } from "../../os/mod.ts";
import type { SharedState } from "../../ring/mod.ts";
import { createHandler } from "./handler.ts";
import { Sampler } from "./sampler.ts";
import { Viewers } from "./viewers.ts";

/** Milliseconds between two samples. */
const SAMPLE_INTERVAL = 1_000;
/** Milliseconds until it listens again after a failure. */
const BACK_OFF = 500;

/** What the admin server tells of. */
export interface AdminOptions {
  readonly address: ListenAddress;
  readonly state: SharedState;
  readonly version: string;
  /** Whether new connections are welcome now. */
  isReady(): boolean;
}

/** A running admin server. */
export class AdminServer {
  /** Where it listens; the port is a real one. */
  readonly address: Deno.NetAddr;
  readonly #handler: ReturnType<typeof createHandler>;
  #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #abort = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;

  /** Starts to listen. @throws Deno's errors of listening */
  constructor(options: AdminOptions) {
    const { address, state, version } = options;
    const startTime = Date.now() / 1000;
    const monotonic = preciseClock();
    const sampler = new Sampler(state, { epoch: () => Date.now(), monotonic });
    const viewers = new Viewers(() => [
      ["server", { version, startTime }],
      ["history", sampler.samples],
    ]);
    const now = () => ({ residentBytes: Deno.memoryUsage().rss, ready: options.isReady() });
    const facts = () => ({ version, startTime, ...now(), now: monotonic() });
    this.#handler = createHandler({ state, facts, viewers, hostname: address.hostname });
    this.#server = this.#serve(address);
    this.address = this.#server.addr;
    this.#timer = setInterval(() => viewers.send(sampler.take(now())), SAMPLE_INTERVAL);
  }

  /** Ends it, and whatever is under way; fulfilled when the port is free. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#abort.abort();
    await this.#server.finished.catch(() => {}); // it was about to begin anew
  }

  #serve({ hostname, port }: ListenAddress): Deno.HttpServer<Deno.NetAddr> {
    const { signal } = this.#abort;
    const server = Deno.serve({ hostname, port, signal, onListen: () => {} }, this.#handler);
    server.finished.catch(() => this.#serveAgain());
    return server;
  }

  /** Accept failed: too many open files, or no memory. */
  async #serveAgain(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, BACK_OFF));
      if (this.#abort.signal.aborted) return;
      try {
        this.#server = this.#serve(this.address);
        return;
      } catch (error) {
        if (!(error instanceof Error)) throw error; // there is still none for the listener
      }
    }
  }
}
