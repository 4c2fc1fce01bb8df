/**
 * Turns the current thread into a worker, which serves until the server stops.
 *
 * In: the router, the Date field of its responses, and the start message of the main thread. Out: a running
 * worker. Called at the top of a module that is started as a Web Worker. Nothing else may run in that
 * thread, because the epoll loop blocks it.
 */

import type { DateField } from "../../protocol/mod.ts";
import type { Config } from "../config/mod.ts";
import { LinuxOs, type OpenedRing, openIoUring } from "../os/mod.ts";
import { PointerTable, TicketKeys } from "../ring/mod.ts";
import type { Compression, Router } from "../serve/session/mod.ts";
import type { GivenAtStart, RouterLoader, WorkerParts } from "../serve/worker/mod.ts";
import {
  type AppOrder,
  onOrder,
  onStart,
  type OrderHandler,
  postToMain,
  StartRefusal,
  type ThreadOrder,
  type WorkerStart,
} from "../thread/mod.ts";

/** What a worker's endpoints need. */
export interface ServeThreadOptions {
  /** They have timers and sockets of Deno's also while no handler is pending; absent: if there is an app. */
  readonly hasApp?: boolean;
  /** Carries out orders about the app and the channels; absent: there are none. */
  readonly obeyForApp?: (order: OrderForApp) => Promise<string | void>;
  /** Makes what the thread warms up with, once (native/warm_up.ts); absent: it does not. */
  readonly practice?: () => { readonly router: Router; readonly date: DateField };
}

/** What only a thread with an app, or with channels, is ordered. */
export type OrderForApp = Extract<
  ThreadOrder,
  AppOrder | { readonly type: "key set" | "await channels" | "freeze" }
>;

/** Serves with a router, or with one that a loader creates for the worker, once the main thread sends the start message. */
export function serveThread(
  router: Router | RouterLoader,
  date: DateField,
  options: ServeThreadOptions = {},
): void {
  onStart<WorkerStart>(async (start) => {
    const load = typeof router === "function" ? router : undefined;
    const hasApp = options.hasApp ?? start.config.app !== undefined;
    // Before the app is loaded: it may leave something running that fails.
    const apps = hasApp ? await import("../serve/app/mod.ts") : undefined;
    const guard = apps && new apps.AppGuard();
    try {
      const made = typeof router === "function"
        ? await router(start.config, givenBy(start))
        : router;
      const parts = {
        start,
        router: made,
        load,
        date,
        hasApp,
        guard,
        alarms: apps?.appTimers,
        compression: await compressionOf(start.config),
        post: postToMain,
        onOrder: (handler: OrderHandler) => onOrder(withAppOrders(handler, options.obeyForApp)),
      };
      const worker = await createWorker(parts, { start, practice: options.practice });
      await worker.run();
    } catch (error) {
      if (error instanceof StartRefusal) {
        return postToMain({ type: "unable", reason: error.message });
      }
      guard?.release(); // the server's own fault: the thread ends, and is replaced
      throw error;
    }
  });
}

function givenBy({ app, channels, openssl }: WorkerStart): GivenAtStart {
  return {
    secrets: channels?.secrets,
    engine: channels?.engine,
    webhooks: channels?.webhooks,
    app,
    keepsFfi: openssl !== undefined,
  };
}

/** Loaded only if it is on. */
async function compressionOf({ websocketCompression }: Config): Promise<Compression | undefined> {
  if (!websocketCompression) return undefined;
  const { ZlibCompression } = await import("../serve/deflate/mod.ts");
  return new ZlibCompression();
}

/** The transports know nothing of apps and channels. */
function withAppOrders(
  handler: OrderHandler,
  obeyForApp: ServeThreadOptions["obeyForApp"],
): OrderHandler {
  return (order) => {
    switch (order.type) {
      case "key set":
      case "await channels":
      case "load app":
      case "use app":
      case "drop app":
        return obeyForApp?.(order);
      case "freeze": {
        const obeyed = handler(order);
        void obeyForApp?.(order);
        return obeyed;
      }
      default:
        return handler(order);
    }
  };
}

/** Loads only the transport that is used, before this thread reports that it is ready: until then no thread blocks. */
async function createWorker(
  parts: WorkerParts,
  { start, practice }: { start: WorkerStart; practice: ServeThreadOptions["practice"] },
) {
  const { listen } = start;
  if (listen === undefined) {
    const { NativeWorker, rehearse, ringMemoryBytes, warmUp } = await import("../native/mod.ts");
    const redirect = await redirectOf(start);
    const ring = ringOf(start, ringMemoryBytes);
    const sockets = await socketsOf(start);
    if (practice !== undefined && start.config.warmUp === "on") {
      const own = { start, os: sockets.os, ring, compression: parts.compression };
      await warmUp({ ...own, ...practice() });
      // Over TLS no connection moves.
      if (start.rehearses === true && start.openssl === undefined) {
        const { rehearsedEndpoints } = await import("./rehearsed_endpoints.ts");
        await rehearse({ ...own, ...await rehearsedEndpoints(start.config) });
      }
    }
    return new NativeWorker({ ...parts, redirect, ring, ...sockets });
  }
  const { DenoWorker } = await import("../deno/mod.ts");
  return new DenoWorker({ ...parts, listen });
}

/** The system calls of a worker on epoll, whose sockets may speak TLS. */
async function socketsOf({ openssl, worker, config }: WorkerStart) {
  if (openssl === undefined) return { os: new LinuxOs() };
  const { TlsOs } = await import("../tls/mod.ts");
  const pointers = new PointerTable(openssl.pointers);
  const keeper = {
    setConnection: (descriptor: number, address: number) =>
      pointers.setConnection(descriptor, address),
    setOwn: (addresses: readonly number[]) => pointers.setOwn(worker, addresses),
  };
  const tickets = new TicketKeys(openssl.tickets);
  const { writeStall } = config.limits;
  const os = new TlsOs({ set: openssl.set, tickets, keeper, writeStall });
  return { os, tls: os };
}

/** A thread may get none although the main thread got one, as memory can be short: then it does without. */
function ringOf(
  { ioUring }: WorkerStart,
  memoryBytes: (entries: number) => number,
): OpenedRing | undefined {
  const opened = ioUring === true ? openIoUring(memoryBytes) : undefined;
  return typeof opened === "string" ? undefined : opened;
}

async function redirectOf({ redirectTo }: WorkerStart): Promise<Router | undefined> {
  if (redirectTo === undefined) return undefined;
  const { redirectRouter } = await import("../serve/routes/mod.ts");
  return redirectRouter(redirectTo);
}
