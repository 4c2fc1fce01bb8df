/**
 * The connections above a limit: a worker tells them 503, after their handshake if they speak TLS.
 *
 * In: connections that were counted and refused. Out: those that are open, whose number is limited, and
 * the context of their sockets. The worker's core does not know them. They are not read for a request, and a client
 * that does not take its answer keeps its place for a short time only.
 */

import { MAX_REFUSED } from "../config/mod.ts";
import { LINGER_SILENCE } from "../net/mod.ts";
import type { SocketContext, SocketTransport } from "./socket_transport.ts";

/** Milliseconds in which one must make progress: as long as one that was answered may be silent. */
const STALL = LINGER_SILENCE;

/** The refused connections of one worker. */
export class Refusals {
  /** As that of the worker's other sockets, with less time. */
  readonly context: SocketContext;
  readonly #open = new Set<SocketTransport>();

  /** @param worker the context of the worker's other sockets */
  constructor(worker: SocketContext) {
    const { loop, receiveBuffer, traffic, outgoing, ringSender, writeStall } = worker;
    this.context = {
      loop,
      receiveBuffer,
      traffic,
      outgoing,
      ringSender,
      writeStall: Math.min(writeStall, STALL),
      heldBySocket: (descriptor) => worker.heldBySocket(descriptor),
      onReceiveFailed: (transport) => worker.onReceiveFailed(transport),
      onClosing: (transport) => worker.onClosing(transport),
    };
  }

  /** Those that are open. */
  get open(): Iterable<SocketTransport> {
    return this.#open;
  }

  /** Adds a connection. Above the limit the oldest one is closed at once, of those whose answer is sent if there are such. */
  add(transport: SocketTransport): void {
    if (this.#open.size >= MAX_REFUSED) this.#oldest()?.abort();
    this.#open.add(transport);
  }

  #oldest(): SocketTransport | undefined {
    let oldest: SocketTransport | undefined;
    for (const transport of this.#open) {
      if (transport.queuedBytes === 0) return transport;
      oldest ??= transport;
    }
    return oldest;
  }

  /** Removes a connection that is about to be closed; false: it was not refused. */
  remove(transport: SocketTransport): boolean {
    return this.#open.delete(transport);
  }

  /** The server stops. */
  drain(): void {
    for (const transport of [...this.#open]) transport.drain();
  }

  /** The worker ends, or has no descriptor left. */
  abort(): void {
    for (const transport of [...this.#open]) transport.abort();
  }
}
