/**
 * What a thread is told when it is started, and what it tells back.
 *
 * Both cross by postMessage, so they hold plain data and shared memory alone. After its start a
 * thread hears nothing by message: it may be blocked in the kernel. All that concerns it later goes
 * through shared memory and its doorbell.
 */

import type { Config } from "../config/mod.ts";

/** For a worker. */
export interface WorkerStart {
  /** Number of this worker, from 0. */
  readonly worker: number;
  /** Made by `createSharedState`. */
  readonly memory: SharedArrayBuffer;
  /** The eventfd of each worker, by its number. */
  readonly doorbells: readonly number[];
  /** Descriptor of the log, or -1. */
  readonly logDescriptor: number;
  /** Descriptor of the access log, or -1. */
  readonly accessLogDescriptor: number;
  readonly config: Config;
}

/** For the acceptor. */
export interface AcceptorStart {
  readonly memory: SharedArrayBuffer;
  /** The listening descriptor; accept on it blocks. */
  readonly listener: number;
  /** The eventfd of each worker, by its number. */
  readonly doorbells: readonly number[];
  /** See runtime/config/. */
  readonly maxConnections: number;
  /** 0: no such bound. */
  readonly maxConnectionsPerAddress: number;
}

/** From a thread to the main one. */
export type ThreadMessage =
  /** Its module and all that this imports are there; it waits for its start. */
  | { readonly type: "loaded" }
  /** It does its work from now on. */
  | { readonly type: "ready" }
  /** It has ended by itself: all its connections are closed. */
  | { readonly type: "stopped" }
  /** Something that the operator should read once. */
  | { readonly type: "warning"; readonly text: string };
