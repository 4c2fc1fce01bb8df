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

import { type DateField, MessageBufferPool, UNIX_PEER } from "../../protocol/mod.ts";
import { type Config, wantsPeerAddress } from "../config/mod.ts";
import { OutgoingBatch, type Timer, type Traffic } from "../net/mod.ts";
import type { EventLog } from "../observe/log/mod.ts";
import { addressText, EPOLLET, EPOLLIN, expectSuccess, type Os } from "../os/mod.ts";
import {
  COLUMN,
  type Counters,
  openSharedState,
  type SharedState,
  TASK_FIELD,
  TASK_WORDS,
} from "../ring/mod.ts";
import { firstSession, type Router, type SessionContext } from "../serve/session/mod.ts";
import {
  isObserved,
  LOG_AGE,
  reroute,
  routerFor,
  type RouterLoader,
  type RouterMaker,
  sessionContextFor,
  SleepMeter,
  TrafficCounter,
  WorkerLogs,
} from "../serve/worker/mod.ts";
import { type ThreadMessage, type ThreadOrder, Warnings, type WorkerStart } from "../thread/mod.ts";
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
export interface NativeWorkerParts {
  readonly start: WorkerStart;
  readonly os: Os;
  readonly router: Router | RouterMaker;
  /** Loads what another config wants; absent: the endpoints are the same by whatever config. */
  readonly load?: RouterLoader | undefined;
  /** The date that the router's answers carry. */
  readonly date: DateField;
  /** Tells the main thread. */
  post(message: ThreadMessage): void;
  /** Has orders brought to `hear`. */
  onOrder(hear: (order: ThreadOrder) => void): void;
}

/** One worker thread's server. */
export class NativeWorker implements SocketContext, Source {
  readonly loop: EventLoop;
  readonly receiveBuffer = new Uint8Array(RECEIVE_BYTES);
  readonly messages = new MessageBufferPool();
  readonly outgoing = new OutgoingBatch(this.messages);
  readonly traffic: Traffic;
  readonly writeStall: number;
  readonly #number: number;
  readonly #doorbells: readonly number[];
  readonly #config: Config;
  readonly #state: SharedState;
  readonly #counters: Counters;
  readonly #logs: WorkerLogs;
  readonly #log: EventLog;
  readonly #context: SessionContext;
  readonly #post: NativeWorkerParts["post"];
  readonly #transports = new Set<SocketTransport>();
  readonly #task = new Int32Array(TASK_WORDS);
  readonly #addressBytes = new Uint8Array(this.#task.buffer, TASK_FIELD.address * 4, 16);
  readonly #wantsPeerAddress: boolean;
  readonly #flushTimer: Timer;
  readonly #trimmer: MemoryTrimmer;
  readonly #parts: NativeWorkerParts;
  // The last order that was obeyed, and who waits for the next.
  #lastOrder: number;
  #onHeard: () => void = () => {};
  #flushSet = false;
  #tookTasks = false;
  #batches = 0;

