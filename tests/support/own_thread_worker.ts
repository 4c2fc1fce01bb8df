/**
 * A worker on the real system in the thread of a test, which counts the turns that Deno's own event loop gets.
 *
 * In: endpoints. Out: a worker that never blocks the thread, because another worker is marked as still loading; so the
 * test runs at the same time. It can be kept busy by a descriptor that is always ready.
 */

import { DateField } from "../../protocol/mod.ts";
import { DEFAULT_CONFIG } from "../../runtime/config/mod.ts";
import { LoopbackBell } from "../../runtime/native/deno_bell.ts";
import { NativeWorker } from "../../runtime/native/mod.ts";
import { adoptListener, type EpollEvents, EPOLLIN, LinuxOs } from "../../runtime/os/mod.ts";
import {
  createSharedState,
  openSharedState,
  TASK_FIELD,
  TASK_WORDS,
} from "../../runtime/ring/mod.ts";
import type { Router } from "../../runtime/serve/session/mod.ts";
import type { RouterMaker } from "../../runtime/serve/worker/mod.ts";
import type { WorkerStart } from "../../runtime/thread/mod.ts";

/** Counts the waits that yield to Deno's event loop. */
class CountingOs extends LinuxOs {
  waits = 0;

  override epollWaitAsync(epoll: number, events: EpollEvents, timeout: number): Promise<number> {
    this.waits++;
    return super.epollWaitAsync(epoll, events, timeout);
  }
}

/** The worker and its parts. */
export class OwnThreadWorker {
  readonly os = new CountingOs();
  readonly worker: NativeWorker;
  /** Turns of the worker while it was busy. */
  busyTurns = 0;
  #rings = 0;
  readonly #state = openSharedState(createSharedState({ workers: 1, inboxBytes: 256 }));
  readonly #doorbell = this.os.eventfd();
  readonly #listener: number;
  readonly #port: number;
  #busy = -1;
  #running: Promise<void> = Promise.resolve();

  /** @param more changes of its start */
  constructor(router: Router | RouterMaker, more: Partial<WorkerStart> = {}) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#port = listener.addr.port;
    this.#listener = adoptListener(listener, 16);
    const real = new LoopbackBell(this.os, { claim: () => true, release: () => {} });
    this.worker = new NativeWorker({
      start: {
        worker: 0,
        memory: this.#state.memory,
        doorbells: [this.#doorbell],
        logs: { events: null, accesses: null },
        config: { workers: 1, ...DEFAULT_CONFIG },
        ...more,
      },
      os: this.os,
      router,
      date: new DateField(Date.now()),
      post: () => {},
      onOrder: () => {},
      bell: {
        ring: async () => {
          const rung = await real.ring();
          if (rung) this.#rings++;
          return rung;
        },
        close: () => real.close(),
      },
    });
  }

  /** How often Deno's event loop had a turn, by any way. */
  get turnsOfDeno(): number {
    return this.os.waits + this.#rings;
  }

  /** Begins to serve. */
  start(): void {
    this.#running = this.worker.run();
  }

  /** Connects a client, which the worker takes. */
  async connect(): Promise<Deno.TcpConn> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    this.push(this.os.accept(this.#listener, new Uint8Array(128)));
    this.os.ringDoorbell(this.#doorbell);
    return connection;
  }

  /** Pushes a task on the ring, if it has room: this descriptor as a connection. */
  push(descriptor: number): void {
    const task = new Int32Array(TASK_WORDS);
    task[TASK_FIELD.descriptor] = descriptor;
    task[TASK_FIELD.readyAt] = this.os.monotonicMilliseconds();
    if (!this.#state.taskRing.push(task)) this.os.close(descriptor);
  }

  /** Makes every turn have an event, until {@link relax}. */
  keepBusy(onTurn: () => void = () => {}): void {
    this.#busy = this.os.eventfd();
    this.os.ringDoorbell(this.#busy);
    const onReady = () => {
      this.busyTurns++;
      onTurn();
    };
    this.worker.loop.registry.register(this.#busy, { onReady }, EPOLLIN);
  }

  /** True: it may block this thread. So it has to be kept busy, and the test goes on only after false. */
  setAllLoaded(allLoaded: boolean): void {
    this.#state.flags.setAllLoaded(allLoaded);
  }

  /** Stops these events. */
  relax(): void {
    if (this.#busy < 0) return;
    this.worker.loop.registry.forget(this.#busy);
    this.os.close(this.#busy);
    this.#busy = -1;
  }

  /** Stops the worker. */
  async stop(): Promise<void> {
    this.relax();
    this.#state.flags.setDraining();
    this.os.ringDoorbell(this.#doorbell);
    await this.#running;
    this.os.close(this.#listener);
    this.os.close(this.#doorbell);
  }
}
