/**
 * A second worker in the thread of a worker, to practise with: its memory, counters and logs are its own, and nothing of it is seen outside.
 *
 * In: the parts of the real worker, and endpoints to practise with. Out: a worker that serves what its listener accepts, or what it is ordered to
 * adopt. Who drives it is a peer of it, on the same loop: warm_up.ts, rehearsal.ts.
 */

import {
  createLogMemory,
  createSharedState,
  openSharedState,
  type SharedState,
} from "../ring/mod.ts";
import type { ChannelsStart, OrderHandler, ThreadMessage, ThreadOrder } from "../thread/mod.ts";
import type { EventLoop } from "./event_loop.ts";
import { NativeWorker, type NativeWorkerParts } from "./native_worker.ts";

/** What it needs of the worker's parts. */
export type PracticeParts = Pick<
  NativeWorkerParts,
  "start" | "os" | "ring" | "router" | "date" | "compression"
>;

/** Channels that nobody else knows. */
export type PracticeChannels = Pick<ChannelsStart, "memory" | "server">;

const NO_SECRETS = { files: new Map<string, string>(), variables: new Map<string, string>() };

/** Milliseconds until connections end that are left at a stop, and when it has handed over. */
const SHORT = { drainTime: 0, upgradeSpread: 1_000 };

/** What is its own. */
export interface PracticeOptions {
  /** Rung when it stops; belongs to the caller. */
  readonly doorbell: number;
  /** Where it accepts; absent: it does not. */
  readonly listener?: number;
  /** Channels of its own; absent: none. */
  readonly channels?: PracticeChannels | undefined;
  /** Called before its first turn. */
  begins?(): void;
  /** What it tells the main thread; absent: nobody listens. */
  post?(message: ThreadMessage): void;
}

/** The second worker. */
export class PracticeWorker {
  readonly #worker: NativeWorker;
  readonly #state: SharedState;
  readonly #parts: PracticeParts;
  readonly #doorbell: number;
  #obey: OrderHandler = () => {};

  constructor(
    parts: PracticeParts,
    { doorbell, listener, channels, begins, post }: PracticeOptions,
  ) {
    this.#parts = parts;
    this.#doorbell = doorbell;
    const memory = createSharedState({ workers: 1, taskSlots: 8, inboxBytes: 256 });
    this.#state = openSharedState(memory);
    this.#state.flags.setAllLoaded(true);
    const { os, router, date, compression, start: { config, logs } } = parts;
    this.#worker = new NativeWorker({
      os,
      router,
      date,
      compression,
      // Not closed with this worker, but with the real one.
      ring: parts.ring === undefined ? undefined : { ...parts.ring, close: () => {} },
      start: {
        worker: 0,
        memory,
        doorbells: [doorbell],
        logs: { events: memoryLike(logs.events), accesses: memoryLike(logs.accesses) },
        config: { ...config, workers: 1, limits: { ...config.limits, ...SHORT } },
        ...(channels === undefined ? {} : { channels: { ...channels, secrets: NO_SECRETS } }),
        ...(listener === undefined ? {} : { listener }),
      },
      post: (message) => post?.(message),
      onOrder: (handler) => {
        this.#obey = handler;
        begins?.();
      },
    });
  }

  get loop(): EventLoop {
    return this.#worker.loop;
  }

  /** Serves until it is stopped, or has handed over, and all connections are gone. */
  run(): Promise<void> {
    return this.#worker.run();
  }

  /** As the main thread would. */
  obey(order: ThreadOrder): void {
    void this.#obey(order);
  }

  /** It finishes what it does, and ends. */
  stop(): void {
    this.#state.flags.setDraining();
    this.wake();
  }

  /** It gives up what can move, and ends. */
  handOver(): void {
    this.#state.flags.setMoving(true);
    this.#state.flags.setHandingOver();
    this.wake();
  }

  /** Gives it a turn. */
  wake(): void {
    this.#parts.os.ringDoorbell(this.#doorbell);
  }
}

/** Memory for the lines of one log that nobody reads; null if that log is off. */
function memoryLike(memory: SharedArrayBuffer | null): SharedArrayBuffer | null {
  return memory === null ? null : createLogMemory(1);
}
