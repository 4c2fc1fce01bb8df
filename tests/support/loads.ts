/**
 * The threads of loading_thread.ts as they load: how many have begun, and when they may go on.
 */

/** Where loading_thread.ts is. */
export const LOADING_THREAD: URL = new URL("./loading_thread.ts", import.meta.url);

/** Threads that load wait for {@link Loads.goOn}, unless they may go on at once. */
export class Loads implements Disposable {
  /** How many threads have begun to load. */
  begun = 0;
  atOnce = true;
  readonly #channel = new BroadcastChannel("loading-thread");

  constructor() {
    this.#channel.onmessage = () => {
      this.begun++;
      if (this.atOnce) this.goOn();
    };
  }

  /** All that wait now. */
  goOn(): void {
    this.#channel.postMessage("go on");
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}
