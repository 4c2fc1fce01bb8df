/**
 * A worker on epoll: one thread's share of the server.
 *
 * In: connections that it accepts itself (worker_acceptor.ts), or from the task ring. Out: their answers. It runs
 * its event loop, takes tasks if it has room for them, and otherwise sleeps in the kernel. Before it sleeps it sets its parked flag in shared memory, so
 * that the thread that brings work rings its doorbell (ring/flags.ts explains why no wake-up is lost).
 *
 * It has two modes. While no handler's promise is pending, the loop never leaves this thread: it blocks in
 * epoll_wait, and a request causes no allocation and no await. The same if all that are pending wait for this loop itself
 * (net/loop_promise.ts): microtasks run after each batch. While another promise is pending, Deno's own loop gets
 * turns too: microtasks run after each batch, Deno polls its sockets and timers after each millisecond of work
 * (see deno_bell.ts), and an idle wait leaves the thread to Deno. The second mode also applies while threads
 * are loading, at the start and after a new config (see the executor), and always if there is an app: its timers,
 * sockets and streams are Deno's.
 *
 * Longer than 400 lines because taking connections, sleeping and stopping share one worker's state.
 */

import { CLOSES, type MessageBufferPool, UNIX_PEER } from "../../protocol/mod.ts";
import { ConnectionTask, type OutgoingBatch, type Traffic } from "../net/mod.ts";
import {
  addressText,
  EPOLLET,
  EPOLLIN,
  expectSuccess,
  type OpenedRing,
  openWakeRing,
  type Os,
  peerSockaddr,
} from "../os/mod.ts";
import { COLUMN, TASK_FIELD, TASK_KIND } from "../ring/mod.ts";
import { lastAnswer, PLAIN_TEXT, type ShortAnswer, UNAVAILABLE } from "../serve/answers/mod.ts";
import { RefusalSession, type Router, type SessionContext } from "../serve/session/mod.ts";
import {
  noteTlsRefusal,
  SleepMeter,
  type SocketMemory,
  TrafficCounter,
  WorkerCore,
  type WorkerParts,
} from "../serve/worker/mod.ts";
import {
  decodeConnections,
  encodeConnections,
  type MovedConnection,
  type ThreadOrder,
} from "../thread/mod.ts";
import type { TlsOs } from "../tls/mod.ts";
import { type DenoBell, LoopbackBell } from "./deno_bell.ts";
import { DenoWait, LONGEST_SHORT_WAIT } from "./deno_wait.ts";
import { EventLoop } from "./event_loop.ts";
import type { Source } from "./io_registry.ts";
import { FREE_SHARE } from "./free_share.ts";
import { LastingConnections } from "./lasting_connections.ts";
import { LeavingConnections } from "./leaving_connections.ts";
import { LoadBalance, YIELDED_TASK_AGE } from "./load_balance.ts";
import { MemoryTrimmer } from "./memory_trimmer.ts";
import { Refusals } from "./refusals.ts";
import { RingSender } from "./ring_sender.ts";
import { type SocketContext, SocketTransport } from "./socket_transport.ts";
import { WorkerAcceptor } from "./worker_acceptor.ts";

/** Size of the receive buffer: a 64 KiB message with its header arrives in one receive. */
const RECEIVE_BYTES = 256 * 1024;
/** Tasks taken before each turn: few, so that workers that are waking up get a share of a burst. */
const TASKS_A_TURN = 4;
/** Tasks that are taken at most between two looks at the descriptors. */
const TASKS_A_POLL = 8;
/**
 * Calls of sched_yield before a sleep. Measured with one request per connection: 28 µs of CPU each instead of
 * 35 with one yield, 26 with two, no less with more.
 */
const YIELDS = 2;
/** Rounds of microtasks for handlers before the slower wait: most handlers await two or three times. */
const MICROTASKS = 8;
/** The same before a wait of this thread: the promises behind an answer must all have had their turn. */
const MICROTASKS_BEFORE_BLOCK = 4;
/** Milliseconds of work after which Deno's own loop gets a turn, while handlers wait. */
const WORK_BETWEEN_DENO_TURNS = 1;
/** The same with an app, while no handler waits. */
const WAITS_BETWEEN_DENO_TURNS = 2;

