/**
 * Numbers that stand for descriptors in the log and in the shared tables, since Deno does not tell a
 * connection's descriptor.
 *
 * Each open connection of the server has a number of its own. The number of a closed connection is reused, the
 * last closed first, so that numbers stay as small as descriptors do. Worker `w` of `n` uses w, w + n, w + 2n …
 *
 * In: the worker's number, and the numbers of connections that were closed. Out: a number for each new
 * connection.
 */
export class NumberPool {
  readonly #free: number[] = [];
  readonly #step: number;
  #next: number;

  /** @param worker the number of this worker, of `workers` */
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
