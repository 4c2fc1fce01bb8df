/**
 * Reads the app for all workers, in the main thread: once at the start, and again for each reload.
 *
 * In: the config. Out: the app's modules, or an AppError with a line for the operator. Loads what transforms them only if there is an app.
 */

import type { Config } from "../config/mod.ts";
import type { AppSource } from "../thread/mod.ts";
import { AppError } from "./app_error.ts";

/** The app; undefined: the config has none. @throws {AppError} */
export async function readAppOf({ app }: Pick<Config, "app">): Promise<AppSource | undefined> {
  if (app === undefined) return undefined;
  const { readApp } = await import("../serve/app_source/mod.ts");
  try {
    return await readApp(app.file);
  } catch (error) {
    // Of its source, or of the file system, as a loop of links.
    if (!(error instanceof Error)) throw error;
    throw new AppError(`cannot load --app ${app.file}: ${error.message}`);
  }
}