/**
 * The longest wait of a worker with an app that has nothing to do, in milliseconds: deadlines that the app's own timers set
 * meanwhile are so late at most. The main thread takes a worker for blocked after two seconds without a turn.
 */
const IDLE_WAIT = 500;

/** The longest wait of a worker that takes no more connections, in milliseconds: nobody rings it. */
const RETIRED_WAIT = 100;

/** What the worker needs from its thread. */
export interface NativeWorkerParts extends WorkerParts {
  readonly os: Os;
  /** The same object as `os`, if connections speak TLS. */
  readonly tls?: TlsOs;
  /** Answers connections of kind `redirect`. */
  readonly redirect?: Router | undefined;
  /** Sends to many sockets with one system call; absent: each send is a call of its own. */
  readonly ring?: OpenedRing | undefined;
  /** From how many sockets on; default: that of {@link RingSender}. */
  readonly ringMinimum?: number;
  /** Default: a {@link LoopbackBell}. */
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
  readonly ringSender: RingSender | null;
  readonly #core: WorkerCore<EventLoop, SocketTransport>;
  readonly #doorbells: readonly number[];
  readonly #context: SessionContext;
  readonly #parts: NativeWorkerParts;
  readonly #hasApp: boolean;
  // Of connections to the port that redirects to https.
  readonly #redirectContext: SessionContext | null;
  // Connections above a limit: the core does not know them.
  readonly #refusals: Refusals;
  readonly #task = new ConnectionTask();
  readonly #balance: LoadBalance;
  readonly #lasting = new LastingConnections();
  // In the loop's milliseconds.
  #closedAt = -Infinity;
  // Null: the acceptor accepts.
  readonly #acceptor: WorkerAcceptor | null;
  readonly #trimmer: MemoryTrimmer;
  readonly #bell: DenoBell;
  // Null: there is no app.
  readonly #denoWait: DenoWait | null;
  #tookTasks = false;
  // Tasks taken since the descriptors were looked at.
  #unpolledTasks = 0;
  // Another worker serves instead.
  #isRetired = false;
  readonly #leaving: LeavingConnections;
  // When Deno's own loop had its last turn, in the loop's milliseconds; NaN: just now.
  #lastDenoTurn = NaN;
  // A short wait has ended without an event of ours.
  #isIdle = false;

