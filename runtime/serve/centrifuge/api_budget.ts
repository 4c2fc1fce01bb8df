/**
 * What one request of the HTTP API may do, whatever its batch says: it is carried out in one turn of a worker that has clients.
 *
 * In: each publication, and the bytes of each answer. Out: whether there may be more; the rest of a batch is answered with error 106.
 */

import type { ChannelLimits } from "../../config/mod.ts";

/** The longest histories that one request may read. */
const READINGS = 16;
/** What reading costs at least. */
const READING_BYTES = 16 * 1024;

/** The budget of one request. */
export class ApiBudget {
  #publications: number;
  #bytes: number;

  constructor({ apiCommands, historyBytes }: Pick<ChannelLimits, "apiCommands" | "historyBytes">) {
    this.#publications = apiCommands;
    this.#bytes = READINGS * historyBytes;
  }

  /** Whether something may be read. */
  get mayRead(): boolean {
    return this.#bytes > 0;
  }

  /** Counts a publication; returns whether it may be one more. */
  takePublication(): boolean {
    return this.#publications-- > 0;
  }

  /** Counts what was read. */
  spend(bytes: number): void {
    this.#bytes -= READING_BYTES + bytes;
  }
}
