/**
 * Makes the driver of the engine that the configuration names.
 *
 * In: where the engine is. Out: a driver that is not connected yet, or what a look at the engine finds. The client library is loaded here, by the main thread, and
 * only if there is an engine of its kind.
 */
import type { EngineDriver, EngineInspection } from "./driver.ts";
import type { NatsDriverOptions } from "./nats/mod.ts";
import type { RedisDriverOptions } from "./redis/mod.ts";

/** What any driver is made with; what it has no use for is undefined. */
export type EngineDriverOptions = RedisDriverOptions & NatsDriverOptions;

/** The driver for a URL that `--engine` takes. */
export async function openDriver(options: EngineDriverOptions): Promise<EngineDriver> {
  if (isNats(options)) {
    const { NatsDriver } = await import("./nats/mod.ts");
    return new NatsDriver(options);
  }
  const { RedisDriver } = await import("./redis/mod.ts");
  return new RedisDriver(options);
}

/** Connects once, and says what was found. */
export async function inspectEngine(options: EngineDriverOptions): Promise<EngineInspection> {
  const { inspectServer } =
    await (isNats(options) ? import("./nats/mod.ts") : import("./redis/mod.ts"));
  return await inspectServer(options);
}

function isNats({ url }: EngineDriverOptions): boolean {
  return url.startsWith("nats:") || url.startsWith("tls:");
}
