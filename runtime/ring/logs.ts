/**
 * The parts of this folder that the thread of a log needs, which reads the lines of the other threads. For modules that
 * such a thread loads, because every module costs time and memory in each thread that loads it; all other modules import
 * mod.ts.
 *
 * ```ts
 * import { logReadersOf } from "./logs.ts";
 * import { createLogMemory } from "./log_layout.ts";
 * console.log(logReadersOf(createLogMemory(2)).length); // 2
 * ```
 *
 * @module
 */

export { LogControl } from "./log_control.ts";
export { type LogReader, logReadersOf } from "./log_reader.ts";
