/**
 * How connections reach the workers: the part of the executor that differs between the two transports.
 *
 * `NativeEntrance`: one listening descriptor for all workers, the task ring, doorbells, and for some sockets an acceptor thread.
 * `DenoEntrance`: each worker listens by itself.
 */

import type { Config } from "../config/mod.ts";
import type { SharedState } from "../ring/mod.ts";
import type { WorkerStart } from "../thread/mod.ts";
import type { HandedListener } from "./handover_text.ts";
import type { Thread } from "./thread_handle.ts";

/** What the executor passes to an entrance. */
export interface EntranceParts {
  readonly config: Config;
  readonly state: SharedState;
  /** No connection gets a descriptor of this number or a higher one; undefined: no such limit. */
  readonly descriptorCeiling: number | undefined;
  /**
   * Whether to accept as soon as the first worker serves. False: clients could take the descriptors that a thread
   * needs to start, and Deno ends the process if it gets none; so accepting begins when all workers serve.
   */
  readonly acceptsEarly: boolean;
  /** Called when every worker serves, before the first connection is accepted, unless `acceptsEarly`. */
  beforeAccepting(): Promise<void>;
  /** Starts worker `worker`; fulfilled when it serves. */
  startWorker(worker: number): Promise<void>;
  /** The threads of the current workers. */
  readonly workers: readonly Thread[];
  /** A warning for the operator, repeated at most once a minute. */
  warn(text: string): void;
  /** A thread that belongs to the entrance has ended. */
  ended(failure: string | undefined): void;
}

/** Brings connections to the workers. */
export interface Entrance {
  /** The address that the server listens on; the port is the real one. */
  readonly address: Deno.NetAddr;
  /** The file of the Unix socket, or null; with a Unix socket the address has no meaning. */
  readonly socketPath: string | null;
  /** The address that redirects plain HTTP to https, or null. */
  readonly redirectAddress: Deno.NetAddr | null;
  /** Whether all threads that belong to the entrance have ended. */
  readonly hasEnded: boolean;
  /** Starts all threads, one after the other, because no two may load at the same time; fulfilled when every worker serves. */
  start(parts: EntranceParts): Promise<void>;
  /** The part of a worker's start message that depends on the transport. */
  workerStart(): Pick<
    WorkerStart,
    "acceptsEarly" | "doorbells" | "ioUring" | "listen" | "listener" | "openssl" | "redirectTo"
  >;
  /** Gives a worker's loop a turn: something was published for it. */
  ring(worker: number): void;
  /** Wakes every parked worker. */
  wakeAll(): void;
  /** Called when a worker that replaces a dead one serves. */
  replaced(): void;
  /** The sockets that a new server can accept from. @throws {UpgradeError} if it cannot */
  readonly listeners: readonly HandedListener[];
  /** Begins to stop: accepts the connections that the kernel has completed, no others, and makes the workers drain. */
  stop(): void;
  /** The same, but a new server accepts from the same sockets: they stay open. */
  handOver(): void;
  /** Closes the connections that a dead worker left open, and wakes another worker for its tasks. */
  reclaim(worker: number): void;
  /** Reloads the certificate, if there is one. */
  reload(): Promise<void>;
  /** Closes everything that the entrance opened; all threads have ended. */
  close(): void;
}
