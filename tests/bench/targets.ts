/**
 * The targets against each peer.
 *
 * In: a row and a peer. Out: the highest allowed ratio of our CPU per request to the peer's; lower is
 * better. Used for the marks in the report. A missed target never fails a run, because figures from a
 * shared machine are noisy.
 */

import { EARLIER } from "./peers/earlier_executable.ts";
import type { Row } from "./rows.ts";

interface Target {
  readonly peer: string;
  /** Matches the ids of the rows to which the target applies. */
  readonly rows: RegExp;
  readonly atMost: number;
}

const HTTP = /^(?!ws-|file-|tls-)/;
const HTTP_KEPT_ALIVE = /^(?!ws-|file-|tls-|close$)/;
const WEBSOCKET = /^ws-/;

const TARGETS: readonly Target[] = [
  { peer: EARLIER, rows: /^/, atMost: 1.03 },
  { peer: "nginx", rows: /^file-1k$/, atMost: 1 },
  { peer: "nginx", rows: /^file-/, atMost: 1.1 },
  { peer: "deno-tls", rows: /^tls-/, atMost: 0.8 },
  { peer: "nginx", rows: HTTP_KEPT_ALIVE, atMost: 0.9 },
  { peer: "nginx", rows: /^close$/, atMost: 1 },
  { peer: "bun-static", rows: HTTP, atMost: 1 },
  { peer: "bun", rows: HTTP, atMost: 0.7 },
  { peer: "bun", rows: WEBSOCKET, atMost: 1 },
  { peer: "deno", rows: HTTP, atMost: 0.65 },
  { peer: "deno", rows: WEBSOCKET, atMost: 0.6 },
  { peer: "node-ws", rows: WEBSOCKET, atMost: 0.4 },
];

/** The target ratio, or undefined if there is none. */
export function targetOf(row: Pick<Row, "id">, peerId: string): number | undefined {
  return TARGETS.find((target) => target.peer === peerId && target.rows.test(row.id))?.atMost;
}
