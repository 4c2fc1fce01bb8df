/**
 * The acceptor thread: accept4, the task ring, and the doorbell of one idle worker.
 *
 * ```ts
 * import type { AcceptorParts } from "./mod.ts";
 * const sleep: AcceptorParts["sleep"] = () => {};
 * sleep(20);
 * ```
 *
 * @module
 */

export { Acceptor, type AcceptorParts } from "./acceptor.ts";
export { ConnectionTask } from "./connection_task.ts";
