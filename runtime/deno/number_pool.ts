/**
 * Numbers for connections that have no descriptor, as Deno's: in the log, and in the shared tables.
 *
 * Each open connection of the server has one of its own; a closed one's is given again, the last first,
 * so that numbers stay as small as descriptors do. Worker `w` of `n` gives w, w + n, w + 2n …
 *
 * In: the worker's number, and the numbers of connections that were closed. Out: a number for each new one.
 */
export class NumberPool {
  readonly #free: number[] = [];
  readonly #step: number;
  #next: number;

  /** @param worker the number of this worker, of so many */
  constructor(worker: number, workers: number) {
    this.#next = worker;
    this.#step = workers;
  }

  /** A number that no open connection has. */
  take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const taken = this.#next;
    this.#next += this.#step;
    return taken;
  }

  /** The connection of this number is closed. */
  give(number: number): void {
    this.#free.push(number);
  }
}
