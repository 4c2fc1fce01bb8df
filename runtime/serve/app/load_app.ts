/**
 * Loads an app into this thread: runs its modules, and takes the parts of its default export.
 *
 * In: the app as the main thread has read it. Out: its parts, or a StartRefusal that says what is wrong and where. Called in each worker at
 * its start, and for each reload, which runs a fresh copy.
 */

import { type AppSource, inTime, LATE, StartRefusal } from "../../thread/mod.ts";
import { type AppModule, appParts, ShapeError } from "./app_parts.ts";
import { loadFault } from "./load_fault.ts";
import { ModuleRunner } from "./module_runner.ts";

/** Milliseconds that the top level of an app may take, with all its `await`s. */
const LOAD_TIME = 10_000;

/** A loaded app. */
export interface LoadedApp {
  readonly module: AppModule;
  /** What the operator should know about it, one line each. */
  readonly warnings: readonly string[];
}

/** Loads it. @throws {StartRefusal} */
export async function loadApp(source: AppSource, loadTime = LOAD_TIME): Promise<LoadedApp> {
  // Loaded only if the app imports what was not known when it was read.
  const further = async () => (await import("../app_source/mod.ts")).furtherFiles();
  const runner = new ModuleRunner(source, further);
  try {
    const exports = await inTime(runner.run(source.entry), loadTime);
    if (exports !== LATE) return appParts(exports, source.entry);
    const seconds = loadTime / 1000;
    const reason = `its top level has not ended after ${seconds} s: an await there never ends`;
    throw new ShapeError(runner.current, `${reason}; do such work in start(), or later`);
  } catch (error) {
    throw new StartRefusal(`cannot load --app ${source.name}: ${await loadFault(error, source)}`);
  }
}
