/**
 * The acceptor: one thread that blocks in accept4 and hands each connection to an idle worker. There is one only if
 * workers do not accept by themselves (worker_acceptor.ts): for a socket of systemd, and for one that is redirected.
 *
 * In: the listening descriptor, and that of the port whose connections are redirected, if there is one. Out: tasks
 * on the ring, and the doorbell of one parked worker for each. If the
 * ring is full, the acceptor waits and the kernel's backlog holds the clients: no connection is lost. A
 * connection never takes one of the descriptors that are reserved for files: the acceptor holds it until a
 * lower number is free. Nor does it take a descriptor of the executor's reserve while that reserve is lent
 * (descriptor_reserve.ts). While it has refused connections open, it polls them: see refused_connections.ts.
 * While workers are still starting, it does not block, and accepts only what the workers that serve may take
 * at once. It ends when the listening socket is shut down or, if another process shares that socket, when its
 * bell is rung.
 */

import { CLOSES, DateField, type PreparedResponse } from "../../protocol/basics.ts";
import {
  EAGAIN,
  EINVAL,
  EMFILE,
  errnoText,
  isLostConnection,
  isShortage,
  type Os,
  SOCKADDR_BYTES,
  SystemError,
} from "../os/mod.ts";
import {
  COLUMN,
  type Counters,
  openSharedState,
  type SharedState,
  TASK_FIELD,
  TASK_KIND,
} from "../ring/mod.ts";
import { Admission, cannotAccept, ConnectionTask, refusing } from "../net/mod.ts";
import { lastAnswer, UNAVAILABLE } from "../serve/answers/mod.ts";
import { type AcceptorStart, type ThreadMessage, Warnings } from "../thread/mod.ts";
import { FREE_SHARE } from "./free_share.ts";
import { ListenerWait } from "./listener_wait.ts";
import { POLL_INTERVAL, RefusedConnections } from "./refused_connections.ts";

/** Milliseconds between attempts while there is no descriptor, no memory or no slot. */
const BACK_OFF = 20;
/** Connections that are accepted in a row before the bell is checked. */
const ACCEPTS_PER_BELL_CHECK = 256;
/** Milliseconds between two looks at the listener while workers are starting. */
const LOADING_PAUSE = 5;

/** What the acceptor needs of its thread. */
export interface AcceptorParts {
  readonly start: AcceptorStart;
  readonly os: Os;
  /** Blocks the thread for this many milliseconds. */
  sleep(milliseconds: number): void;
  /** Leaves the thread to Deno for this many milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** Milliseconds since 1970, for the date of a refusal. */
  now(): number;
  /** Sends a message to the main thread. */
  post(message: ThreadMessage): void;
}

/** The sockets that it waits for. */
function listenersOf({ listener, redirectListener }: AcceptorStart): number[] {
  return redirectListener === undefined ? [listener] : [listener, redirectListener];
}

/** Accepts connections until the socket is shut down. */
export class Acceptor {
  readonly #parts: AcceptorParts;
  readonly #state: SharedState;
  readonly #counters: Counters;
  readonly #sockaddr = new Uint8Array(SOCKADDR_BYTES);
  readonly #task = new ConnectionTask();
  readonly #date = new DateField();
  /** Encoded once, so that a flood of connections does not cost one encoding each. */
  readonly #refusal: PreparedResponse = lastAnswer(UNAVAILABLE, this.#date);
  readonly #wait: ListenerWait | null;
  readonly #refused: RefusedConnections;
  readonly #admission: Admission;
  #nextWorker = 0;
  #starved = false;
  #accepts = 0;
  readonly #warnings: Warnings;

