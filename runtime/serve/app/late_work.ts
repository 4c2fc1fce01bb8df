/**
 * Work of an app that goes on after the answer: what its `fetch` gives to `waitUntil` of its third argument, as on Cloudflare.
 *
 * In: promises. Out: a failure is reported; the app's `stop` is called after all of them, also that of an old copy. There is one for the
 * life of a worker: it knows nothing of single requests.
 */

/** The third argument of `fetch`. */
export interface FetchContext {
  /** Lets work go on after the answer: the app is not told to stop before. */
  waitUntil(promise: unknown): void;
  /** Changes nothing: there is no other server to pass a request to. */
  passThroughOnException(): void;
}

/** What goes on in one worker. */
export class LateWork {
  readonly #pending = new Set<Promise<void>>();
  /** What the app gets. Its functions need no `this`. */
  readonly context: FetchContext;

  /** @param report counts an error of the app, and tells the operator */
  constructor(report: (what: string, error: unknown) => void) {
    const failed = (error: unknown) => report("what waitUntil was given", error);
    this.context = {
      waitUntil: (promise) => {
        const work = Promise.resolve(promise).then(() => {}, failed);
        this.#pending.add(work);
        void work.then(() => this.#pending.delete(work));
      },
      passThroughOnException: () => {},
    };
  }

  /** Fulfilled when nothing goes on any more, of what has begun before. */
  async ended(): Promise<void> {
    await Promise.all(this.#pending);
  }
}
