/**
 * Asks the main thread for the key set of tokens: this worker may not connect to its address, since its app may not.
 *
 * In: calls in place of fetch, and the main thread's answers. Out: a Response for each call. The main thread knows the address, so nobody
 * in this thread can make it fetch another one.
 */

import { type KeySetAnswer, postToMain } from "../thread/mod.ts";

/** The requests of one worker. */
export class KeySetRequests {
  #waiting: PromiseWithResolvers<Response>[] = [];

  /** In place of fetch, whose arguments are of no use here. */
  readonly fetch = (): Promise<Response> => {
    const waiting = Promise.withResolvers<Response>();
    // The answer to the first is that to all which come meanwhile.
    if (this.#waiting.push(waiting) === 1) postToMain({ type: "key set" });
    return waiting.promise;
  };

  /** The main thread has answered. */
  take(answer: KeySetAnswer): void {
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if ("fault" in answer) reject(new TypeError(answer.fault));
      else resolve(new Response(answer.text, { status: answer.status }));
    }
  }
}
