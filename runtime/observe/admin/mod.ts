/**
 * The admin server: metrics for Prometheus, health, readiness, and a live page.
 *
 * ```ts
 * import { createSharedState, openSharedState } from "../../ring/mod.ts";
 * import { AdminServer } from "./mod.ts";
 * const admin = new AdminServer({
 *   address: { hostname: "127.0.0.1", port: 0 },
 *   isShared: false,
 *   state: openSharedState(createSharedState({ workers: 2 })),
 *   version: "0.0.0",
 *   isReady: () => true,
 *   channels: null,
 * });
 * console.log(admin.address.port);
 * await admin.stop();
 * ```
 *
 * @module
 */

export { type AdminOptions, AdminServer } from "./admin_server.ts";
export type { ChannelDeskParts } from "./channel_desk.ts";
