/**
 * The copy of the app that all workers run, and how a newer one takes its place.
 *
 * In: the config, and the threads. Out: the copy for the start of a worker, also of one that replaces a dead one. A newer copy is loaded
 * by all workers before any uses it; if one cannot, or the files cannot be read, all keep the old one.
 */

import type { Config } from "../config/mod.ts";
import type { AppSource } from "../thread/mod.ts";
import { readAppOf } from "./app_reader.ts";
import { AppWatcher, type AppWatcherParts } from "./app_watcher.ts";
import type { Thread } from "./thread_handle.ts";

/** The app of a server. */
export class AppCopy implements Disposable {
  readonly #config: Pick<Config, "app">;
  #source: AppSource;
  #watcher: AppWatcher | undefined;
  #reloading: Promise<unknown> = Promise.resolve();

  private constructor(config: Pick<Config, "app">, source: AppSource) {
    this.#config = config;
    this.#source = source;
  }

  /** Reads the app; null: there is none. @throws {AppError} */
  static async read(config: Pick<Config, "app">): Promise<AppCopy | null> {
    const source = await readAppOf(config);
    return source === undefined ? null : new AppCopy(config, source);
  }

  /** What workers run. */
  get source(): AppSource {
    return this.#source;
  }

  /** Watches its files from now on. */
  watch(parts: AppWatcherParts): void {
    this.#watcher = new AppWatcher(parts);
    this.#watcher.watch(this.#source.files.keys());
  }

  /** Makes all workers use a fresh copy, one reload after the other. The answer is why they cannot, if they cannot. */
  reload(threads: () => readonly Thread[]): Promise<string | undefined> {
    const reloaded = this.#reloading.then(() => this.#reload(threads()));
    this.#reloading = reloaded;
    return reloaded;
  }

  async #reload(threads: readonly Thread[]): Promise<string | undefined> {
    let source: AppSource;
    try {
      source = (await readAppOf(this.#config))!; // there was one at the start, and --app takes a restart
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    // What was repaired may be in a file that the old copy does not have.
    this.#watcher?.watch([...this.#source.files.keys(), ...source.files.keys()]);
    const faults = await Promise.all(
      threads.map((thread) => thread.order({ type: "load app", source })),
    );
    const fault = faults.find((each) => each !== undefined);
    const next = fault === undefined ? "use app" as const : "drop app" as const;
    if (fault === undefined) this.#source = source;
    await Promise.all(threads.map((thread) => thread.order({ type: next })));
    if (fault === undefined) this.#watcher?.watch(source.files.keys());
    return fault;
  }

  [Symbol.dispose](): void {
    this.#watcher?.[Symbol.dispose]();
  }
}