  constructor(parts: NativeWorkerParts) {
    const { start, os, redirect, tls, hasApp = false } = parts;
    this.#parts = parts;
    this.#hasApp = hasApp;
    const core = this.#core = new WorkerCore(
      tls === undefined ? parts : { ...parts, sockets: this.#memoryOf(tls) },
      (counters) => new EventLoop(os, counters && new SleepMeter(os, counters)),
    );
    const loop = this.loop = core.loop;
    this.messages = core.messages;
    this.outgoing = core.outgoing;
    this.traffic = new TrafficCounter(core.counters);
    this.writeStall = core.config.limits.writeStall;
    this.#context = core.createContext({
      now: () => loop.now,
      ring: (worker) => this.#ring(worker),
    });
    // At once, also if this worker does not turn.
    this.#context.isFrozen = () => core.state.flags.isFrozen();
    this.#redirectContext = redirect === undefined ? null : core.createContextFor(redirect);
    this.ringSender = this.#createSender();
    this.#refusals = new Refusals(this);
    this.#balance = new LoadBalance(core.state, start.worker, (worker) => this.#ring(worker));
    this.#acceptor = start.listener === undefined ? null : this.#createAcceptor(start.listener);
    if (tls !== undefined) this.#attach(tls);
    this.#leaving = this.#createLeaving();
    this.#trimmer = new MemoryTrimmer(loop);
    const { descriptors } = core.state;
    const owner = {
      claim: (descriptor: number) => descriptors.claim(descriptor, start.worker),
      release: (descriptor: number) => descriptors.release(descriptor),
    };
    const bell = new LoopbackBell(os, owner);
    this.#bell = parts.bell ?? bell;
    const { registry } = loop;
    const opened = hasApp && core.config.ioUring !== "off" ? openWakeRing() : "off";
    const ring = typeof opened === "string" ? null : opened;
    this.#denoWait = hasApp ? new DenoWait({ os, registry, bell, ring, owner }) : null;
    loop.onDeferred = () => os.ringDoorbell(this.#doorbellOf(start.worker));
    // Edge-triggered, so that a doorbell need not be read to clear it.
    this.#doorbells = start.doorbells;
    const doorbell = this.#doorbellOf(start.worker);
    const registered = loop.registry.register(doorbell, this, EPOLLIN | EPOLLET);
    expectSuccess("epoll_ctl EPOLL_CTL_ADD", registered, doorbell);
    descriptors.claim(loop.registry.descriptor, start.worker);
  }

  /** Subjects of clients' certificates are in the log, and known to handlers; bytes that TLS holds end a wait. */
  #attach(tls: TlsOs): void {
    const { log, number } = this.#core;
    tls.endWait = () => this.loop.os.ringDoorbell(this.#doorbellOf(number));
    tls.onClient = (descriptor, subject) => log.note("TLS", `fd=${descriptor} client ${subject}`);
    this.#context.clientSubjectOf = (descriptor) => tls.clientSubject(descriptor);
  }

  #memoryOf(tls: TlsOs): SocketMemory {
    return { heldBytes: () => tls.heldBytes, refused: () => this.#refusals.open };
  }

  #createSender(): RingSender | null {
    const { ring, ringMinimum } = this.#parts;
    const { counters, number, state: { descriptors } } = this.#core;
    // If this worker died, the descriptor would be closed.
    if (ring === undefined || !descriptors.claim(ring.descriptor, number)) return null;
    const sender = new RingSender(ring.ring, counters, ringMinimum);
    this.outgoing.sendJointly(sender);
    return sender;
  }

  /** Those that cannot go on in the new server are ended. */
  #createLeaving(): LeavingConnections {
    const { loop, number, state: { flags } } = this.#core;
    return new LeavingConnections({
      loop,
      takes: () => flags.isMoving(),
      flush: () => this.#context.flush(),
      leave: (connections, others) => {
        if (others === "after all") flags.setGiving(number);
        this.#parts.post({ type: "moved", connections: encodeConnections(connections), others });
        if (others === "never") this.#drainRest();
      },
      awaitTaken: (longest) => flags.awaitTaken(number, longest),
    });
  }

  #createAcceptor(listener: number): WorkerAcceptor {
    const { config: { limits }, counters, loop, state, warnings } = this.#core;
    const { descriptorCeiling = Infinity } = this.#parts.start;
    return new WorkerAcceptor({
      listener,
      task: this.#task,
      loop,
      state,
      counters,
      limits,
      descriptorCeiling,
      warnings,
      place: () => this.#placeAccepted(),
      refuse: () => this.#takeConnection(),
      giveUpRefused: () => this.#refusals.abort(),
      hasShare: () => this.#core.connections.size < FREE_SHARE,
    });
  }

  /** Serves until the server has stopped and all connections are gone. */
  async run(): Promise<void> {
    const core = this.#core;
    if (this.#denoWait !== null && await this.#bell.ring()) this.#denoWait.findDeno();
    if (this.#hasApp) await core.startApp();
    core.begin((order) => this.#obey(order));
    this.loop.serve(this.#parts.alarms ?? null, (milliseconds) => {
      if (this.#denoWait?.shorten(milliseconds) !== true) this.loop.onDeferred();
    });
    while (!this.#isDone()) {
      this.#openAcceptor();
      this.#acceptor?.resume(); // while threads load, too
      if (this.#mayBlock()) {
        this.#turn();
        // What was waited for in the loop may have come, and lets handlers go on.
        if (this.#context.pendingInLoop > 0) await this.#runPromises();
      } else if (this.#waitsShortly() && !this.#isDenoWaiting()) {
        const rounds = this.#turnOfApp(this.#denoWait!);
        await undefined;
        for (let i = 1; i < rounds || (i < MICROTASKS && this.#isPromised()); i++) await undefined;
      } else await this.#turnSharedWithDeno();
      core.noteLines();
      if (this.#isDrainDue()) this.#drain();
    }
    this.#refusals.abort();
    this.loop.serve(null);
    if (this.#hasApp) await core.stopApp();
    core.state.descriptors.release(this.loop.registry.descriptor);
    if (this.#denoWait?.isWaiting !== true) this.loop.close();
    this.#denoWait?.close();
    this.#bell.close();
    this.#closeRing();
    this.#parts.tls?.dispose();
    core.end();
  }

  /** Begins to accept, if all workers have loaded, or if the descriptors are enough for all. */
  #openAcceptor(): void {
    if (this.#core.state.flags.isAllLoaded()) this.#acceptor?.open();
    else if (this.#parts.start.acceptsEarly === true) this.#acceptor?.openEarly();
  }

  #closeRing(): void {
    const { ring } = this.#parts;
    if (ring === undefined) return;
    this.#core.state.descriptors.release(ring.descriptor);
    ring.close();
  }

  /** The other orders are for the Deno transport: here a flag in shared memory says that the server stops. */
  async #obey(order: ThreadOrder): Promise<void> {
    if (order.type === "config") await this.#core.routeBy(order);
    else if (order.type === "scheduled") await this.#core.runScheduled(order);
    else if (order.type === "retire") this.#retire();
    else if (order.type === "freeze") this.#forAll((connection) => connection.freeze());
    else if (order.type === "thaw") this.#forAll((connection) => connection.thaw());
    else if (order.type === "adopt") {
      for (const left of decodeConnections(order.connections)) this.#adopt(left);
    } else if (order.type === "certificates") this.#parts.tls?.renew(order.set);
  }

  /** Does something to each connection; it may end some. */
  #forAll(action: (connection: SocketTransport) => void): void {
    for (const connection of [...this.#core.connections]) action(connection);
  }

  // Called by transports.

  onClosing(transport: SocketTransport): void {
    this.#acceptor?.noteClosing();
    if (this.#refusals.remove(transport)) {
      return this.#core.state.descriptors.release(transport.descriptor);
    }
    this.#lasting.delete(transport);
    this.#closedAt = this.loop.now;
    this.#core.leave(transport);
  }

  heldBySocket(descriptor: number): number {
    return this.#parts.tls?.heldBy(descriptor) ?? 0;
  }

  /** Plain HTTP on the https port is a mistake that its client can fix, if it is told. */
  onReceiveFailed(transport: SocketTransport): void {
    const failure = this.#parts.tls?.takeFailure() ?? null;
    if (failure === null) return transport.abort();
    const { firstByte, reason } = failure;
    noteTlsRefusal(this.#core, { descriptor: transport.descriptor, isTls: firstByte < 0, reason });
    if (!isLetter(firstByte)) return transport.abort();
    transport.setSession(new RefusalSession(transport));
    this.#answerLast(transport, PLAIN_TEXT);
  }

  /** The doorbell was rung, which has ended the wait. */
  onReady(): void {
    this.#core.counters.add(COLUMN.wakeUps, 1);
    if (this.#leaving.isWaiting && !this.#isDrainDue()) this.#leaving.giveSome();
  }

  // The loop.

  #turn(): void {
    this.#core.counters.add(COLUMN.loopTurns, 1);
    if (this.#takeTasksOrYield()) return this.#turnAfterTasks();
    this.#unpolledTasks = 0;
    const longest = this.#park();
    this.#acceptor?.setExclusive(true);
    const count = this.loop.wait(longest);
    if (longest === Infinity) this.#wakeUp(count);
    this.loop.dispatch(count);
  }

  /**
   * Looks at the descriptors only after some tasks: a connection that asks once and is closed adds none, and the
   * wait for the next task looks at them too.
   */
  #turnAfterTasks(): void {
    if (this.#unpolledTasks < TASKS_A_POLL && this.loop.turnWithoutEvents()) return;
    this.#unpolledTasks = 0;
    this.loop.turn(false);
  }

  /**
   * Takes the task that this worker was rung for, before it dispatches events whose handlers may block it. It accepts
   * first: other workers take a task that waits, but nothing wakes them again for the backlog.
   */
  #wakeUp(count: number): void {
    const { number, state: { flags } } = this.#core;
    if (flags.unpark(number)) return;
    this.loop.dispatchFirst(count);
    this.#balance.forgetHandedOver();
    this.#tookTasks = this.#takeTasks() > 0;
  }

  /**
   * Takes tasks if there are any. After a task, the next ones are usually on their way: the worker yields the
   * core to the acceptor before it goes to sleep and has to be woken.
   */
  #takeTasksOrYield(): boolean {
    if (this.#takeTasks() > 0) return this.#tookTasks = true;
    for (let i = 0; i < YIELDS && this.#tookTasks; i++) {
      this.loop.os.yield();
      if (this.#takeTasks() > 0) return true;
    }
    return this.#tookTasks = false;
  }

  /** Whether the loop may block the thread: there is no app, no handler is pending, and no thread is still loading. */
  #mayBlock(): boolean {
    return !this.#hasApp && this.#context.pendingHandlers === 0 &&
      this.#core.state.flags.isAllLoaded();
  }

  /** Whether this thread waits for both loops, for a moment: there is an app, no handler is pending, and there was work just now. */
  #waitsShortly(): boolean {
    return this.#denoWait !== null && !this.#isIdle && this.#context.pendingHandlers === 0;
  }

  /**
   * A turn with an app that waits for nothing of Deno's.
   *
   * @returns how many rounds of microtasks what it has called may need at least: one, unless timers of the app were called, or streams go
   * on. What else goes on behind an answer gets one in each turn, and all that it needs in Deno's, two milliseconds later at most.
   */
  #turnOfApp(wait: DenoWait): number {
    this.#core.counters.add(COLUMN.loopTurns, 1);
    this.#core.noteAlive();
    wait.watchDeno(true);
    const longest = this.#takeTasks() > 0 ? 0 : this.#park();
    const count = this.loop.wait(Math.min(longest, LONGEST_SHORT_WAIT));
    if (longest === Infinity) this.#wakeUp(count);
    const alarms = this.loop.dispatch(count);
    this.#isIdle = longest > 0 && alarms === 0 && count === (wait.isDenoReady ? 1 : 0);
    const { streamsGoOn } = this.#context;
    this.#context.streamsGoOn = false;
    return alarms > 0 || streamsGoOn ? MICROTASKS : 1;
  }

  /** Whether the promise of a handler is pending. */
  #isPromised(): boolean {
    return this.#context.pendingHandlers > 0 || this.#context.pendingInLoop > 0;
  }

  async #turnSharedWithDeno(): Promise<void> {
    this.#core.counters.add(COLUMN.loopTurns, 1);
    this.#denoWait?.watchDeno(false);
    if (this.#hasApp) this.#core.noteAlive();
    const busy = this.#takeTasks() + this.loop.turn(false) > 0;
    await this.#runPromises();
    if (this.#mayBlock()) return this.#noteDenoTurn();
    if (busy) this.#isIdle = false;
    const longest = busy || this.#waitsShortly() ? 0 : this.#park();
    if (longest > 0) {
      const count = await this.#sleep(longest);
      if (longest === Infinity) this.#wakeUp(count);
      this.loop.dispatch(count);
      this.#isIdle = false;
    } else if (busy ? !this.#isDenoTurnDue(WORK_BETWEEN_DENO_TURNS) : !this.#isDenoWaiting()) {
      return;
    } else if (!this.#needsDeno() || !await this.#bell.ring()) {
      // Messages and timers get their turn all the same; Deno's sockets are polled at some later time.
      this.loop.dispatch(await this.#sleep(0));
    }
    this.#noteDenoTurn();
  }

  #noteDenoTurn(): void {
    this.#lastDenoTurn = NaN;
    this.#denoWait?.noteDenoTurn();
  }

  /** Whether something waits for Deno's sockets or timers. */
  #needsDeno(): boolean {
    return this.#hasApp || this.#context.pendingHandlers > 0;
  }

  /** Lets handlers go on for which something has come. */
  async #runPromises(): Promise<void> {
    const context = this.#context;
    for (let i = 0; i < MICROTASKS && context.pendingHandlers > 0; i++) await undefined;
    for (let i = 0; i < MICROTASKS_BEFORE_BLOCK && context.pendingInLoop > 0; i++) await undefined;
  }

  /** Leaves the thread to Deno's loop until there is something to do; returns the number of events. */
  async #sleep(longest: number): Promise<number> {
    const wait = this.#denoWait;
    const most = this.#context.pendingHandlers === 0 ? IDLE_WAIT : undefined;
    if (longest > 0 && wait?.isRung !== true) this.#acceptor?.setExclusive(false);
    if (wait === null) return await this.loop.waitAsync(longest);
    await wait.sleep(this.loop.beginWait(longest, most));
    return this.loop.endWait();
  }

  /** Whether Deno has something to do, or must have a turn as something may wait that no descriptor shows. */
  #isDenoWaiting(): boolean {
    return this.#denoWait?.isDenoReady === true || this.#isDenoTurnDue(WAITS_BETWEEN_DENO_TURNS);
  }

  /** Whether it is time for a turn of Deno's own loop, after so many milliseconds without. */
  #isDenoTurnDue(without: number): boolean {
    const now = this.loop.os.preciseMilliseconds();
    if (Number.isNaN(this.#lastDenoTurn)) this.#lastDenoTurn = now;
    return now >= this.#lastDenoTurn + without;
  }

  /**
   * Parks this worker if there is nothing for it to do.
   *
   * @returns how long it may sleep. Infinity: it is parked and will be rung. 0: there is work. Otherwise it is
   * not parked, and has to check again whether others took the tasks that it left to them: only a worker that
   * may take tasks may park.
   */
  #park(): number {
    const { flags, taskRing } = this.#core.state;
    if (this.#isRetired) return RETIRED_WAIT;
    flags.park(this.#core.number);
    // Checked again after the flag is set: a task pushed before that rang no doorbell.
    if (taskRing.size() === 0 && !this.#isDrainDue()) {
      this.#core.counters.add(COLUMN.parks, 1);
      this.#balance.forgetHandedOver();
      return Infinity;
    }
    flags.unpark(this.#core.number);
    return this.#mayTake() ? 0 : YIELDED_TASK_AGE;
  }

  #takeTasks(): number {
    let taken = 0;
    const { taskRing } = this.#core.state;
    while (taken < TASKS_A_TURN && this.#mayTake() && taskRing.pop(this.#task.words)) {
      // The last turn is over: the time of these requests begins now.
      if (taken++ === 0 && this.#context.observer !== null) this.loop.refresh();
      this.#takeConnection();
    }
    this.#unpolledTasks += taken;
    // Their answers do not wait until this thread has yielded the core.
    if (taken > 0) this.#context.flush();
    return taken;
  }

  #mayTake(): boolean {
    return !this.#isRetired && this.#balance.mayTake(this.#core.connections.size, this.loop.now);
  }

  /** Serves the connection that this worker accepted, or leaves it to another one. */
  #placeAccepted(): void {
    const { connections: { size } } = this.#core;
    const lasting = this.#lasting.count(this.loop.now);
    const sinceClosing = this.loop.now - this.#closedAt;
    const { words } = this.#task;
    if (!this.#balance.handOver(words, size, lasting, sinceClosing)) return this.#takeConnection();
    // Else each short connection that follows would be handed over, too.
    if (lasting > 0) this.#acceptor?.goLast();
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

  /** Takes the connection of the current task. */
  #takeConnection(): void {
    this.#trimmer.noteConnection();
    const { words } = this.#task;
    const descriptor = words[TASK_FIELD.descriptor]!; // TASK_WORDS of them
    const kind = words[TASK_FIELD.kind];
    const context = kind === TASK_KIND.refused ? this.#refusals.context : this;
    const transport = new SocketTransport(descriptor, context, this.#peerAddress());
    if (transport.peerAddress !== "") transport.peerPort = words[TASK_FIELD.port]!;
    if (kind === TASK_KIND.redirect && this.#redirectContext !== null) {
      return this.#serve(transport, this.#redirectContext);
    }
    this.#parts.tls?.adopt(descriptor);
    if (kind === TASK_KIND.refused) this.#refuse(transport);
    else this.#serve(transport, this.#context);
  }

  #serve(transport: SocketTransport, context: SessionContext): void {
    this.#lasting.add(transport, this.loop.now);
    this.#core.take(transport, context);
  }

  /** Goes on with a connection that the server before this one has left. Limits were for that one to apply. */
  #adopt(left: MovedConnection): void {
    const { config: { limits }, state: { addresses, flags } } = this.#core;
    const { words } = this.#task;
    const { descriptor } = left;
    this.#task.fill(descriptor, peerSockaddr(descriptor), this.loop.now);
    const family = words[TASK_FIELD.family]!; // TASK_WORDS of them
    if (limits.connectionsPerAddress > 0 && family !== 0) {
      flags.whileEntering(() => addresses.enter(descriptor, family, words, TASK_FIELD.address));
    }
    const transport = new SocketTransport(descriptor, this, left.address || this.#peerAddress());
    if (transport.peerAddress !== "") {
      transport.peerPort = left.address === "" ? words[TASK_FIELD.port]! : left.port;
    }
    this.#lasting.add(transport, this.loop.now);
    this.#core.resume(transport, left);
    this.#leaving.add(transport);
  }

  /** Answers 503 to a connection above a limit, after its TLS handshake if it speaks TLS. */
  #refuse(transport: SocketTransport): void {
    this.#refusals.add(transport);
    const { descriptors } = this.#core.state;
    const isOwned = descriptors.claim(transport.descriptor, this.#core.number);
    transport.setSession(new RefusalSession(transport)); // an abort ends it, too
    if (isOwned) this.#answerLast(transport, UNAVAILABLE);
    else transport.abort();
  }

  /** Sends one answer on a connection with a {@link RefusalSession}, and closes it once its peer has read that. */
  #answerLast(transport: SocketTransport, answer: ShortAnswer): void {
    const { date } = this.#parts;
    date.set(this.loop.os.epochMilliseconds());
    transport.out.append(lastAnswer(answer, date).bytesFor(false, CLOSES));
    transport.finish(true);
  }

  /** The peer address of the current task, if anything needs it. */
  #peerAddress(): string {
    if (!this.#core.wantsPeerAddress) return "";
    return addressText(this.#task.words[TASK_FIELD.family] ?? 0, this.#task.address) || UNIX_PEER;
  }

  // Stopping.

  /** As at a stop, but what waits for a worker is left to the others. */
  #retire(): void {
    if (this.#context.draining) return;
    this.#isRetired = true;
    this.#drain();
  }

  /** Whether the server stops, or a new one takes over, and this worker does not know yet. */
  #isDrainDue(): boolean {
    const { flags } = this.#core.state;
    const { draining, handsOver } = this.#context;
    return draining ? handsOver && !flags.isHandingOver() : flags.isDraining();
  }

  #drain(): void {
    this.#core.beginDrain(() => this.#core.abortAll(), this.#isRetired);
    this.#leaving.stay();
    const moves = this.#context.handsOver && this.#core.state.flags.isMoving();
    // What TLS knows of a connection cannot be moved.
    if (moves) this.#leaving.begin(this.#parts.tls === undefined ? this.#core.connections : []);
    else this.#drainRest();
    if (this.#context.handsOver) this.#acceptor?.handOver();
    else this.#acceptor?.close();
    this.#refusals.drain();
  }

  /** What has lost what it is about ends soon, the others over the time of the spread. */
  #drainRest(): void {
    this.#context.isFrozen = () => false;
    this.#forAll((connection) => {
      if (connection.thaw()) connection.drain();
    });
    this.#core.drainAll();
  }

  #isDone(): boolean {
    const { connections, state } = this.#core;
    return this.#context.draining && connections.size === 0 &&
      (this.#isRetired || state.taskRing.size() === 0);
  }
}

/** Whether a first byte may begin the method of a request. */
function isLetter(byte: number): boolean {
  return /^[A-Za-z]$/.test(String.fromCharCode(Math.max(byte, 0)));
}
