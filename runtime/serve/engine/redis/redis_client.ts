/**
 * A client of one Redis server or sentinel that does nothing by itself: it does not reconnect, queue or send again.
 *
 * In: where the server is, and as whom to use it. Out: a client that is not connected yet; its connection, entered.
 */
import { Redis } from "ioredis";
import { sendAtOnce } from "../no_delay.ts";
import type { RedisPlace } from "./redis_address.ts";

/** As whom a server is used. */
export interface RedisAccess {
  /** Undefined: the default user. */
  readonly user: string | undefined;
  /** Undefined: none. */
  readonly password: string | undefined;
}

/** What the client calls a connection that does not exist any more. */
const ENDED: readonly string[] = ["close", "end"];

/** Makes a client. @param timeoutMs milliseconds until a connection attempt or a command fails */
export function redisClient(place: RedisPlace, timeoutMs: number): Redis {
  return new Redis({
    ...place,
    replyMapping: "legacy",
    lazyConnect: true,
    protocol: 2,
    connectTimeout: timeoutMs,
    // Without it the promise of a command on a connection that was cut never settles (findings/ioredis_sends_again.sh).
    commandTimeout: timeoutMs,
    disableClientInfo: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
}

/** Connects. The client itself would use the default user and database if it were refused another one. */
export async function enterRedis(
  redis: Redis,
  { user = "default", password }: RedisAccess,
  database = 0,
): Promise<void> {
  await redis.connect();
  sendAtOnce(redis.stream);
  const isNamed = user !== "default" || password !== undefined;
  await Promise.all([
    isNamed && redis.call("AUTH", ...(user === "default" ? [] : [user]), password ?? ""),
    database > 0 && redis.call("SELECT", database),
  ]);
}

/** Closes a client; what is under way is rejected. */
export function closeRedis(redis: Redis): void {
  // The client would wait, by a timer, for the end of a connection that has ended.
  if (!ENDED.includes(redis.status)) redis.disconnect();
}
