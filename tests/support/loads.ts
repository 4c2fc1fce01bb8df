/**
 * Controls the threads of loading_thread.ts and loading_log_thread.ts: how many have begun to load, and when they may continue.
 *
 * In: threads that connect when they begin to load, to a port in the environment. Out: their count; each
 * continues when its connection ends. (A BroadcastChannel would do, but on Deno 2.4 it needs a flag.)
 */

/** The URL of loading_thread.ts. */
export const LOADING_THREAD: URL = new URL("./loading_thread.ts", import.meta.url);

/** The URL of loading_log_thread.ts. */
export const LOADING_LOG_THREAD: URL = new URL("./loading_log_thread.ts", import.meta.url);

/** The variable that holds the port. */
export const LOADS_PORT = "TEST_LOADS_PORT";

/** Loading threads wait for {@link Loads.continueAll}, unless they may continue at once. */
export class Loads implements AsyncDisposable {
  /** How many threads have begun to load. */
  begun = 0;
  atOnce = true;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #waiting: Deno.Conn[] = [];
  readonly #accepting = this.#accept();

  constructor() {
    Deno.env.set(LOADS_PORT, String(this.#listener.addr.port));
  }

  /** How many threads wait for {@link Loads.continueAll}. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Lets all waiting threads continue. */
  continueAll(): void {
    for (const connection of this.#waiting.splice(0)) connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    this.continueAll();
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      this.#waiting.push(connection);
      this.begun++;
      if (this.atOnce) this.continueAll();
    }
  }
}
