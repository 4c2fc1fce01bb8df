/**
 * Watches the files of an app (`--watch`).
 *
 * In: the files of a copy of the app, and when they were read. Out: a call when one of them has changed since then, been replaced, or come
 * back. Packages in node_modules are not watched: they change by the thousand, and take a reload by SIGHUP. Watches folders, because
 * editors put a new file in the place of the old one; a folder may come back, too, as after `rm -rf dist && npm run build`.
 */

import { dirname } from "@std/path/posix/dirname";
import { errorMessage } from "../error_message.ts";
import { FileStatus, hasLibc, LinuxFiles, PortableFiles } from "../os/mod.ts";

/** Milliseconds of silence after which a change counts: an editor writes in several steps, and a checkout changes many files. */
const QUIET = 100;
/** Milliseconds between two looks whether a folder has come back: of that there is no event. */
const LOOK_INTERVAL = 500;
/** Milliseconds by which the kernel's time of a change may be behind the clock. */
const TIME_STEP = 10;

/** The events of a watcher. */
export interface AppWatcherParts {
  /** A file of the app has changed. Not called again before it has ended: all changes meanwhile are one, after it. */
  changed(): void | Promise<void>;
  /** A warning for the operator. */
  warn(text: string): void;
}

/** Watches one app. */
export class AppWatcher implements Disposable {
  readonly #parts: AppWatcherParts;
  #paths: ReadonlySet<string> = new Set();
  #folders: ReadonlySet<string> = new Set();
  #watcher: Deno.FsWatcher | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isTelling = false;
  #isDue = false;
  // While a folder is not there.
  #looking: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: AppWatcherParts) {
    this.#parts = parts;
  }

  /** Watches these files from now on, and no others, and notes what has changed since `readAt`: see AppSource. */
  watch(paths: Iterable<string>, readAt: number): void {
    this.#watchFolders(paths);
    // There are no events for changes between the reading and this moment.
    const now = Date.now();
    for (const path of this.#paths) {
      const changedAt = timeOfChange(path);
      // A time ahead of the clock says nothing, and would be noted after each reload.
      if (changedAt < readAt - TIME_STEP || changedAt > now) continue;
      return this.#noteChange();
    }
  }

  #watchFolders(paths: Iterable<string>): void {
    this.#paths = new Set([...paths].filter((path) => !path.includes("/node_modules/")));
    const folders = new Set([...this.#paths].map((path) => dirname(path)));
    const isSame = folders.size === this.#folders.size && folders.isSubsetOf(this.#folders);
    this.#folders = folders;
    if (!isSame) this.#open();
  }

  /** Watches the folders that there are, and waits for the others. */
  #open(): void {
    this.#close();
    const [there, absent]: [string[], string[]] = [[], []];
    for (const path of this.#folders) (isThere(path) ? there : absent).push(path);
    if (absent.length > 0) this.#lookFor(absent);
    if (there.length === 0) return;
    try {
      this.#watcher = Deno.watchFs(there, { recursive: false });
      this.#follow(this.#watcher).catch((error) => this.#warn(error));
    } catch (error) {
      this.#warn(error);
    }
  }

  #lookFor(absent: readonly string[]): void {
    this.#looking = setTimeout(() => {
      if (absent.some(isThere)) this.#openAgain();
      else this.#lookFor(absent);
    }, LOOK_INTERVAL);
  }

  /** A folder has gone, or has come back. */
  #openAgain(): void {
    this.#open();
    this.#noteChange();
  }

  async #follow(watcher: Deno.FsWatcher): Promise<void> {
    for await (const { kind, paths } of watcher) {
      if (kind === "access" || this.#watcher !== watcher) continue;
      const isGone = kind === "remove" || kind === "rename";
      if (isGone && paths.some((path) => this.#folders.has(path))) this.#openAgain();
      else if (paths.some((path) => this.#paths.has(path))) this.#noteChange();
    }
  }

  #warn(error: unknown): void {
    this.#parts.warn(
      `--watch: changes are not noticed: ${errorMessage(error)}`,
    );
  }

  #noteChange(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tell(), QUIET);
  }

  /** An app whose start takes longer than its editor from one change to the next is not loaded for each of them. */
  async #tell(): Promise<void> {
    this.#isDue = true;
    if (this.#isTelling) return;
    this.#isTelling = true;
    while (this.#isDue) {
      this.#isDue = false;
      await this.#parts.changed();
    }
    this.#isTelling = false;
  }

  #close(): void {
    clearTimeout(this.#looking);
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#isDue = false;
    this.#close();
  }
}

function isThere(path: string): boolean {
  return timeOfChange(path) > 0;
}

/** When a file was written or put in its place, in milliseconds since 1970; 0: it is not there. */
function timeOfChange(path: string): number {
  const files = hasLibc() ? new LinuxFiles() : new PortableFiles();
  const status = new FileStatus();
  if (files.statusOfPath(path, status) < 0) return 0;
  // Without libc the second one has whole seconds only: Deno cuts it.
  const written = status.modifiedSeconds * 1e3 + status.modifiedNanoseconds / 1e6;
  return Math.max(written, Number(status.changedNanoseconds) / 1e6);
}
