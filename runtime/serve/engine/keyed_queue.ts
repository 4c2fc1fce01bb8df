/**
 * Runs what concerns the same thing one after another, and everything else at the same time.
 *
 * In: a key and an action. Out: its result. An action that fails does not keep back the next one.
 */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs an action behind those of the same key. */
  run<Result>(key: string, action: () => Promise<Result>): Promise<Result> {
    const before = this.#tails.get(key);
    const result = before === undefined ? action() : before.then(action, action);
    this.#tails.set(key, result);
    const end = () => {
      if (this.#tails.get(key) === result) this.#tails.delete(key);
    };
    result.then(end, end);
    return result;
  }
}
