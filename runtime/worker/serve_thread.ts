/**
 * Makes the present thread a worker: takes its start from the main thread and serves until the end.
 *
 * In: who answers which path, with the date that the answers carry. Called at the top of a module that is started as a
 * Web Worker; nothing else may run in that thread, as the loop blocks it.
 */

import type { DateField } from "../../protocol/mod.ts";
import { LinuxOs } from "../os/mod.ts";
import type { Router } from "../session/mod.ts";
import { onStart, postToMain } from "../thread/mod.ts";
import type { WorkerStart } from "../thread/mod.ts";
import { type RouterMaker, Worker } from "./worker.ts";

/** Serves with `router`, or what is made for the worker, as soon as the main thread says what. */
export function serveThread(router: Router | RouterMaker, date: DateField): void {
  onStart<WorkerStart>(async (start) => {
    const worker = new Worker({ start, os: new LinuxOs(), router, date, post: postToMain });
    await worker.run();
  });
}
