/**
 * Channels that several nodes share, by an engine outside: a Redis server.
 *
 * ```ts
 * import type { EngineDriver, EnginePublishResult } from "./mod.ts";
 *
 * const publish = (driver: EngineDriver, text: string): Promise<EnginePublishResult> => {
 *   const data = new TextEncoder().encode(text);
 *   return driver.publish("news", { data, historySize: 10, historyTtlMs: 60_000 });
 * };
 * console.log(typeof publish);
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
