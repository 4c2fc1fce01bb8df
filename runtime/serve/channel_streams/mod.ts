/**
 * Channels without a client library: publications as Server-Sent Events, and histories as JSON. README.md has the format.
 *
 * ```ts
 * import type { ChannelService } from "../centrifuge/mod.ts";
 * import { channelStreamRoutes } from "./mod.ts";
 *
 * const pathsOf = (service: ChannelService) =>
 *   channelStreamRoutes({ ...service, origins: [] }).map(([path]) => path);
 * console.log(pathsOf.name); // gives /channels/sse and /channels/history
 * ```
 *
 * @module
 */

export { type ChannelStreamRouteParts, channelStreamRoutes } from "./channel_stream_routes.ts";
