/**
 * The worker thread's side of the messages: its start, the messages that it sends, and its end.
 *
 * ```ts
 * import type { ThreadMessage } from "./mod.ts";
 * const message: ThreadMessage = { type: "ready" };
 * console.log(message.type);
 * ```
 *
 * @module
 */

export {
  type AppFile,
  type AppImport,
  type AppSource,
  moduleId,
  partsOfModule,
  RUNNER_NAMES,
} from "./app_source.ts";
export type { ChannelChange, ChannelReport, ClientEventReport } from "./channel_report.ts";
export {
  decodeConnections,
  encodeConnections,
  LENGTH_BYTES,
  RECORD_FORMAT,
  recordBytes,
  recordWorker,
} from "./connection_record.ts";
export { fetchFault } from "./fetch_fault.ts";
export { inTime, LATE } from "./in_time.ts";
export type {
  AcceptorStart,
  AppOrder,
  ChannelsStart,
  KeySetAnswer,
  ListenAddress,
  LogMemory,
  LogStart,
  MainMessage,
  OpensslStart,
  OthersFollow,
  SecretTexts,
  ServerFacts,
  ThreadMessage,
  ThreadOrder,
  TlsMaterial,
  WorkerStart,
} from "./messages.ts";
export type { MovedConnection, MovedConnections } from "./moved_connection.ts";
export { OneByOne } from "./one_by_one.ts";
export { StartRefusal } from "./start_refusal.ts";
export { onOrder, onStart, type OrderHandler, postToMain } from "./thread.ts";
export { TimeLimit } from "./time_limit.ts";
export { Warnings } from "./warnings.ts";
