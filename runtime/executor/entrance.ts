/**
 * How connections come to the workers: the part of the executor that the two transports have apart.
 *
 * `NativeEntrance`: one listening descriptor, an acceptor thread, the task ring, doorbells.
 * `DenoEntrance`: each worker listens by itself.
 */

import type { Config } from "../config/mod.ts";
import type { SharedState } from "../ring/mod.ts";
import type { WorkerStart } from "../thread/mod.ts";
import type { Thread } from "./thread_handle.ts";

/** What an entrance is given by the executor. */
export interface EntranceParts {
  readonly config: Config;
  readonly state: SharedState;
  /** Starts worker `worker`; fulfilled when it serves. */
  startWorker(worker: number): Promise<void>;
  /** The threads of the workers that there are now. */
  readonly workers: readonly Thread[];
  /** Something for the operator, said once a minute at most. */
  warn(text: string): void;
  /** A thread of the entrance's own has ended. */
  ended(failure: string | undefined): void;
}

/** Brings connections to the workers. */
export interface Entrance {
  /** The address that is listened on; the port is a real one. */
  readonly address: Deno.NetAddr;
  /** The file of the Unix socket that is listened on instead, or null; the address then means nothing. */
  readonly socketPath: string | null;
  /** Where plain HTTP is sent to https, if anywhere. */
  readonly redirectAddress: Deno.NetAddr | null;
  /** Whether all threads of its own have ended. */
  readonly hasEnded: boolean;
  /** Starts all threads, in an order that is safe; fulfilled when every worker serves. */
  start(parts: EntranceParts): Promise<void>;
  /** What a worker is told at its start, beside what all are. */
  workerStart(): Pick<WorkerStart, "doorbells" | "listen">;
  /** Wakes every worker that sleeps. */
  wakeAll(): void;
  /** A worker took the place of a dead one, and serves. */
  replaced(): void;
  /** Begins to stop: accepts what is connected and no more, and has the workers drain. */
  stop(): void;
  /** A worker has died: lets go of what it left open, and has the others look for its tasks. */
  bury(worker: number): void;
  /** Reads the certificate anew, if there is one. */
  reload(): Promise<void>;
  /** Nobody uses what it opened any more. */
  close(): void;
}
