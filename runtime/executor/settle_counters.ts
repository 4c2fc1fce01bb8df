/**
 * Settles the counters of a worker that ended: what it left open is counted as closed, and what it held as free.
 *
 * In: its counters, which have no other writer now. Out: the same, with every beginning ended. Called by the executor.
 */

import { CHANNEL_COLUMN, COLUMN, type Column, type Counters } from "../ring/mod.ts";

/** Beginnings and their ends. */
const PAIRS: readonly (readonly [began: Column, ended: Column])[] = [
  [COLUMN.connectionsOpened, COLUMN.connectionsClosed],
  [COLUMN.webSocketsOpened, COLUMN.webSocketsClosed],
  [COLUMN.bytesQueued, COLUMN.bytesUnqueued],
  [CHANNEL_COLUMN.webSocketClientsConnected, CHANNEL_COLUMN.webSocketClientsLeft],
  [CHANNEL_COLUMN.sseClientsConnected, CHANNEL_COLUMN.sseClientsLeft],
  [CHANNEL_COLUMN.httpStreamClientsConnected, CHANNEL_COLUMN.httpStreamClientsLeft],
  [CHANNEL_COLUMN.usersConnected, CHANNEL_COLUMN.usersLeft],
  [CHANNEL_COLUMN.subscriptionsStarted, CHANNEL_COLUMN.subscriptionsEnded],
  [CHANNEL_COLUMN.membersEntered, CHANNEL_COLUMN.membersLeft],
];

/** Counts everything that a worker left open as ended. */
export function settleCounters(counters: Counters): void {
  for (const [began, ended] of PAIRS) {
    counters.add(ended, counters.get(began) - counters.get(ended));
  }
  counters.set(COLUMN.heldBytes, 0);
}
