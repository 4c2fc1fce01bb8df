/**
 * The driver of the channel engine for NATS with JetStream.
 *
 * ```ts
 * import { NatsDriver } from "./mod.ts";
 * const driver = new NatsDriver({ url: "nats://127.0.0.1:4222", prefix: "demo:", timeoutMs: 2000 });
 * console.log(driver.status); // "lost", until connect() has found the server
 * ```
 *
 * @module
 */
export { NatsDriver, type NatsDriverOptions } from "./nats_driver.ts";
export { inspectServer } from "./inspect_server.ts";
