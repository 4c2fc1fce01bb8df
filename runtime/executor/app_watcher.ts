/**
 * Watches the files of an app (`--watch`).
 *
 * In: the files of a copy of the app. Out: a call when one of them has changed, been replaced, or come back. Packages in node_modules are not watched:
 * they change by the thousand, and take a reload by SIGHUP. Watches folders, because editors put a new file in the place of the old one.
 */

import { dirname } from "@std/path/posix/dirname";

/** Milliseconds of silence after which a change counts: an editor writes in several steps, and a checkout changes many files. */
const QUIET = 100;

/** The events of a watcher. */
export interface AppWatcherParts {
  /** A file of the app has changed. */
  changed(): void;
  /** A warning for the operator. */
  warn(text: string): void;
}

/** Watches one app. */
export class AppWatcher implements Disposable {
  readonly #parts: AppWatcherParts;
  #paths: ReadonlySet<string> = new Set();
  #folders = "";
  #watcher: Deno.FsWatcher | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: AppWatcherParts) {
    this.#parts = parts;
  }

  /** Watches these files from now on, and no others. */
  watch(paths: Iterable<string>): void {
    this.#paths = new Set([...paths].filter((path) => !path.includes("/node_modules/")));
    const folders = [...new Set([...this.#paths].map((path) => dirname(path)))].sort();
    if (folders.join("\n") === this.#folders) return;
    this.#watcher?.close();
    this.#folders = folders.join("\n");
    try {
      this.#watcher = Deno.watchFs(folders, { recursive: false });
      void this.#follow(this.#watcher);
    } catch (error) {
      this.#watcher = undefined;
      this.#parts.warn(
        `--watch: changes are not noticed: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  async #follow(watcher: Deno.FsWatcher): Promise<void> {
    for await (const { kind, paths } of watcher) {
      if (kind === "access" || !paths.some((path) => this.#paths.has(path))) continue;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#parts.changed(), QUIET);
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
