/**
 * The server: from the command line to the threads.
 *
 * `main` is the program. `Executor` starts a server with any config. `serveThread` serves your own
 * endpoints: the module of a worker thread calls it.
 *
 * ```ts
 * import { main } from "./mod.ts";
 * await main(["--version"]); // prints the version, and returns 0
 * ```
 *
 * @module
 */

export { main } from "./cli/mod.ts";
export { type Config, DEFAULT_CONFIG } from "./config/mod.ts";
export { Executor, type ExecutorOptions, type ServerEnd, serveThread } from "./executor/mod.ts";
