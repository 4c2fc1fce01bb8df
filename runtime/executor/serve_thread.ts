/**
 * Makes the present thread a worker: takes its start from the main thread and serves until the end.
 *
 * In: who answers which path, with the date that the answers carry. Out: the worker, until the server stops. Called at the top of a module that is started as a
 * Web Worker; nothing else may run in that thread, as the loop of epoll blocks it.
 */

import type { DateField } from "../../protocol/mod.ts";
import { LinuxOs } from "../os/mod.ts";
import type { Router } from "../serve/session/mod.ts";
import type { RouterLoader, WorkerParts } from "../serve/worker/mod.ts";
import { onOrder, onStart, postToMain, type WorkerStart } from "../thread/mod.ts";

/** Serves with `router`, or what is loaded and made for the worker, as soon as the main thread says what. */
export function serveThread(router: Router | RouterLoader, date: DateField): void {
  onStart<WorkerStart>(async (start) => {
    const load = typeof router === "function" ? router : undefined;
    const made = typeof router === "function" ? await router(start.config) : router;
    const parts = { start, router: made, load, date, post: postToMain, onOrder };
    const worker = await createWorker(parts, start);
    await worker.run();
  });
}

/** Loads the transport that is used, and not the other: before this thread is ready, so that none blocks meanwhile. */
async function createWorker(parts: WorkerParts, { listen }: WorkerStart) {
  if (listen === undefined) {
    const { NativeWorker } = await import("../native/mod.ts");
    return new NativeWorker({ ...parts, os: new LinuxOs() });
  }
  const { DenoWorker } = await import("../deno/mod.ts");
  return new DenoWorker({ ...parts, listen });
}
