/**
 * The memory that the threads share: a ring of tasks for any idle worker, an inbox for each worker, counters,
 * the parked and alive flags, and the owner of each descriptor. All of this is in one SharedArrayBuffer. Log
 * lines, the keys of session tickets and the addresses of OpenSSL's objects have memory of their own. Nothing
 * waits, except for the lock of the address table, and nothing outside this folder is imported.
 *
 * ```ts
 * import { createSharedState, openSharedState, TASK_FIELD, TASK_KIND, TASK_WORDS } from "./mod.ts";
 *
 * const memory = createSharedState({ workers: 2 }); // main thread; then postMessage(memory)
 * const state = openSharedState(memory); // each thread
 *
 * const task = new Int32Array(TASK_WORDS); // the acceptor
 * task[TASK_FIELD.kind] = TASK_KIND.connection;
 * task[TASK_FIELD.descriptor] = 7;
 * if (!state.taskRing.push(task)) console.log("full: try again later");
 * const sleeper = state.flags.takeParked(0);
 * if (sleeper >= 0) console.log("ring the eventfd of worker", sleeper);
 *
 * while (state.taskRing.pop(task)) console.log("serve", task[TASK_FIELD.descriptor]); // a worker
 * ```
 *
 * flags.ts explains how a worker parks without missing a task; layout.ts has the layout.
 *
 * @module
 */
export {
  API_ERROR_COLUMNS,
  CHANNEL_COLUMN,
  CLIENT_ERROR_COLUMNS,
  DISCONNECT_COLUMNS,
} from "./channel_columns.ts";
export { COLUMN, type Column, Counters, HISTOGRAM, type Histogram } from "./counters.ts";
export type { Flags } from "./flags.ts";
export { Inbox, type InboxSink } from "./inbox.ts";
export { INBOX_HEADER_BYTES } from "./layout.ts";
export { LATENCY_BOUNDS, LATENCY_BUCKETS } from "./latency.ts";
export { digitsOf, type LinesDropped, LogBuffer, writeDigits } from "./log_buffer.ts";
export { LogControl } from "./log_control.ts";
export { createLogMemory } from "./log_layout.ts";
export { LogReader, logReadersOf } from "./log_reader.ts";
export { createTicketKeys, TICKET_KEY_BYTES, TicketKeys } from "./ticket_keys.ts";
export { createPointerTable, PointerTable } from "./pointer_table.ts";
export {
  createSharedState,
  openSharedState,
  SharedState,
  type SharedStateOptions,
} from "./shared_state.ts";
export { TASK_FIELD, TASK_KIND, TASK_WORDS } from "./task_ring.ts";
