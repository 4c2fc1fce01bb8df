/**
 * A worker: one thread's share of the server.
 *
 * In: connections from the task ring. Out: their answers. It turns its event loop, takes a task when it has
 * room for one, and sleeps when there is nothing: in the kernel, and announced in shared memory so
 * that whoever brings work rings its doorbell (see ring/flags.ts for why none is lost).
 *
 * Two speeds. While no handler's promise is pending the loop never leaves this thread: it blocks in
 * epoll_wait, and nothing is allocated or awaited for a request. While one is, each batch is followed
 * by microtasks, and the wait is one that leaves the thread to timers, files and fetch. So it is too while
 * threads are loading, at the start and by a new config (see the executor).
 */

import { type MessageBufferPool, UNIX_PEER } from "../../protocol/mod.ts";
import type { Traffic } from "../net/mod.ts";
import { addressText, EPOLLET, EPOLLIN, expectSuccess, type Os } from "../os/mod.ts";
import { COLUMN, TASK_FIELD, TASK_WORDS } from "../ring/mod.ts";
import type { SessionContext } from "../serve/session/mod.ts";
import { SleepMeter, TrafficCounter, WorkerCore, type WorkerParts } from "../serve/worker/mod.ts";
import type { ThreadOrder } from "../thread/mod.ts";
import { EventLoop } from "./event_loop.ts";
import type { Source } from "./io_registry.ts";
import { MemoryTrimmer } from "./memory_trimmer.ts";
import { type SocketContext, SocketTransport } from "./socket_transport.ts";

/** Bytes that one receive can bring: a 64 KiB message with its header comes in one. */
const RECEIVE_BYTES = 256 * 1024;
/** Tasks taken before the loop turns: few, so that a burst is shared with those who are waking up. */
const TASKS_A_TURN = 4;
/**
 * How often the core is offered to others before a sleep. Measured, one request per connection: 28 µs of
 * CPU each instead of 35 with one, 26 with two, no less with more.
 */
const YIELDS = 2;
/** So few connections are taken without a look at what others have. */
const UNSHARED = 16;
/** How much more than the mean of all workers one may have before it leaves tasks to others. */
const OVERLOAD = 1.125;
/** Turns of microtasks given to handlers before the slower wait: most await two or three things. */
const MICROTASKS = 8;
/** Batches handled while handlers wait, before timers and files must have their turn. */
const BATCHES_BEFORE_TASKS = 16;

/** What the worker needs of its thread. */
export interface NativeWorkerParts extends WorkerParts {
  readonly os: Os;
}

/** One worker thread's server. */
export class NativeWorker implements SocketContext, Source {
  readonly loop: EventLoop;
  readonly receiveBuffer = new Uint8Array(RECEIVE_BYTES);
  readonly messages: MessageBufferPool;
  readonly traffic: Traffic;
  readonly writeStall: number;
  readonly #core: WorkerCore<EventLoop, SocketTransport>;
  readonly #doorbells: readonly number[];
  readonly #context: SessionContext;
  readonly #task = new Int32Array(TASK_WORDS);
  readonly #addressBytes = new Uint8Array(this.#task.buffer, TASK_FIELD.address * 4, 16);
  readonly #trimmer: MemoryTrimmer;
  #tookTasks = false;
  #batches = 0;

