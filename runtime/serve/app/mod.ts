/**
 * The app: the operator's own file of handlers, loaded in each worker.
 *
 * Loaded only if `--app` is given.
 *
 * ```ts
 * import { type AppModule } from "./mod.ts";
 * const app: AppModule = { fetch: (request) => new Response(`you asked for ${request.url}`) };
 * console.log(typeof app.fetch);
 * ```
 *
 * @module
 */

export { App, type AppParts } from "./app.ts";
export { AppCopies } from "./app_copies.ts";
export { AppGuard, type FaultReport } from "./app_guard.ts";
export type { AppModule } from "./app_module.ts";
export { appTimers } from "./app_timers.ts";
export { AppClientHooks } from "./app_client_hooks.ts";
export { HeapWatch } from "./heap_watch.ts";
export { loadApp } from "./load_app.ts";
export { prepareThread } from "./prepare_thread.ts";
export { restrictThread } from "./restrict_thread.ts";
export { Topics } from "./topics.ts";
