/**
 * The main thread's part in moving open connections from one server to the one that replaces it.
 *
 * In: on the old side, what each worker has given up; on the new side, what arrives. Out: connections on their way, and with workers that
 * go on with them. A worker that does not turn keeps its connections until it does, and the others do not wait for it.
 */

import { LinuxOs } from "../os/mod.ts";
import type { SharedState } from "../ring/mod.ts";
import { concatBytes } from "../../protocol/basics.ts";
import {
  inTime,
  type MovedConnections,
  type OthersFollow,
  recordWorker,
  type ThreadOrder,
} from "../thread/mod.ts";
import type { ArrivedRecord } from "./connection_packets.ts";
import type { ConnectionReceiver } from "./connection_receiver.ts";
import type { ConnectionSender } from "./connection_sender.ts";
import type { LoadingPhase } from "./loading_phase.ts";
import type { Thread } from "./thread_handle.ts";
import { orderUnlessBlocked } from "./unless_blocked.ts";

/** Milliseconds for which connections that arrive are waited for. */
const ARRIVAL_TIME = 10_000;
/** Milliseconds for which workers are waited for before the channels are handed over. */
const LONGEST_FREEZE = 150;

/** How many the new server may still have to go on with when a worker goes on; undefined: as many as may be on their way. */
const LEFT: Readonly<Record<OthersFollow, number | undefined>> = {
  "at once": Infinity,
  "after most": undefined,
  "after all": 0,
  never: Infinity,
};

/** What it needs of the executor. */
export interface ConnectionMoveParts {
  readonly state: Pick<SharedState, "flags" | "descriptors">;
  readonly loading: LoadingPhase;
  /** By their numbers. */
  readonly threads: readonly Thread[];
  /** Gives a worker a turn. */
  ring(worker: number): void;
  /** A notice for the operator. */
  inform(text: string): void;
}

/** Moves the connections of one server. */
export class ConnectionMove {
  readonly #parts: ConnectionMoveParts;
  #sender: ConnectionSender | null = null;
  #sent: Promise<void> | undefined = undefined;
  /** Workers that have not said yet what they give up. */
  readonly #unheard = new Set<number>();
  #receiver: Pick<ConnectionReceiver, "receiveAll" | typeof Symbol.dispose> | null = null;
  /** Fulfilled when the workers have all that has come. */
  #arrival: Promise<unknown> = Promise.resolve();
  /** Nobody is accepted now. */
  #isPaused = false;
  /** The worker that gets the next connection. */
  #next = 0;

  constructor(parts: ConnectionMoveParts) {
    this.#parts = parts;
  }

  /**
   * The channels are about to be handed over: what their clients send waits, and nobody is accepted. A worker that does not turn is not
   * waited for.
   */
  async freeze(): Promise<void> {
    this.#setAccepting(false);
    this.#parts.state.flags.setFrozen(true);
    await inTime(this.#orderAll({ type: "freeze" }), LONGEST_FREEZE);
  }

  /** Takes that back: the new server has not taken over. */
  async thaw(): Promise<void> {
    this.#setAccepting(true);
    this.#parts.state.flags.setFrozen(false);
    await this.#orderAll({ type: "thaw" });
  }

  #setAccepting(isAccepting: boolean): void {
    if (this.#isPaused !== isAccepting) return;
    this.#isPaused = !isAccepting;
    this.#parts.state.flags.setAcceptingPaused(this.#isPaused);
  }

  /** The workers are about to hand over: they give up what can move. */
  begin(sender: ConnectionSender): void {
    const { state: { flags }, threads } = this.#parts;
    this.#sender = sender;
    this.#setAccepting(true);
    threads.forEach((thread, worker) => thread.isServing && this.#unheard.add(worker));
    flags.setMoving(true);
  }

  /** A worker has given up these. If it waits, it gives up others when the new server goes on with these. */
  moved(worker: number, connections: MovedConnections, others: OthersFollow): void {
    const { ring, state: { flags } } = this.#parts;
    const sender = this.#sender;
    if (sender === null) return closeAll(connections.descriptors);
    // Also of a worker that is not waited for: it was to retire when this began, and had not heard of it.
    const taken = sender.add(connections, LEFT[others]);
    if (others === "never") return this.workerEnded(worker);
    if (others === "at once") return;
    void taken.then(() => {
      if (sender.isGone) flags.setMoving(false);
      flags.setTaken(worker);
      ring(worker);
    });
  }

  /** That worker gives up nothing more. */
  workerEnded(worker: number): void {
    if (this.#unheard.delete(worker) && this.#unheard.size === 0) void this.#end();
  }

  /** Goes on with what comes from the old server; fulfilled when the workers have all of it. */
  receive(
    receiver: Pick<ConnectionReceiver, "receiveAll" | typeof Symbol.dispose> | null,
  ): Promise<unknown> {
    this.#receiver = receiver;
    const shares: Promise<void>[] = [];
    return this.#arrival = Promise.resolve(
      receiver?.receiveAll((batch) => {
        const share = this.#share(batch);
        shares.push(share);
        return share;
      }),
    ).then(() => Promise.all(shares));
  }

  /** Fulfilled when the workers go on with all that comes from the old server, or have had the time for it: then it can go on from here. */
  async arrived(): Promise<void> {
    await inTime(this.#arrival, ARRIVAL_TIME);
  }

  /** The memory of the channels is about to come: no thread uses it. */
  async awaitStore(): Promise<void> {
    await this.#orderAll({ type: "await channels" });
  }

  async #orderAll(order: ThreadOrder): Promise<void> {
    const { loading, threads } = this.#parts;
    const serving = threads.filter((thread) => thread.isServing);
    await loading.during(() =>
      Promise.all(serving.map((thread) => orderUnlessBlocked(thread, order)))
    );
  }

  /** The server ends; fulfilled when what was given up is sent. */
  async close(): Promise<void> {
    this.#receiver?.[Symbol.dispose]();
    this.#unheard.clear();
    await this.#end();
  }

  #end(): Promise<void> {
    return this.#sent ??= this.#sendRest();
  }

  async #sendRest(): Promise<void> {
    const sender = this.#sender;
    if (sender === null) return;
    await sender.end();
    const { sent } = sender;
    const what = sent === 1 ? "1 connection goes" : `${sent} connections go`;
    if (sent > 0) this.#parts.inform(`upgraded: ${what} on in the new server`);
  }

  /** Every worker gets as many, beside those that only one can go on with. */
  async #share(batch: readonly ArrivedRecord[]): Promise<void> {
    const { loading, state: { descriptors }, threads } = this.#parts;
    const serving = [...threads.keys()].filter((worker) => threads[worker]!.isServing); // its keys
    if (serving.length === 0) return closeAll(batch.map(({ descriptor }) => descriptor));
    const workers = batch.map(({ record }) => {
      const only = recordWorker(record);
      return serving.includes(only) ? only : serving[this.#next++ % serving.length];
    });
    await loading.during(() =>
      Promise.all(serving.map((worker) => {
        const share = batch.filter((_, at) => workers[at] === worker);
        if (share.length === 0) return undefined;
        // If it dies before it has them, they are closed.
        for (const { descriptor } of share) descriptors.claim(descriptor, worker);
        const connections = {
          descriptors: share.map(({ descriptor }) => descriptor),
          records: concatBytes(share.map(({ record }) => record)),
        };
        return orderUnlessBlocked(threads[worker]!, { type: "adopt", connections }); // one of its keys
      }))
    );
  }
}

function closeAll(descriptors: readonly number[]): void {
  const os = new LinuxOs();
  for (const descriptor of descriptors) os.close(descriptor);
}