  constructor(parts: NativeWorkerParts) {
    const { start, os } = parts;
    const core = this.#core = new WorkerCore(parts, {
      logs: { os, log: start.logDescriptor, accessLog: start.accessLogDescriptor },
      createLoop: (counters) => new EventLoop(os, counters && new SleepMeter(os, counters)),
    });
    const loop = this.loop = core.loop;
    this.messages = core.messages;
    this.traffic = new TrafficCounter(core.counters);
    this.writeStall = core.config.limits.writeStall;
    this.#context = core.createContext();
    this.#trimmer = new MemoryTrimmer(loop);
    // Edge-triggered, so that a doorbell need not be read to fall silent.
    this.#doorbells = start.doorbells;
    const doorbell = this.#doorbellOf(start.worker);
    const registered = loop.registry.register(doorbell, this, EPOLLIN | EPOLLET);
    expectSuccess("epoll_ctl EPOLL_CTL_ADD", registered, doorbell);
    core.state.descriptors.claim(loop.registry.descriptor, start.worker);
  }

  /** Serves until the server has stopped and all connections are gone. */
  async run(): Promise<void> {
    const core = this.#core;
    core.begin((order) => this.#obey(order));
    while (!this.#isDone()) {
      if (this.#mayBlock()) this.#turn();
      else await this.#turnGivingWay();
      core.noteLines();
      if (!this.#context.draining && core.state.flags.isDraining()) this.#drain();
    }
    core.state.descriptors.release(this.loop.registry.descriptor);
    this.loop.close();
    core.end();
  }

  /** Other orders are for the Deno transport: here shared memory says that the server stops. */
  async #obey(order: ThreadOrder): Promise<void> {
    if (order.type === "config") await this.#core.routeBy(order);
  }

  // What transports call.

  onClosing(transport: SocketTransport): void {
    this.#core.leave(transport);
  }

  /** The doorbell: it was rung to end a wait, and has. */
  onReady(): void {
    this.#core.counters.add(COLUMN.wakeUps, 1);
  }

  // The loop.

  #turn(): void {
    this.#core.counters.add(COLUMN.loopTurns, 1);
    if (this.#takeOrWaitForTasks() || !this.#park()) {
      this.loop.turn(false);
      return;
    }
    this.loop.turn(true);
    this.#core.state.flags.unpark(this.#core.number);
  }

  /**
   * Takes tasks if there are any. After some were taken the next are most often on their way: the acceptor
   * gets the core before this worker goes to sleep and has to be woken.
   */
  #takeOrWaitForTasks(): boolean {
    if (this.#takeTasks() > 0) return this.#tookTasks = true;
    for (let i = 0; i < YIELDS && this.#tookTasks; i++) {
      this.loop.os.yield();
      if (this.#takeTasks() > 0) return true;
    }
    return this.#tookTasks = false;
  }

  /** Whether nothing needs this thread but the loop: no handler waits, and no thread is still loading. */
  #mayBlock(): boolean {
    return this.#context.pendingHandlers === 0 && this.#core.state.flags.isSettled();
  }

  async #turnGivingWay(): Promise<void> {
    this.#core.counters.add(COLUMN.loopTurns, 1);
    const busy = this.#takeTasks() + this.loop.turn(false) > 0;
    for (let i = 0; i < MICROTASKS && this.#context.pendingHandlers > 0; i++) await undefined;
    if (this.#mayBlock()) return;
    if (busy && ++this.#batches < BATCHES_BEFORE_TASKS) return;
    this.#batches = 0;
    if (!this.#park()) return;
    await this.loop.turnAsync();
    this.#core.state.flags.unpark(this.#core.number);
  }

  /** Announces that this worker sleeps; false if there is work after all. */
  #park(): boolean {
    const { flags, taskRing } = this.#core.state;
    flags.park(this.#core.number);
    // Looked at again after the flag is up: what was pushed before it was seen by nobody else. What
    // is left to another worker has been left to one that looks.
    const nothing = taskRing.size() === 0 || !this.#mayTake();
    if (nothing && flags.isDraining() === this.#context.draining) {
      this.#core.counters.add(COLUMN.parks, 1);
      return true;
    }
    flags.unpark(this.#core.number);
    return false;
  }

  #takeTasks(): number {
    let taken = 0;
    while (taken < TASKS_A_TURN && this.#mayTake() && this.#core.state.taskRing.pop(this.#task)) {
      // The last turn is over: what is answered here began now.
      if (taken++ === 0 && this.#context.observer !== null) this.loop.refresh();
      this.#takeConnection(this.#task[TASK_FIELD.descriptor] ?? -1);
    }
    // Their answers do not wait until this thread has offered its core to others.
    if (taken > 0) this.#context.flush();
    return taken;
  }

  /**
   * Whether this worker has room beside the others. Who is awake while a burst comes in would take
   * all of it, and long-lived connections would stay with one core. One that has much more than
   * its share leaves the rest, and wakes who has the least: that one has never more than its share.
   */
  #mayTake(): boolean {
    const mine = this.#core.connections.size;
    if (mine < UNSHARED || this.#core.state.taskRing.size() === 0) return true;
    const { flags, workers } = this.#core.state;
    let [total, least, leastLoaded] = [0, Infinity, this.#core.number];
    // Those who are still starting count: they look at the ring first of all when they are there.
    for (let worker = 0; worker < workers; worker++) {
      const open = this.#core.state.counters(worker).openConnections;
      total += open;
      if (open < least) [least, leastLoaded] = [open, worker];
    }
    if (leastLoaded === this.#core.number || mine <= total / workers * OVERLOAD + UNSHARED) {
      return true;
    }
    if (flags.takeIfParked(leastLoaded)) this.#ring(leastLoaded);
    return false;
  }

  #ring(worker: number): void {
    this.#core.counters.add(COLUMN.doorbells, 1);
    this.loop.os.ringDoorbell(this.#doorbellOf(worker));
  }

  #doorbellOf(worker: number): number {
    const doorbell = this.#doorbells[worker];
    if (doorbell === undefined) throw new RangeError(`worker ${worker} has no doorbell`);
    return doorbell;
  }

  #takeConnection(descriptor: number): void {
    this.#trimmer.noteConnection();
    this.#core.take(new SocketTransport(descriptor, this, this.#peerAddress()), this.#context);
  }

  /** The address of the task in hand, if somebody wants to know it. */
  #peerAddress(): string {
    if (!this.#core.wantsPeerAddress) return "";
    return addressText(this.#task[TASK_FIELD.family] ?? 0, this.#addressBytes) || UNIX_PEER;
  }

  // The end.

  #drain(): void {
    this.#core.beginDrain(() => this.#core.abortAll());
    this.#core.drainAll();
  }

  #isDone(): boolean {
    const { connections, state } = this.#core;
    return this.#context.draining && connections.size === 0 && state.taskRing.size() === 0;
  }
}
