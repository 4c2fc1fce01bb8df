/**
 * One kind of load that runs until it is stopped.
 *
 * In: a kind (a number of clients, and a function for one round), a server, a signal. Out: the number of
 * rounds and of faults, and the text of the last fault. A round that throws counts as a fault of the
 * server. Clients never give up, so that later faults are found too.
 */

import type { Endpoint } from "../support/http_client.ts";
import { Random } from "../support/random.ts";

/** A kind of load. */
export interface LoadKind {
  readonly name: string;
  /** Concurrent clients. */
  readonly clients: number;
  /** Milliseconds between two rounds of a client, so that the load does not use the whole machine. */
  readonly pause: number;
  /** Runs one round, from connect to close. @throws {Error} if the server answers wrongly */
  round(server: Endpoint, random: Random): Promise<void>;
}

/** A running load. */
export class Load {
  /** Rounds that succeeded. */
  rounds = 0;
  /** Rounds that threw. */
  faults = 0;
  /** The text of the last error. */
  lastFault = "";
  /** Resolves when, after the signal, every client has finished its last round. */
  readonly ended: Promise<unknown>;
  readonly kind: LoadKind;

  /** Starts the load. @param seed the seed of its random numbers */
  constructor(kind: LoadKind, options: { server: Endpoint; signal: AbortSignal; seed: number }) {
    this.kind = kind;
    const clients = Array.from({ length: kind.clients }, (_, i) => {
      return this.#client(options.server, options.signal, new Random(options.seed + i));
    });
    this.ended = Promise.all(clients);
  }

  async #client(server: Endpoint, signal: AbortSignal, random: Random): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.kind.round(server, random);
        this.rounds++;
      } catch (error) {
        this.faults++;
        this.lastFault = String(error);
      }
      await new Promise((resolve) => setTimeout(resolve, this.kind.pause));
    }
  }
}
