/**
 * Loads the app's file into this thread, and checks what it exports.
 *
 * In: the file's name. Out: its default export, or a StartRefusal that says what is wrong with it and where. Called in each worker at
 * its start, and again for each reload, which loads a fresh copy of the file.
 */

import { toFileUrl } from "@std/path/posix/to-file-url";
import { resolve } from "@std/path/posix/resolve";
import { StartRefusal } from "../../thread/mod.ts";
import type { AppModule } from "./app_module.ts";

/** Loads it. @throws {StartRefusal} */
export async function loadApp(file: string): Promise<AppModule> {
  const url = toFileUrl(resolve(Deno.cwd(), file));
  try {
    const { default: app } = await import(url.href);
    return app;
  } catch (error) {
    throw new StartRefusal(`--app ${file}: ${error instanceof Error ? error.message : error}`);
  }
}
