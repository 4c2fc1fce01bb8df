/**
 * What the main thread tells another, and what that tells back.
 *
 * Both cross by postMessage, so they hold plain data and shared memory alone. None of them depends on
 * when it arrives: a thread keeps what comes before it can be used, and answers each order.
 * A thread on epoll hears messages only while it does not block in the kernel. So what stops it goes
 * through shared memory and its doorbell, and before an order is sent shared memory says that no thread may
 * block (see `setSettled` in ring/flags.ts), until all have obeyed.
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
  /** Where its lines of both logs go. */
  readonly logs: LogMemory;
  readonly config: Config;
  /** No connection gets a descriptor of this number or a higher one; absent: there is no such bound. */
  readonly descriptorCeiling?: number;
  /** Where it listens by itself, on the Deno transport; absent: the ring brings it connections. */
  readonly listen?: ListenAddress;
}

/** The memory of both logs, made by `createLogMemory`; null: switched off. A worker's block is its number. */
export interface LogMemory {
  readonly events: SharedArrayBuffer | null;
  readonly accesses: SharedArrayBuffer | null;
}

/** Where, and as whom, a worker of the Deno transport listens. */
export interface ListenAddress {
  readonly hostname: string;
  /** A real one: all workers listen on the same. */
  readonly port: number;
  /** Null: plain HTTP. */
  readonly tls: TlsMaterial | null;
  /** A port of plain HTTP that sends everybody to this address; null: none. */
  readonly redirectPort: number | null;
}

/** A certificate with its chain and its private key, both PEM. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
}

/** From the main thread to another; nothing is sent before that one is loaded. */
export type MainMessage<Start = unknown> =
  /** The first: what it works with. */
  | { readonly type: "start"; readonly start: Start }
  /** To be answered by "obeyed" with the same number. */
  | { readonly type: "order"; readonly number: number; readonly order: ThreadOrder }
  /** The last: it may end as soon as its work is done. */
  | { readonly type: "dismiss" };

/** What a worker is to do, at any time after its start. */
export type ThreadOrder =
  /** All workers have what they need: accept connections from now on; on the Deno transport. */
  | { readonly type: "open" }
  /** Accept no more, finish what is under way, and end; on the Deno transport. */
  | { readonly type: "drain" }
  /** Answer requests by this config from now on, or as before if that cannot be. */
  | { readonly type: "config"; readonly config: Config }
  /** Serve new connections with this certificate. */
  | { readonly type: "tls"; readonly tls: TlsMaterial };

/** For the acceptor. */
export interface AcceptorStart {
  readonly memory: SharedArrayBuffer;
  /** The listening descriptor; accept on it blocks, unless there is a bell. */
  readonly listener: number;
  /** An eventfd that ends the accepting; absent: the listener is shut down for that. */
  readonly stopBell?: number;
  /** The eventfd of each worker, by its number. */
  readonly doorbells: readonly number[];
  /** See runtime/config/. */
  readonly maxConnections: number;
  /** 0: no such bound. */
  readonly maxConnectionsPerAddress: number;
  /** No connection gets a descriptor of this number or a higher one; absent: there is no such bound. */
  readonly descriptorCeiling?: number;
}

/** From a thread to the main one. */
export type ThreadMessage =
  /** Its module and all that this imports are there; it waits for its start. */
  | { readonly type: "loaded" }
  /** It does its work from now on. */
  | { readonly type: "ready" }
  /** It has done what the order of this number says. */
  | { readonly type: "obeyed"; readonly number: number }
  /** It has ended by itself: all its connections are closed. */
  | { readonly type: "stopped" }
  /** It has handed lines of a log over, or found no room for some. */
  | { readonly type: "lines" }
  /** Something that the operator should read once. */
  | { readonly type: "warning"; readonly text: string };
