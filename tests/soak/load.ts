/**
 * One kind of load that goes on until it is stopped.
 *
 * In: a kind (so many clients, one round of each), a server, a signal. Out: rounds, and faults with the
 * last one's text: a round that throws is a fault of the server's until it is explained. Clients never
 * give up, so that one fault does not end the load that would have shown the next.
 */

import type { Endpoint } from "../support/http_client.ts";
import { Random } from "../support/random.ts";

/** A kind of load. */
export interface LoadKind {
  readonly name: string;
  /** Clients at once. */
  readonly clients: number;
  /** Milliseconds between two rounds of a client; what they leave free, the server may show. */
  readonly pause: number;
  /** From a connect to its end. @throws {Error} when the server does wrong */
  round(server: Endpoint, random: Random): Promise<void>;
}

/** A load that runs. */
export class Load {
  /** Rounds that went well. */
  rounds = 0;
  /** Rounds that threw. */
  faults = 0;
  /** What the last of them threw. */
  lastFault = "";
  /** Fulfilled when every client has ended its last round after the signal. */
  readonly ended: Promise<unknown>;
  readonly kind: LoadKind;

  /** Starts it at once. @param seed of this load's randomness */
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
