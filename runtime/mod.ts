/**
 * The server: from the command line to the threads.
 *
 * `main` is the program. `Executor` is the server for those who bring a config of their own, and
 * `serveThread` is for who brings endpoints of their own: the module of a worker thread calls it.
 *
 * ```ts
 * import { main } from "./mod.ts";
 * await main(["--version"]); // prints it, and answers 0
 * ```
 *
 * @module
 */

export { main } from "./cli/mod.ts";
export { type Config, DEFAULT_CONFIG } from "./config/mod.ts";
export { Executor, type ExecutorOptions, type ServerEnd, serveThread } from "./executor/mod.ts";
