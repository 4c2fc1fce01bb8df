/**
 * Counts the limits that peers exceed, for the metrics.
 *
 * In: the stable code of a ProtocolError. Out: one more in the column of the exceeded limit; most errors
 * exceed no limit and are not counted here.
 */

import { COLUMN, type Column, type Counters } from "../../ring/mod.ts";

const COLUMNS: ReadonlyMap<string, Column> = new Map([
  ["HTTP_REQUEST_LINE_TOO_LONG", COLUMN.limitRequestLine],
  ["HTTP_HEAD_TOO_LARGE", COLUMN.limitHead],
  ["HTTP_TRAILERS_TOO_LARGE", COLUMN.limitHead],
  ["HTTP_TOO_MANY_FIELDS", COLUMN.limitFields],
  ["HTTP_BODY_TOO_LARGE", COLUMN.limitBody],
  ["WS_MESSAGE_TOO_BIG", COLUMN.limitMessage],
  ["WS_TOO_MANY_FRAGMENTS", COLUMN.limitFragments],
]);

/** Counts an error in the column of the limit that it exceeds, if any. */
export function countLimit(counters: Counters, code: string): void {
  const column = COLUMNS.get(code);
  if (column !== undefined) counters.add(column, 1);
}
