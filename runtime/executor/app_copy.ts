/**
 * The copy of the app that all workers run, and how a newer one takes its place.
 *
 * In: the first copy, the config, and the threads. Out: the copy for the start of a worker, and reloads: one worker loads the newer copy
 * first, then the others do, and when all have, they use it. If one cannot, or the files cannot be read, all keep the old one. Knows
 * which copy each thread uses: one that was left out, because it was blocked or was starting, gets the current copy afterwards. No
 * step waits for ever.
 */

import type { Config } from "../config/mod.ts";
import { errorMessage } from "../error_message.ts";
import { type AppSource, OneByOne } from "../thread/mod.ts";
import { readAppOf } from "./app_reader.ts";
import { AppWatcher, type AppWatcherParts } from "./app_watcher.ts";
import type { Thread } from "./thread_handle.ts";
import { LEFT_OUT, orderUnlessBlocked } from "./unless_blocked.ts";

/** Milliseconds that a copy may block the thread of a worker while it is loaded. */
const LONGEST_BLOCK = 10_000;
/** Milliseconds for everything but its `start`, after which the worker is given up. */
const LOAD_TIME = 60_000;

/** What it needs of the executor. */
export interface AppCopyParts {
  readonly config: Pick<Config, "app">;
  /** The copy that the server starts with. */
  readonly source: AppSource;
  /** The current workers. */
  readonly threads: readonly Thread[];
  warn(text: string): void;
  inform(text: string): void;
}

/** The app of a server. */
export class AppCopy implements Disposable {
  readonly #parts: AppCopyParts;
  #source: AppSource;
  #watcher: AppWatcher | undefined;
  readonly #steps = new OneByOne();
  // What each thread was started with, or uses since.
  readonly #used = new WeakMap<Thread, AppSource>();
  #isDue = false;

  constructor(parts: AppCopyParts) {
    this.#parts = parts;
    this.#source = parts.source;
  }

  /** What a thread is to be started with. */
  sourceFor(thread: Thread): AppSource {
    this.#used.set(thread, this.#source);
    return this.#source;
  }

  /** Whether a reload waits for a worker that serves. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** Watches its files from now on. */
  watch(parts: AppWatcherParts): void {
    this.#watcher = new AppWatcher(parts);
    this.#watcher.watch(pathsOf(this.#source), this.#source.readAt);
  }

  /** Makes all workers use a fresh copy. The answer is why they cannot, if they cannot. */
  reload(): Promise<string | undefined> {
    return this.#steps.do(() => this.#reload());
  }

  /** Makes a thread that has started, or has returned to its event loop, use the current copy. */
  update(thread: Thread): Promise<void> {
    return this.#steps.do(() => this.#update(thread));
  }

  async #reload(): Promise<string | undefined> {
    this.#isDue = false;
    let source: AppSource;
    try {
      source = (await readAppOf(this.#parts.config))!; // there was one at the start, and --app takes a restart
    } catch (error) {
      return errorMessage(error);
    }
    // What was repaired may be in a file that the old copy does not have.
    this.#watcher?.watch([...pathsOf(this.#source), ...pathsOf(source)], source.readAt);
    const loaded = await this.#loadEverywhere(source);
    if (typeof loaded === "string") return loaded;
    this.#source = source;
    await Promise.all(loaded.map((thread) => this.#use(thread, source)));
    this.#watcher?.watch(pathsOf(source), source.readAt);
    for (const thread of [...this.#parts.threads]) await this.#update(thread);
    return undefined;
  }

  /** The threads that have loaded a copy, or why it cannot be used. */
  async #loadEverywhere(source: AppSource): Promise<Thread[] | string> {
    const [first, ...others] = this.#parts.threads.filter((thread) => canLoad(thread));
    if (first === undefined) {
      this.#isDue = true;
      return "no worker can load a newer one now, as their app blocks them; it is loaded when one serves again";
    }
    // A copy that blocks its thread, or ends it, does that to one worker.
    const fault = await this.#load(first, source);
    if (fault === LEFT_OUT) {
      return `${first.name} was blocked when it had to load a newer one, and still is: its top level or its start() ` +
        "computes without an end, or a handler does";
    }
    if (first.hasEnded) return `${first.name} died while it loaded a newer one`;
    if (fault !== undefined) return fault;
    const faults = await Promise.all(others.map((thread) => this.#load(thread, source)));
    const loaded = [first, ...others.filter((_, i) => faults[i] === undefined)];
    const found = faults.find((each) => typeof each === "string");
    if (found === undefined) return loaded;
    for (const thread of loaded) void thread.order({ type: "drop app" });
    return found;
  }

  async #load(thread: Thread, source: AppSource): Promise<string | undefined | typeof LEFT_OUT> {
    const startTime = this.#parts.config.app?.startTimeout ?? 0;
    // The worker has limits of its own for both steps, and says which one was exceeded.
    const patience = { blocked: LONGEST_BLOCK, longest: startTime + LOAD_TIME };
    const answer = await orderUnlessBlocked(thread, { type: "load app", source }, patience);
    // If it ever returns, it has loaded what nobody wants any more.
    if (answer === LEFT_OUT) void thread.order({ type: "drop app" });
    return answer;
  }

  /** A thread that has become blocked does it when it returns. */
  async #use(thread: Thread, source: AppSource): Promise<void> {
    this.#used.set(thread, source);
    const fault = await orderUnlessBlocked(thread, { type: "use app" });
    if (typeof fault === "string") this.#used.delete(thread);
  }

  async #update(thread: Thread): Promise<void> {
    const source = this.#source;
    if (!thread.isServing || this.#used.get(thread) === source) return;
    const { inform, warn } = this.#parts;
    const fault = thread.isBlocked ? LEFT_OUT : await this.#load(thread, source);
    if (thread.hasEnded) return;
    if (fault === LEFT_OUT) {
      return inform(`${thread.name} is blocked and gets the newer copy of the app when it is back`);
    }
    if (fault !== undefined) return warn(`${thread.name} keeps an old copy of the app: ${fault}`);
    await this.#use(thread, source);
    inform(`${thread.name} uses the current copy of the app, too`);
  }

  [Symbol.dispose](): void {
    this.#watcher?.[Symbol.dispose]();
  }
}

/** Its files; one may be several modules. */
function pathsOf({ files }: AppSource): string[] {
  return Array.from(files.values(), ({ path }) => path);
}

function canLoad(thread: Thread): boolean {
  return thread.isServing && !thread.isBlocked;
}
