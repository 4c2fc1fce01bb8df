/**
 * The Pusher protocol: clients such as `pusher-js` and `laravel-echo`, and backends with the library `pusher`, on the channels of the
 * server. README.md has the way of an event.
 *
 * ```ts
 * import type { PusherService } from "./mod.ts";
 *
 * const hasKey = (service: PusherService, key: string) => service.find(`/app/${key}`) !== undefined;
 * console.log(hasKey.name); // whether an app has this key
 * ```
 *
 * @module
 */

export { PusherService, type PusherServiceParts } from "./pusher_service.ts";
