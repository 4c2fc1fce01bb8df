/**
 * A worker: one thread's share of the server.
 *
 * In: connections from the task ring. Out: their answers. It turns its event loop, takes a task if it has
 * room for one, and sleeps if there is nothing: in the kernel, and announced in shared memory so
 * that whoever brings work rings its doorbell (see ring/flags.ts for why none is lost).
 *
 * Two speeds. While no handler's promise is pending the loop never leaves this thread: it blocks in
 * epoll_wait, and nothing is allocated or awaited for a request. While one is, Deno's own loop gets its
 * turns too: each batch is followed by microtasks, after each millisecond Deno polls its sockets and timers
 * (see deno_bell.ts), and with nothing to do the wait is one that leaves the thread to Deno.
 * So it is too while threads are loading, at the start and by a new config (see the executor).
 */

import { type MessageBufferPool, UNIX_PEER } from "../../protocol/mod.ts";
import type { OutgoingBatch, Traffic } from "../net/mod.ts";
import { addressText, EPOLLET, EPOLLIN, expectSuccess, type Os } from "../os/mod.ts";
import { COLUMN, TASK_FIELD, TASK_WORDS } from "../ring/mod.ts";
import type { SessionContext } from "../serve/session/mod.ts";
import { SleepMeter, TrafficCounter, WorkerCore, type WorkerParts } from "../serve/worker/mod.ts";
import type { ThreadOrder } from "../thread/mod.ts";
import { type DenoBell, LoopbackBell } from "./deno_bell.ts";
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
/**
 * Milliseconds for which a task may be left to others that have room, but may be blocked by a handler; then
 * anybody takes it. More than a worker needs to wake up, and two ticks of the coarse clock.
 */
const PATIENCE = 10;
/** Turns of microtasks given to handlers before the slower wait: most await two or three things. */
const MICROTASKS = 8;
/** Milliseconds of work after which Deno's own loop has a turn, while handlers wait. */
const WORK_BETWEEN_TURNS = 1;

/** What the worker needs of its thread. */
export interface NativeWorkerParts extends WorkerParts {
  readonly os: Os;
  /** Default: by a connection within this process. */
  readonly bell?: DenoBell;
}

/** One worker thread's server. */
export class NativeWorker implements SocketContext, Source {
  readonly loop: EventLoop;
  readonly receiveBuffer = new Uint8Array(RECEIVE_BYTES);
  readonly messages: MessageBufferPool;
  readonly outgoing: OutgoingBatch;
  readonly traffic: Traffic;
  readonly writeStall: number;
  readonly #core: WorkerCore<EventLoop, SocketTransport>;
  readonly #doorbells: readonly number[];
  readonly #context: SessionContext;
  readonly #task = new Int32Array(TASK_WORDS);
  readonly #addressBytes = new Uint8Array(this.#task.buffer, TASK_FIELD.address * 4, 16);
  readonly #trimmer: MemoryTrimmer;
  readonly #bell: DenoBell;
  #tookTasks = false;
  // Since when Deno's own loop has had no turn, in precise milliseconds; NaN: it has just had one.
  #workingSince = NaN;

  constructor(parts: NativeWorkerParts) {
    const { start, os } = parts;
    const core = this.#core = new WorkerCore(
      parts,
      (counters) => new EventLoop(os, counters && new SleepMeter(os, counters)),
    );
    const loop = this.loop = core.loop;
    this.messages = core.messages;
    this.outgoing = core.outgoing;
    this.traffic = new TrafficCounter(core.counters);
    this.writeStall = core.config.limits.writeStall;
    this.#context = core.createContext();
    this.#trimmer = new MemoryTrimmer(loop);
    const { descriptors } = core.state;
    this.#bell = parts.bell ?? new LoopbackBell(os, {
      claim: (descriptor) => descriptors.claim(descriptor, start.worker),
      release: (descriptor) => descriptors.release(descriptor),
    });
    // Edge-triggered, so that a doorbell need not be read to fall silent.
    this.#doorbells = start.doorbells;
    const doorbell = this.#doorbellOf(start.worker);
    const registered = loop.registry.register(doorbell, this, EPOLLIN | EPOLLET);
    expectSuccess("epoll_ctl EPOLL_CTL_ADD", registered, doorbell);
    descriptors.claim(loop.registry.descriptor, start.worker);
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
    this.#bell.close();
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
    if (this.#takeOrWaitForTasks()) return void this.loop.turn(false);
    const longest = this.#fallAsleep();
    const count = this.loop.wait(longest);
    if (longest === Infinity) this.#wakeUp();
    this.loop.dispatch(count);
  }

  /** Takes what this worker was rung for, before events whose handlers may block it. */
  #wakeUp(): void {
    const { number, state: { flags } } = this.#core;
    if (!flags.unpark(number)) this.#tookTasks = this.#takeTasks() > 0;
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
    if (this.#mayBlock()) return void (this.#workingSince = NaN);
    const longest = busy ? 0 : this.#fallAsleep();
    if (longest > 0) {
      const count = await this.loop.waitAsync(longest);
      if (longest === Infinity) this.#wakeUp();
      this.loop.dispatch(count);
    } else if (!this.#hasWorkedEnough()) {
      return;
    } else if (this.#context.pendingHandlers === 0 || !await this.#bell.ring()) {
      // Messages and timers have their turn all the same, sockets of Deno at some time.
      this.loop.dispatch(await this.loop.waitAsync(0));
    }
    this.#workingSince = NaN;
  }

  /** Whether Deno's own loop is to have a turn, though there is work for this one. */
  #hasWorkedEnough(): boolean {
    const now = this.loop.os.preciseMilliseconds();
    if (Number.isNaN(this.#workingSince)) this.#workingSince = now;
    return now >= this.#workingSince + WORK_BETWEEN_TURNS;
  }

  /**
   * Announces that this worker sleeps, if there is nothing for it to do.
   *
   * @returns for how long it may: Infinity, as it is rung for what comes; 0, as there is work; or until it has
   * to look again whether others have taken what it left to them. It has announced nothing then: only who
   * may take tasks may park.
   */
  #fallAsleep(): number {
    const { flags, taskRing } = this.#core.state;
    flags.park(this.#core.number);
    // Looked at again after the flag is up: what was pushed before it was seen by nobody else.
    if (taskRing.size() === 0 && flags.isDraining() === this.#context.draining) {
      this.#core.counters.add(COLUMN.parks, 1);
      return Infinity;
    }
    flags.unpark(this.#core.number);
    return this.#mayTake() ? 0 : PATIENCE;
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
   * its share leaves the rest, and wakes who has the least: that one has never more than its share. But that
   * one may be blocked by a handler: what it has not taken after a while, anybody takes.
   */
  #mayTake(): boolean {
    const mine = this.#core.connections.size;
    const { flags, taskRing, workers } = this.#core.state;
    if (mine < UNSHARED) return true;
    const age = taskRing.ageOfOldest(this.loop.now);
    if (age < 0 || age >= PATIENCE) return true;
    let [total, alive, least, leastLoaded] = [0, 0, Infinity, this.#core.number];
    for (let worker = 0; worker < workers; worker++) {
      if (!flags.isAlive(worker)) continue; // who still loads looks at the ring first of all when it is there
      const open = this.#core.state.counters(worker).openConnections;
      total += open;
      alive++;
      if (open < least) [least, leastLoaded] = [open, worker];
    }
    if (leastLoaded === this.#core.number || mine <= total / alive * OVERLOAD + UNSHARED) {
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
