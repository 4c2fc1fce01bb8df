/**
 * The admin server: metrics, health, readiness and the live page, on an address of its own.
 *
 * In: the shared memory, read once a second and at each request. Out: responses by Deno.serve on the main
 * thread, so that no worker is involved or slowed. Changes nothing, unless it may publish to channels, and has no password; every client
 * that can reach the address can read everything. A server that replaces another one listens beside it (SO_REUSEPORT), and gets
 * all new connections. If the process has no descriptor for a connection, Deno.serve ends;
 * it is then started again, and the workers are not affected.
 */

import type { StoreFigures } from "../../channels/mod.ts";
import type { EngineNodeFigures } from "../../serve/engine/mod.ts";
import type { WebhookFigures } from "../../serve/webhooks/mod.ts";
import type { ListenAddress } from "../../config/mod.ts";
import { hasLibc, preciseClock, steerConnections } from "../../os/mod.ts";
import type { SharedState } from "../../ring/mod.ts";
import { ChannelDesk, type ChannelDeskParts } from "./channel_desk.ts";
import { createHandler } from "./handler.ts";
import { Sampler } from "./sampler.ts";
import { Viewers } from "./viewers.ts";

/** Milliseconds between two samples. */
const SAMPLE_INTERVAL = 1_000;
/** Milliseconds until the next attempt to listen after a failure. */
const RESTART_DELAY = 500;

/** The options of the admin server. */
export interface AdminOptions {
  readonly address: ListenAddress;
  /** Another admin server listens there, which this one replaces. */
  readonly isShared: boolean;
  readonly state: SharedState;
  readonly version: string;
  /** Bytes that all connections may hold. */
  readonly memoryBound: number;
  /** Whether workers send by io_uring. */
  readonly usesIoUring: boolean;
  /** Whether the server accepts new connections now. */
  isReady(): boolean;
  /** Tells what the channels hold; null: there are none. */
  readonly channels: {
    figures(): StoreFigures;
    /** Undefined: there is no engine. */
    engineFigures?(): EngineNodeFigures | undefined;
    /** Undefined: there are no webhooks. */
    webhookFigures?(): readonly WebhookFigures[] | undefined;
    /** Lists, reads and publishes; absent: nobody may. */
    readonly desk?: ChannelDeskParts | undefined;
  } | null;
}

/** A running admin server. */
export class AdminServer {
  /** The address that it listens on; the port is the real one. */
  readonly address: Deno.NetAddr;
  readonly #handler: ReturnType<typeof createHandler>;
  #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #abort = new AbortController();
  #isLeaving = false;
  readonly #timer: ReturnType<typeof setInterval>;

  /** Listens. @throws Deno's errors of listening */
  constructor(options: AdminOptions) {
    const { isShared, state, version, memoryBound, usesIoUring } = options;
    const startTime = Date.now() / 1000;
    const monotonic = preciseClock();
    const parts = options.channels?.desk;
    const desk = parts && new ChannelDesk(parts);
    const sampler = new Sampler(state, { epoch: () => Date.now(), monotonic });
    const viewers = new Viewers(() => [
      ["server", {
        version,
        startTime,
        hasChannels: options.channels !== null,
        hasDesk: desk !== undefined,
      }],
      ["history", sampler.samples],
    ]);
    const now = () => ({ residentBytes: Deno.memoryUsage().rss, ready: options.isReady() });
    const facts = () => ({
      version,
      startTime,
      memoryBound,
      usesIoUring,
      ...now(),
      now: monotonic(),
      channels: options.channels?.figures(),
      engine: options.channels?.engineFigures?.(),
      webhooks: options.channels?.webhookFigures?.(),
    });
    const address = isShared ? options.address : freeAddress(options.address);
    this.#handler = createHandler({ state, facts, viewers, desk, hostname: address.hostname });
    this.#server = this.#serve(address);
    this.address = this.#server.addr;
    if (isShared) steerConnections(this.address, 1); // to the socket that comes after one other
    this.#timer = setInterval(() => viewers.send(sampler.take(now())), SAMPLE_INTERVAL);
  }

  /** Another admin server gets all new connections: those that are kept end after their next answer. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** Stops it and aborts its open requests; fulfilled when the port is free. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#handler.stop();
    this.#abort.abort();
    await this.#server.finished.catch(() => {}); // accepting failed, and it was about to listen again
  }

  #serve({ hostname, port }: ListenAddress): Deno.HttpServer<Deno.NetAddr> {
    const { signal } = this.#abort;
    const reusePort = hasLibc(); // connections are steered by libc
    const server = Deno.serve(
      { hostname, port, reusePort, signal, onListen: () => {} },
      async (request) => {
        const response = await this.#handler.handle(request);
        if (this.#isLeaving) response.headers.set("Connection", "close");
        return response;
      },
    );
    server.finished.catch(() => this.#serveAgain());
    return server;
  }

  /** Listens again after accepting failed: too many open files, or no memory. */
  async #serveAgain(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, RESTART_DELAY));
      if (this.#abort.signal.aborted) return;
      try {
        this.#server = this.#serve(this.address);
        return;
      } catch (error) {
        if (!(error instanceof Error)) throw error; // still no descriptor for the listener
      }
    }
  }
}

/** The address with its real port, which is free: `reusePort` would let two servers share it. */
function freeAddress({ hostname, port }: ListenAddress): ListenAddress {
  const listener = Deno.listen({ hostname, port });
  listener.close();
  return { hostname, port: listener.addr.port };
}
