/**
 * The targets against each peer.
 *
 * In: a row and a peer. Out: the highest allowed ratios of our figures to the peer's: CPU per request, p99, p99.9 and the bytes of
 * a message; lower is better. And the lowest allowed ratio of what is done in a second. Used for the marks in the report. A missed target never fails a run, because
 * figures from a shared machine are noisy.
 */

import { LIBRARY } from "./engine_rows.ts";
import { C_LOOP } from "./peers/c_loop.ts";
import { PLAIN } from "./peers/async_deno_plain.ts";
import { EARLIER } from "./peers/earlier_executable.ts";
import type { Row } from "./rows.ts";

/** The highest allowed ratios. */
export interface Target {
  /** CPU per request. */
  readonly cpu?: number;
  readonly p99?: number;
  readonly p999?: number;
  /** Bytes that a subscriber receives for a message. */
  readonly wireBytes?: number;
  /** The lowest allowed ratio of requests a second. */
  readonly rate?: number;
}

interface Rule extends Target {
  /** Matches the ids of the peers. */
  readonly peer: RegExp;
  /** Matches the ids of the rows. */
  readonly rows: RegExp;
}

const NGINX = /^nginx$/;
const KEPT_SMALL = /^(keep-alive-64|browser)$/;
const APP_WAITS = /^app-(await|timer)$/;
const OWN_TARGETS = "app-|fan-out-|channels-|publish|ws-|file-|tls-|cold-|rate-|crowded|access-log";
const CHANNELS = /^(fan-out-|channels-|publish)/;
const HTTP = new RegExp(`^(?!${OWN_TARGETS})`);
const HTTP_KEPT_ALIVE = new RegExp(`^(?!${OWN_TARGETS}|close$)`);
const WEBSOCKET = /^ws-/;

/** The first rule that matches a row and a peer is the target. */
const RULES: readonly Rule[] = [
  { peer: new RegExp(`^${EARLIER}$`), rows: /^/, cpu: 1.03 },
  { peer: new RegExp(`^${LIBRARY}$`), rows: /-publish/, rate: 0.7 },
  { peer: new RegExp(`^(?!${C_LOOP}$)`), rows: /^rate-/, cpu: 1, p99: 1, p999: 1 },
  { peer: new RegExp(`^${C_LOOP}$`), rows: KEPT_SMALL, cpu: 1.08 },
  { peer: NGINX, rows: KEPT_SMALL, cpu: 0.95, p99: 1 },
  { peer: NGINX, rows: /^cold-keep-alive-64$/, cpu: 1.15, p99: 1.5 },
  { peer: NGINX, rows: /^crowded$/, cpu: 1, p99: 1.2 },
  { peer: /^nginx/, rows: /^access-log$/, cpu: 0.95, p99: 1 },
  // With io_uring; without it 1.1, and no target for p99.
  { peer: NGINX, rows: /^close$/, cpu: 0.95, p99: 0.6 },
  { peer: NGINX, rows: /^file-1k$/, cpu: 1 },
  { peer: NGINX, rows: /^file-/, cpu: 1.1 },
  { peer: NGINX, rows: /^tls-keep-alive$/, cpu: 0.95, p99: 1 },
  { peer: NGINX, rows: /^tls-file-100k$/, cpu: 0.75, p99: 1 },
  { peer: NGINX, rows: /^tls-file-100m$/, cpu: 0.85, p99: 1 },
  { peer: NGINX, rows: /^tls-(handshake|resumed)$/, cpu: 1.25, p99: 1 },
  { peer: NGINX, rows: HTTP_KEPT_ALIVE, cpu: 0.9 },
  { peer: new RegExp(`^${PLAIN}$`), rows: /^fan-out-deflate-/, cpu: 1.1, wireBytes: 0.4 },
  { peer: new RegExp(`^${PLAIN}$`), rows: /^fan-out-delta-/, cpu: 1.1, wireBytes: 0.05 },
  { peer: /^(bun|node-ws)$/, rows: /^fan-out-deflate-/, cpu: 0.3, p99: 1 },
  // With io_uring; with send alone 1.
  { peer: /^(bun|uws)$/, rows: /^fan-out-.*-(one|16)$/, cpu: 0.6, p99: 1 },
  { peer: /^(bun|uws|node-ws|nchan)$/, rows: CHANNELS, cpu: 1, p99: 1 },
  { peer: /^deno$/, rows: APP_WAITS, cpu: 1.1 },
  { peer: /^deno$/, rows: /^app-/, cpu: 1 },
  { peer: /^bun$/, rows: /^app-/, cpu: 0.85 },
  { peer: /^bun-static$/, rows: HTTP, cpu: 1 },
  { peer: /^bun$/, rows: HTTP, cpu: 0.7 },
  { peer: /^bun$/, rows: /^ws-(16|1k)$/, cpu: 0.95, p99: 1 },
  { peer: /^bun$/, rows: WEBSOCKET, cpu: 1 },
  { peer: /^deno$/, rows: KEPT_SMALL, cpu: 0.75 },
  { peer: /^deno$/, rows: HTTP, cpu: 0.65 },
  { peer: /^deno$/, rows: WEBSOCKET, cpu: 0.6 },
  { peer: /^deno-tls$/, rows: /^tls-/, cpu: 0.8 },
  { peer: /^node-ws$/, rows: WEBSOCKET, cpu: 0.4 },
];

/** The target, or undefined if there is none. */
export function targetOf(row: Pick<Row, "id">, peerId: string): Target | undefined {
  return RULES.find((rule) => rule.peer.test(peerId) && rule.rows.test(row.id));
}
