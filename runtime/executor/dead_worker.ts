/**
 * The counters of a worker that died.
 *
 * In: its counters, which have no other writer now. Out: what it left open is counted as closed, and what it held as free.
 */

import { COLUMN, type Column, type Counters } from "../ring/mod.ts";

/** Beginnings and their ends. */
const PAIRS: readonly (readonly [began: Column, ended: Column])[] = [
  [COLUMN.connectionsOpened, COLUMN.connectionsClosed],
  [COLUMN.webSocketsOpened, COLUMN.webSocketsClosed],
  [COLUMN.bytesQueued, COLUMN.bytesUnqueued],
];

/** Corrects the counters of a dead worker. */
export function countDeadWorker(counters: Counters): void {
  for (const [began, ended] of PAIRS) {
    counters.add(ended, counters.get(began) - counters.get(ended));
  }
  counters.set(COLUMN.heldBytes, 0);
}
