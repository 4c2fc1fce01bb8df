/**
 * Channels that several nodes share, by an engine outside: a Redis or NATS server.
 *
 * ```ts
 * import { openDriver } from "./mod.ts";
 *
 * const driver = await openDriver({ url: "redis://127.0.0.1:6379", prefix: "demo:", timeoutMs: 2000 });
 * const data = new TextEncoder().encode('{"text":"hello"}');
 * // "unavailable", until connect() has found the server
 * console.log(await driver.publish("news", { data, historySize: 10, historyTtlMs: 60_000 }));
 * ```
 *
 * @module
 */
export type {
  EngineDoneResult,
  EngineDriver,
  EngineEntry,
  EngineEvents,
  EngineFull,
  EngineInspection,
  EngineJoinResult,
  EngineMember,
  EngineMembersResult,
  EngineMessage,
  EnginePosition,
  EnginePublication,
  EnginePublishResult,
  EngineRangeQuery,
  EngineRangeResult,
  EngineStateResult,
  EngineStatus,
  EngineUnavailable,
} from "./driver.ts";
export { type EngineDriverOptions, inspectEngine, openDriver } from "./open_driver.ts";
export { EngineBroker } from "./engine_broker.ts";
export { EngineCalls, type EngineCallsParts } from "./engine_calls.ts";
export { EnginePeers } from "./engine_peers.ts";
export type { SharedSettings } from "./server_member.ts";
export { EngineNode, type EngineNodeFigures, type EngineNodeParts } from "./engine_node.ts";