  constructor(parts: AcceptorParts) {
    this.#parts = parts;
    this.#warnings = new Warnings(parts.post, parts.now);
    const { start: { memory, redirectListener, stopBell }, os } = parts;
    const listeners = listenersOf(parts.start);
    const isAlone = stopBell === undefined && redirectListener === undefined;
    this.#wait = isAlone ? null : new ListenerWait(os, listeners, stopBell);
    this.#state = openSharedState(memory);
    this.#counters = this.#state.counters(this.#state.acceptorBlock);
    this.#refused = new RefusedConnections(os);
    const { maxConnections: connections, maxConnectionsPerAddress: connectionsPerAddress } =
      parts.start;
    const limits = { connections, connectionsPerAddress };
    this.#admission = new Admission(this.#state, this.#counters, limits);
  }

  /** Accepts connections, blocking the thread, until the listener is shut down or the bell is rung. */
  run(): void {
    while (this.#acceptNext());
    this.#refused.closeAll();
    this.#parts.post({ type: "stopped" });
  }

  /**
   * Accepts connections until all workers serve; called before `run`. Does not block the thread, because others
   * load meanwhile: see the executor. The workers that serve already get few connections, and the kernel's backlog
   * holds the others: else long-lived connections would all stay with the first worker.
   */
  async acceptWhileLoading(): Promise<void> {
    const { start: { listener }, os, pause } = this.#parts;
    const { flags } = this.#state;
    while (!flags.isAllLoaded() && !flags.isDraining()) {
      // The backlog may never be empty.
      while (
        !flags.isAllLoaded() && this.#hasRoomWhileLoading() && os.awaitConnection(listener, 0)
      ) {
        const accepted = os.accept(listener, this.#sockaddr);
        if (accepted === -EAGAIN) break; // another process that shares the listener was faster
        if (!this.#acceptOne(accepted, TASK_KIND.connection)) return;
      }
      this.#refused.poll();
      await pause(LOADING_PAUSE);
    }
  }

  #hasRoomWhileLoading(): boolean {
    const { flags, workers } = this.#state;
    let alive = 0;
    for (let worker = 0; worker < workers; worker++) if (flags.isAlive(worker)) alive++;
    return this.#openConnections(0) < FREE_SHARE * alive;
  }

  /** Waits for a connection and accepts it, or polls the refused ones; false at the end. */
  #acceptNext(): boolean {
    const { start: { listener, redirectListener }, os } = this.#parts;
    const hasRefused = this.#refused.size > 0;
    // A flood of connections must not keep the bell from being noticed.
    const checksBell = hasRefused || ++this.#accepts % ACCEPTS_PER_BELL_CHECK === 0;
    if (checksBell && this.#wait?.wait(0) === false) return false;
    if (hasRefused) {
      this.#refused.poll();
      if (!os.awaitConnection(listener, POLL_INTERVAL)) return true;
    }
    if (redirectListener === undefined) {
      return this.#acceptOne(os.accept(listener, this.#sockaddr), TASK_KIND.connection);
    }
    // From both in turn, so that neither waits for the other; it waits if neither has a connection.
    const accepted = os.accept(redirectListener, this.#sockaddr);
    const hasRedirect = accepted >= 0 && this.#acceptOne(accepted, TASK_KIND.redirect);
    const next = os.accept(listener, this.#sockaddr);
    return hasRedirect && next === -EAGAIN || this.#acceptOne(next, TASK_KIND.connection);
  }

  /** Handles the result of accept; false at the end. */
  #acceptOne(accepted: number, kind: number): boolean {
    if (accepted >= 0) {
      const { descriptorCeiling = Infinity } = this.#parts.start;
      this.#waitWhilePaused();
      const descriptor = accepted < descriptorCeiling
        ? accepted
        : this.#moveBelowCeiling(accepted, descriptorCeiling);
      this.#starved = false;
      this.#counters.add(COLUMN.accepted, 1);
      this.#admit(descriptor, kind);
      return true;
    }
    switch (-accepted) {
      case EINVAL: // shut down
        return false;
      case EAGAIN: // the listener does not block: it is about to be shut down, or another process accepts from it too
        return this.#wait !== null && this.#wait.wait(this.#refused.size > 0 ? POLL_INTERVAL : -1);
      default:
        if (isShortage(-accepted)) this.#starve(-accepted);
        else if (!isLostConnection(-accepted)) {
          throw new SystemError("accept4", -accepted, this.#parts.start.listener);
        }
        return true;
    }
  }

  /** Moves the connection to a descriptor below the ceiling as soon as one is free; at a stop, returns at once. */
  #moveBelowCeiling(accepted: number, ceiling: number): number {
    const { os } = this.#parts;
    while (!this.#isStopping()) {
      this.#starve(EMFILE);
      const copy = os.duplicate(accepted);
      if (copy < 0) continue;
      const isLower = copy < ceiling;
      os.close(isLower ? accepted : copy);
      if (isLower) return copy;
    }
    return accepted;
  }

  #waitWhilePaused(): void {
    while (this.#state.flags.isAcceptingPaused() && !this.#isStopping()) {
      this.#parts.sleep(BACK_OFF);
    }
  }

  #isStopping(): boolean {
    return this.#state.flags.isDraining() || this.#wait?.wait(0) === false;
  }

  /** Hands a connection over, or refuses it if a limit is reached. */
  #admit(descriptor: number, kind: number): void {
    const { words } = this.#task;
    this.#task.fill(descriptor, this.#sockaddr, this.#parts.os.monotonicMilliseconds());
    words[TASK_FIELD.kind] = kind;
    const reason = this.#admission.reasonToRefuse(words, this.#openConnections(1));
    if (reason === undefined) this.#handOver();
    else this.#refuse(descriptor, reason);
  }

