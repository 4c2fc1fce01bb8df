/**
 * The messages between the main thread and its worker threads.
 *
 * They cross by postMessage, so they contain only plain data and shared memory. None of them depends on its
 * time of arrival: a thread keeps messages that it cannot use yet, and answers each order. A thread on epoll
 * receives messages only while it does not block in the kernel. So a stop goes through shared memory and the
 * doorbell, and before an order is sent, a flag in shared memory keeps all threads from blocking until they
 * have obeyed (`setAllLoaded` in ring/flags.ts).
 */

import type { Config } from "../config/mod.ts";
import type { CertificateSet } from "../tls/mod.ts";
import type { AppSource } from "./app_source.ts";
import type { ChannelReport } from "./channel_report.ts";
import type { MovedConnections } from "./moved_connection.ts";

/** The start of a worker. */
export interface WorkerStart {
  /** Number of this worker, from 0. */
  readonly worker: number;
  /** Made by `createSharedState`. */
  readonly memory: SharedArrayBuffer;
  /** The eventfd of each worker, by its number. */
  readonly doorbells: readonly number[];
  /** The memory for its lines of both logs. */
  readonly logs: LogMemory;
  readonly config: Config;
  /** Absent: there are no channels. */
  readonly channels?: ChannelsStart;
  /** Absent: there is no app. */
  readonly app?: AppSource;
  /** No connection gets a descriptor with this number or a higher one; absent: no such limit. */
  readonly descriptorCeiling?: number;
  /** The listening descriptor from which all workers accept; absent: the acceptor does. */
  readonly listener?: number;
  /** Whether they accept from it while other workers load; absent: they do not. */
  readonly acceptsEarly?: boolean;
  /** Many sockets are sent to with one system call, by io_uring; absent: each by its own. */
  readonly ioUring?: true;
  /** The address on which it listens itself, on the Deno transport; absent: connections come from the ring. */
  readonly listen?: ListenAddress;
  /** The connections from the ring speak TLS; absent: plain HTTP. */
  readonly openssl?: OpensslStart;
  /** Whether it rehearses an upgrade before it is ready: connections of another server are about to come. */
  readonly rehearses?: true;
  /** The https port to which connections of kind `redirect` are sent; absent: there are none. */
  readonly redirectTo?: number;
}

/** The channels of a worker. */
export interface ChannelsStart {
  /** Made by `createChannelMemory`. */
  readonly memory: SharedArrayBuffer;
  readonly server: ServerFacts;
  readonly secrets: SecretTexts;
  /** How workers call the engine, made by `EngineNode`; absent: there is none. */
  readonly engine?: SharedArrayBuffer;
  /** Which reports were taken, made by `Webhooks`; absent: nobody outside is to be told. */
  readonly webhooks?: SharedArrayBuffer;
}

