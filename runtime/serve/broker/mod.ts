/**
 * What keeps the channels, as a worker sees it: the store of this server, or an engine that several servers share; and how threads and
 * servers reach each other.
 *
 * ```ts
 * import { createChannelMemory, openChannelStore } from "../../channels/mod.ts";
 * import { type Broker, StoreBroker } from "./mod.ts";
 *
 * const random = crypto.getRandomValues(new Uint32Array(7));
 * const memory = createChannelMemory({ bytes: 2 ** 20, workers: 1, random });
 * const store = openChannelStore(memory, { writer: 0, now: () => Date.now(), ring: () => {} });
 * const broker: Broker = new StoreBroker(store);
 * const publication = { data: new Uint8Array(1), historySize: 10, historyTtlMs: 60_000 };
 * const answer = broker.publish(new TextEncoder().encode("news"), publication);
 * console.log(answer instanceof Promise ? "an engine will answer" : answer.offset); // 1
 * ```
 *
 * @module
 */

export type {
  Broker,
  ClientPosition,
  Epoch,
  PageQuery,
  PublishAnswer,
  ReadAnswer,
} from "./broker.ts";
export { COMMANDS, ControlSender, type ControlStore, REQUESTS } from "./control_sender.ts";
export {
  ALL_WORKERS,
  ANY_WORKER,
  CONNECTED_USERS_KEY,
  controlKey,
  isOwnChannel,
  toWorker,
  userKey,
} from "./own_channels.ts";
export type { Peers, SessionKey, WorkerPlace } from "./peers.ts";
export { type Soon, whenThere } from "./soon.ts";
export { type BrokerStore, StoreBroker } from "./store_broker.ts";
export { type ChannelWatch, watchedBroker } from "./watched_broker.ts";