  #handOver(): void {
    while (!this.#state.taskRing.push(this.#task.words)) {
      this.#counters.add(COLUMN.ringFull, 1);
      this.#parts.sleep(BACK_OFF);
    }
    this.#wakeOne();
  }

  #wakeOne(): void {
    const worker = this.#state.flags.takeParked(this.#nextWorker);
    if (worker < 0) return; // all are awake, and check the ring before they sleep
    this.#nextWorker = worker + 1 < this.#state.workers ? worker + 1 : 0;
    this.#counters.add(COLUMN.doorbells, 1);
    const doorbell = this.#parts.start.doorbells[worker];
    if (doorbell === undefined) throw new RangeError(`worker ${worker} has no doorbell`);
    this.#parts.os.ringDoorbell(doorbell);
  }

  /** @param admitted how many have been counted as accepted, and are not yet admitted or refused */
  #openConnections(admitted: number): number {
    let open = this.#counters.get(COLUMN.accepted) - this.#counters.get(COLUMN.refused);
    for (let worker = 0; worker < this.#state.workers; worker++) {
      open -= this.#state.counters(worker).get(COLUMN.connectionsClosed);
    }
    return open - admitted;
  }

  /** Answers 503, and closes the connection once its peer has read that. */
  #refuse(descriptor: number, reason: string): void {
    const { os, now } = this.#parts;
    this.#warnings.say(reason, refusing(reason));
    this.#state.addresses.leave(descriptor);
    this.#counters.add(COLUMN.refused, 1);
    const { words } = this.#task;
    if (this.#parts.start.isTls === true && words[TASK_FIELD.kind] === TASK_KIND.connection) {
      words[TASK_FIELD.kind] = TASK_KIND.refused;
      // If the ring is full, the workers have more to do than refusals.
      return this.#state.taskRing.push(words) ? this.#wakeOne() : void os.close(descriptor);
    }
    this.#date.set(now());
    const answer = this.#refusal.bytesFor(false, CLOSES);
    os.send(descriptor, answer, answer.length, false);
    os.shutdownWrite(descriptor);
    this.#refused.add(descriptor);
  }

  #starve(errno: number): void {
    const { post, sleep } = this.#parts;
    this.#refused.closeAll(); // the next accepted connection needs a descriptor
    if (!this.#starved) {
      post({ type: "warning", text: cannotAccept(errnoText(errno)) });
    }
    this.#starved = true;
    sleep(BACK_OFF);
    this.#waitWhilePaused();
  }
}
