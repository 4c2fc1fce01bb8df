/**
 * The limits of a new connection: how many there may be in all, and from one address.
 *
 * In: an accepted connection as a task, and how many are open. Out: why it is refused, or undefined. Used by every
 * thread that accepts. Refusing it is the caller's job, and so is telling the address table that it has left.
 */

import { COLUMN, type Counters, type SharedState, TASK_FIELD } from "../ring/mod.ts";

/** The limits; see runtime/config/limits.ts. */
export interface AdmissionLimits {
  readonly connections: number;
  /** 0: no such limit. */
  readonly connectionsPerAddress: number;
}

/** Decides on new connections, for one accepting thread. */
export class Admission {
  readonly #state: SharedState;
  readonly #counters: Counters;
  readonly #limits: AdmissionLimits;

  /** @param counters those of the accepting thread */
  constructor(state: SharedState, counters: Counters, limits: AdmissionLimits) {
    this.#state = state;
    this.#counters = counters;
    this.#limits = limits;
  }

  /**
   * Why a limit refuses this connection, or undefined. Counts it by its address.
   *
   * @param open how many others are open
   */
  reasonToRefuse(task: Int32Array, open: number): string | undefined {
    const { connections, connectionsPerAddress } = this.#limits;
    if (open >= connections) {
      return `the limit of ${connections} connections is reached (--max-connections)`;
    }
    const [descriptor, family] = [task[TASK_FIELD.descriptor]!, task[TASK_FIELD.family]!]; // TASK_WORDS of them
    // Without a family the address is not known: such connections do not count as those of one address.
    if (connectionsPerAddress === 0 || family === 0) return undefined;
    const { addresses, flags } = this.#state;
    const count = flags.whileEntering(() =>
      addresses.enter(descriptor, family, task, TASK_FIELD.address)
    );
    if (count <= connectionsPerAddress) return undefined;
    this.#counters.add(COLUMN.refusedByAddress, 1);
    return `an address has reached its limit of ${connectionsPerAddress} connections (--max-connections-per-address)`;
  }

  /**
   * The open connections of all workers, and those on the ring. Workers that accept at the same moment may each
   * miss the others' connection.
   */
  openConnections(): number {
    const { workers, taskRing } = this.#state;
    let open = taskRing.size();
    for (let worker = 0; worker < workers; worker++) {
      open += this.#state.counters(worker).openConnections;
    }
    return open;
  }
}

/** The warning for the operator that nothing can be accepted for now. */
export function cannotAccept(reason: string): string {
  return `cannot accept: ${reason}; trying again as connections close`;
}

/** The warning for the operator that connections are refused, for a reason of {@link Admission}. */
export function refusing(reason: string): string {
  return `${reason}: refusing more with 503`;
}
