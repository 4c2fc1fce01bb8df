/**
 * Makes the driver of the engine that the configuration names.
 *
 * In: where the engine is. Out: a driver that is not connected yet, or what a look at the engine finds. The client library is loaded here, by the main thread, and
 * only if there is an engine.
 */
import type { EngineDriver } from "./driver.ts";
import type { EngineInspection, RedisDriverOptions } from "./redis/mod.ts";

/** The driver for a URL that begins with `redis:`, `rediss:` or `unix:`. */
export async function openDriver(options: RedisDriverOptions): Promise<EngineDriver> {
  const { RedisDriver } = await import("./redis/mod.ts");
  return new RedisDriver(options);
}

/** Connects once, and says what was found. */
export async function inspectEngine(options: RedisDriverOptions): Promise<EngineInspection> {
  const { inspectServer } = await import("./redis/mod.ts");
  return await inspectServer(options);
}