  constructor(parts: NativeWorkerParts) {
    const { start, os, date } = parts;
    const { config } = start;
    this.#number = start.worker;
    this.#config = config;
    this.#wantsPeerAddress = wantsPeerAddress(config);
    this.#post = parts.post;
    this.#parts = parts;
    this.#lastOrder = start.lastOrder;
    this.#state = openSharedState(start.memory);
    this.#counters = this.#state.counters(start.worker);
    this.traffic = new TrafficCounter(this.#counters);
    const watch = isObserved(config) ? new SleepMeter(os, this.#counters) : null;
    const loop = this.loop = new EventLoop(os, watch);
    this.#logs = new WorkerLogs({
      memory: start.logs,
      config,
      loop,
      worker: start.worker,
      counters: this.#counters,
      post: parts.post,
    });
    this.#log = this.#logs.log;
    this.writeStall = config.limits.writeStall;
    this.#context = sessionContextFor({
      config,
      loop,
      logs: this.#logs,
      warnings: new Warnings(parts.post, () => loop.now),
      counters: this.#counters,
      router: routerFor(parts.router, { config, loop }),
      date,
      messages: this.messages,
      outgoing: this.outgoing,
    });
    this.#trimmer = new MemoryTrimmer(loop);
    this.#flushTimer = loop.timers.timer({ onDeadline: () => this.#flush() });
    // Edge-triggered, so that a doorbell need not be read to fall silent.
    this.#doorbells = start.doorbells;
    const doorbell = this.#doorbellOf(start.worker);
    const registered = loop.registry.register(doorbell, this, EPOLLIN | EPOLLET);
    expectSuccess("epoll_ctl EPOLL_CTL_ADD", registered, doorbell);
    this.#state.descriptors.claim(loop.registry.descriptor, start.worker);
  }

  /** Serves until the server has stopped and all connections are gone. */
  async run(): Promise<void> {
    this.#parts.onOrder((order) => this.#obey(order));
    this.#state.flags.setAlive(this.#number);
    this.#post({ type: "ready" });
    while (!this.#isDone()) {
      if (this.#mayBlock()) this.#turn();
      else await this.#turnGivingWay();
      if (!this.#flushSet && this.#logs.pending) this.#setFlush();
      if (!this.#context.draining && this.#state.flags.isDraining()) this.#drain();
      if (this.#lastOrder < this.#state.flags.lastOrder()) await this.#hearOrder();
    }
    this.#logs.close();
    this.#state.descriptors.release(this.loop.registry.descriptor);
    this.loop.close();
    this.#post({ type: "stopped" });
  }

  // Orders.

  #obey(order: ThreadOrder): void {
    if (order.type !== "config") return;
    // One that was under way at the start is in its config already.
    this.#lastOrder = Math.max(this.#lastOrder, order.number);
    const { load, post } = this.#parts;
    const isLast = () => order.number === this.#lastOrder;
    void reroute({ context: this.#context, load, order, isLast, post });
    this.#onHeard();
  }

  /** Leaves the thread to Deno until the order is there, which was posted before we were told of it. */
  #hearOrder(): Promise<void> {
    return new Promise((resolve) => this.#onHeard = resolve);
  }

  // What transports call.

  onClosing(transport: SocketTransport): void {
    this.#transports.delete(transport);
    this.#counters.add(COLUMN.connectionsClosed, 1);
    this.#log.removed(transport.descriptor);
    this.#state.addresses.leave(transport.descriptor);
    this.#state.descriptors.release(transport.descriptor);
  }

  /** The doorbell: it was rung to end a wait, and has. */
  onReady(): void {
    this.#counters.add(COLUMN.wakeUps, 1);
  }

  // The loop.

  #turn(): void {
    this.#counters.add(COLUMN.loopTurns, 1);
    if (this.#takeOrWaitForTasks() || !this.#park()) {
      this.loop.turn(false);
      return;
    }
    this.loop.turn(true);
    this.#state.flags.unpark(this.#number);
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
    return this.#context.pendingHandlers === 0 && this.#state.flags.isSettled();
  }

  async #turnGivingWay(): Promise<void> {
    this.#counters.add(COLUMN.loopTurns, 1);
    const busy = this.#takeTasks() + this.loop.turn(false) > 0;
    for (let i = 0; i < MICROTASKS && this.#context.pendingHandlers > 0; i++) await undefined;
    if (this.#mayBlock()) return;
    if (busy && ++this.#batches < BATCHES_BEFORE_TASKS) return;
    this.#batches = 0;
    if (!this.#park()) return;
    await this.loop.turnAsync();
    this.#state.flags.unpark(this.#number);
  }

  /** Announces that this worker sleeps; false if there is work after all. */
  #park(): boolean {
    const { flags, taskRing } = this.#state;
    flags.park(this.#number);
    // Looked at again after the flag is up: what was pushed before it was seen by nobody else. What
    // is left to another worker has been left to one that looks.
    const nothing = taskRing.size() === 0 || !this.#mayTake();
    if (nothing && flags.isDraining() === this.#context.draining) {
      this.#counters.add(COLUMN.parks, 1);
      return true;
    }
    flags.unpark(this.#number);
    return false;
  }

  #takeTasks(): number {
    let taken = 0;
    while (taken < TASKS_A_TURN && this.#mayTake() && this.#state.taskRing.pop(this.#task)) {
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
    const mine = this.#transports.size;
    if (mine < UNSHARED || this.#state.taskRing.size() === 0) return true;
    const { flags, workers } = this.#state;
    let [total, least, leastLoaded] = [0, Infinity, this.#number];
    // Those who are still starting count: they look at the ring first of all when they are there.
    for (let worker = 0; worker < workers; worker++) {
      const open = this.#state.counters(worker).openConnections;
      total += open;
      if (open < least) [least, leastLoaded] = [open, worker];
    }
    if (leastLoaded === this.#number || mine <= total / workers * OVERLOAD + UNSHARED) return true;
    if (flags.takeIfParked(leastLoaded)) this.#ring(leastLoaded);
    return false;
  }

  #ring(worker: number): void {
    this.#counters.add(COLUMN.doorbells, 1);
    this.loop.os.ringDoorbell(this.#doorbellOf(worker));
  }

  #doorbellOf(worker: number): number {
    const doorbell = this.#doorbells[worker];
    if (doorbell === undefined) throw new RangeError(`worker ${worker} has no doorbell`);
    return doorbell;
  }

  #takeConnection(descriptor: number): void {
    this.#counters.add(COLUMN.connectionsOpened, 1);
    this.#trimmer.noteConnection();
    this.#log.accepted(descriptor);
    const transport = new SocketTransport(descriptor, this, this.#peerAddress());
    transport.setSession(firstSession(this.#context, transport));
    this.#transports.add(transport);
    // Beyond the table's end nobody could close it for us if we died: so it is not served.
    if (this.#state.descriptors.claim(descriptor, this.#number)) transport.start();
    else transport.abort();
  }

  /** The address of the task in hand, where somebody wants to know it. */
  #peerAddress(): string {
    if (!this.#wantsPeerAddress) return "";
    return addressText(this.#task[TASK_FIELD.family] ?? 0, this.#addressBytes) || UNIX_PEER;
  }

  // The logs.

  #setFlush(): void {
    this.#flushSet = true;
    this.#flushTimer.set(this.loop.now + LOG_AGE);
  }

  #flush(): void {
    this.#flushSet = false;
    this.#logs.flush();
  }

  // The end.

  #drain(): void {
    this.#context.draining = true;
    const { timers } = this.loop;
    const cutOff = timers.timer({ onDeadline: () => this.#abortAll() });
    cutOff.set(this.loop.now + this.#config.limits.drainTime);
    for (const transport of [...this.#transports]) transport.drain();
  }

  #abortAll(): void {
    for (const transport of [...this.#transports]) transport.abort();
  }

  #isDone(): boolean {
    return this.#context.draining && this.#transports.size === 0 &&
      this.#state.taskRing.size() === 0;
  }
}