/** What a server says about itself. */
export interface ServerFacts {
  readonly name: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** What was in the places that the section `[channels]` names, when the server started. */
export interface SecretTexts {
  /** By their paths. */
  readonly files: ReadonlyMap<string, string>;
  /** By their names; without those that are not set. */
  readonly variables: ReadonlyMap<string, string>;
}

/** TLS of a worker on the epoll transport. */
export interface OpensslStart {
  readonly set: CertificateSet;
  /** Made by `createTicketKeys`. */
  readonly tickets: SharedArrayBuffer;
  /** Made by `createPointerTable`: where the worker records what is to be freed if it dies. */
  readonly pointers: SharedArrayBuffer;
}

/**
 * The memory of both logs, made by `createLogMemory`; null: switched off. A worker's block has the worker's
 * number.
 */
export interface LogMemory {
  readonly events: SharedArrayBuffer | null;
  readonly accesses: SharedArrayBuffer | null;
}

/** The address and certificate with which a worker of the Deno transport listens. */
export interface ListenAddress {
  readonly hostname: string;
  /** Not 0: all workers listen on the same port. */
  readonly port: number;
  /** Null: plain HTTP. */
  readonly tls: TlsMaterial | null;
  /** A plain HTTP port that redirects all requests to this address; null: none. */
  readonly redirectPort: number | null;
}

/** A certificate with its chain and its private key, both PEM. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
}

/** When a worker gives up other connections: it is rung when the new server goes on with most or all of those before. */
export type OthersFollow = "at once" | "after most" | "after all" | "never";

/** From the main thread to another thread, which gets no message before it is loaded. */
export type MainMessage<Start = unknown> =
  /** The first message: the thread's parameters. */
  | { readonly type: "start"; readonly start: Start }
  /** A command, which the thread answers by "obeyed" with the same number. */
  | { readonly type: "order"; readonly number: number; readonly order: ThreadOrder }
  /** The last message: the thread may end as soon as its work is done. */
  | { readonly type: "dismiss" };

/** A command to a worker, at any time after its start. */
export type ThreadOrder =
  /** Accept connections from now on. Only on the Deno transport. */
  | { readonly type: "open" }
  /** Stop accepting, finish the work in progress, and end. Only on the Deno transport. */
  | { readonly type: "drain" }
  /** Look at the channels: another thread has published. Only on the Deno transport. */
  | { readonly type: "ring" }
  /** Run what the app has scheduled, once, if the first word of `claim` is still 0: the worker makes it 1, and who revokes it 2. */
  | { readonly type: "scheduled"; readonly claim: Int32Array<SharedArrayBuffer> }
  /** Another worker serves instead: finish the work in progress, and end. */
  | { readonly type: "retire" }
  /** A new server takes over: what clients send waits, if it is about what is handed over. Only on the epoll transport. */
  | { readonly type: "freeze" }
  /** It has not taken over: take that back. */
  | { readonly type: "thaw" }
  /** The memory of the channels is about to become that of the server which this one replaces. */
  | { readonly type: "await channels" }
  /** Go on with connections of the server that this one replaces. Only on the epoll transport. */
  | { readonly type: "adopt"; readonly connections: MovedConnections }
  /** Answer requests by this config from now on; if it cannot be applied, keep the old one. */
  | { readonly type: "config"; readonly config: Config }
  /** The key set that this worker has asked for. */
  | { readonly type: "key set"; readonly answer: KeySetAnswer }
  | AppOrder
  /** Serve new connections with this certificate. Only on the Deno transport. */
  | { readonly type: "tls"; readonly tls: TlsMaterial }
  /** The same on the epoll transport. */
  | { readonly type: "certificates"; readonly set: CertificateSet };

/**
 * A newer copy of the app, in two steps: if it cannot be loaded in one worker, none uses it. The answer to the first
 * says why it cannot be.
 */
export type AppOrder =
  | { readonly type: "load app"; readonly source: AppSource }
  | { readonly type: "use app" }
  | { readonly type: "drop app" };

/** What the address of a key set has answered, or why it has not. */
export type KeySetAnswer =
  | { readonly status: number; readonly text: string }
  | { readonly fault: string };

/** The start of the acceptor. */
export interface AcceptorStart {
  readonly memory: SharedArrayBuffer;
  /** The listening descriptor; accept on it blocks, unless there is a bell. */
  readonly listener: number;
  /** An eventfd that ends accepting; absent: shutting the listener down ends it. */
  readonly stopBell?: number;
  /** The eventfd of each worker, by its number. */
  readonly doorbells: readonly number[];
  /** See runtime/config/. */
  readonly maxConnections: number;
  /** 0: no such limit. */
  readonly maxConnectionsPerAddress: number;
  /** No connection gets a descriptor with this number or a higher one; absent: no such limit. */
  readonly descriptorCeiling?: number;
  /** Another listening descriptor, whose connections are redirected; accept on neither blocks. Absent: none. */
  readonly redirectListener?: number;
  /** Whether connections speak TLS: then a worker answers those above a limit; absent: they do not. */
  readonly isTls?: boolean;
}

/** The start of a thread that writes a log. */
export interface LogStart {
  /** A path, or `-` for standard output. */
  readonly target: string;
  /** Size limit of a file in bytes; 0: no limit. */
  readonly limit: number;
  /** The file's descriptor, which the main thread closes; absent: the thread opens it by its name. */
  readonly descriptor?: number;
  /** The log's name in warnings: `access log FILE`. */
  readonly title: string;
  /** Made by `createLogMemory`. */
  readonly memory: SharedArrayBuffer;
}

/** From a thread to the main thread. */
export type ThreadMessage =
  /** Its module and all imports are loaded; it waits for its start. */
  | { readonly type: "loaded" }
  /** It cannot begin to work, and this is why, for the operator: it waits to be dismissed. */
  | { readonly type: "unable"; readonly reason: string }
  /** It is working from now on. */
  | { readonly type: "ready" }
  /** It has carried out the order with this number; `fault` says why it could not. */
  | { readonly type: "obeyed"; readonly number: number; readonly fault?: string }
  /** It has ended by itself: all its connections are closed. */
  | { readonly type: "stopped" }
  /**
   * It has given up these connections, as a new server takes over, and others follow, or never: they stay.
   */
  | {
    readonly type: "moved";
    readonly connections: MovedConnections;
    readonly others: OthersFollow;
  }
  /** It has dropped log lines for lack of room; its counters have their number. */
  | { readonly type: "dropped" }
  /** It has dropped this many log lines, because the file could not be written. */
  | { readonly type: "unwritten"; readonly lines: number }
  /** It has reopened its log's file; if it could not, it goes on with the old one, and this is why. */
  | { readonly type: "reopened"; readonly fault: string | null }
  /** It has published in a channel with subscribers on that worker. Only on the Deno transport. */
  | { readonly type: "ring"; readonly worker: number }
  /** It has written requests to the engine, and the main thread has read all of those before. */
  | { readonly type: "engine" }
  /** What has happened in its channels; the next such message waits until this one is taken. */
  | { readonly type: "channels"; readonly reports: readonly ChannelReport[] }
  /** It needs the key set whose address is in the config, and may not connect there, since its app may not. */
  | { readonly type: "key set" }
  /** The app that it has loaded wants to run something every so many milliseconds; 0: nothing. */
  | { readonly type: "schedule"; readonly every: number }
  /** Its app holds this much memory, more than it may. */
  | { readonly type: "heavy"; readonly bytes: number }
  /** A warning for the operator. */
  | { readonly type: "warning"; readonly text: string };
