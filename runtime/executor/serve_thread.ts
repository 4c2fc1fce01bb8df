/**
 * Makes the present thread a worker: takes its start from the main thread and serves until the end.
 *
 * In: who answers which path, with the date that the answers carry. Out: the worker, until the server stops. Called at the top of a module that is started as a
 * Web Worker; nothing else may run in that thread, as the loop of epoll blocks it.
 */

import type { DateField } from "../../protocol/mod.ts";
import { DenoWorker } from "../deno/mod.ts";
import { NativeWorker } from "../native/mod.ts";
import { LinuxOs } from "../os/mod.ts";
import type { Router } from "../serve/session/mod.ts";
import type { RouterLoader } from "../serve/worker/mod.ts";
import { onOrder, onStart, postToMain, type WorkerStart } from "../thread/mod.ts";

/** Serves with `router`, or what is loaded and made for the worker, as soon as the main thread says what. */
export function serveThread(router: Router | RouterLoader, date: DateField): void {
  onStart<WorkerStart>(async (start) => {
    const load = typeof router === "function" ? router : undefined;
    const made = typeof router === "function" ? await router(start.config) : router;
    const parts = { start, router: made, load, date, post: postToMain, onOrder };
    const { listen } = start;
    const worker = listen === undefined
      ? new NativeWorker({ ...parts, os: new LinuxOs() })
      : new DenoWorker({ ...parts, listen });
    await worker.run();
  });
}
