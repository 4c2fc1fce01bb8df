/**
 * The threads of loading_thread.ts as they load: how many have begun, and when they may go on.
 *
 * In: threads that connect when they begin to load, to a port that they find in the environment. Out: their count; each
 * goes on when its connection ends. (A BroadcastChannel would do, but on Deno 2.4 that takes a flag.)
 */

/** Where loading_thread.ts is. */
export const LOADING_THREAD: URL = new URL("./loading_thread.ts", import.meta.url);

/** The variable that has the port. */
export const LOADS_PORT = "TEST_LOADS_PORT";

/** Threads that load wait for {@link Loads.goOn}, unless they may go on at once. */
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

  /** All that wait now. */
  goOn(): void {
    for (const connection of this.#waiting.splice(0)) connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    this.goOn();
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      this.#waiting.push(connection);
      this.begun++;
      if (this.atOnce) this.goOn();
    }
  }
}
