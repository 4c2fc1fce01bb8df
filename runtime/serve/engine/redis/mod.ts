/**
 * The driver of the channel engine for Redis and Valkey.
 *
 * ```ts
 * import { RedisDriver } from "./mod.ts";
 * const driver = new RedisDriver({ url: "redis://127.0.0.1:6379", prefix: "demo:", timeoutMs: 2000 });
 * console.log(driver.status); // "lost", until connect() has found the server
 * ```
 *
 * @module
 */
export { RedisDriver, type RedisDriverOptions } from "./redis_driver.ts";
export { inspectServer } from "./inspect_server.ts";
