/**
 * Carries out the commands of one client in their order, as much of them at a time as the worker and the client can take.
 *
 * In: messages, and what a server asks for in the client's name; the moments at which the rest may go on. Out: replies. Whatever one
 * message asks for, a turn of the loop does a bounded part of it, and no more is encoded for a client that does not read:
 *
 *   after some bytes of replies ──► the next turn; if all clients together had as many, what reads waits its turn
 *   something is queued ──► when the client has read it
 *   a second's work is done ──► the next second
 *   a token is verified, an engine is asked ──► when that is done
 *
 * What the client sends meanwhile waits here, within bounds. It never waits by a promise for the client or for time: while a
 * promise is pending, the worker's loop is slower for everybody.
 */

import { type Command, type Disconnect, DISCONNECTS } from "../../../protocol/centrifuge/mod.ts";
import { type Deferred, NEVER } from "../../net/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import type { ClientLink } from "./client_link.ts";
import { hasToken } from "./command_message.ts";
import type { CommandRate } from "./command_rate.ts";
import { Replies } from "./replies.ts";
import { READING_BYTES } from "./turn_budget.ts";

/** Replies are sent at this size, and the rest of the commands waits for the next turn. */
const REPLY_BYTES = 256 * 1024;
/** What holding a message costs, beside its bytes. */
const OVERHEAD = 64;
/** Milliseconds after which a client is looked at again that should have read. */
const RECHECK = 1_000;

/** The client. */
export interface CommandOwner {
  readonly isClosed: boolean;
  /** The commands of a message, as views of the bytes; none if it is refused, which ends the connection. */
  decode(bytes: Uint8Array, start: number, end: number): readonly Command[];
  /** Carries out one command. If it returns a promise, it sends its reply itself before that is settled. */
  carryOut(command: Command, replies: Replies): void | Promise<void>;
  /** Ends the connection. */
  disconnect(reason: Disconnect): void;
  /** Replies were dropped. */
  onSlow(): void;
  /** {@link CommandQueue.wakeAt} has changed. */
  setTimer(): void;
  /** Everything is carried out: the queue is needed no more, until there is something again. */
  onIdle(): void;
}

/** Something that a server asks for. */
export interface ServerTask {
  /** What it is about: {@link CommandQueue.cancel} takes it back. */
  readonly channel: string;
  /** If it returns a promise, it sends what it adds itself before that is settled. */
  run(replies: Replies): void | Promise<void>;
}

type Work = Uint8Array | ServerTask;

const NO_COMMANDS: readonly Command[] = [];

/** The commands of one client, from a message to the moment at which nothing is left. */
export class CommandQueue implements Deferred {
  /** When {@link onTime} is to be called, in the loop's milliseconds. */
  wakeAt = NEVER;
  readonly #context: ChannelContext;
  readonly #link: ClientLink;
  readonly #owner: CommandOwner;
  readonly #rate: CommandRate;
  /** Of the message that is being carried out. */
  #commands = NO_COMMANDS;
  /** The next one of them. */
  #next = 0;
  /** Undefined until something has to wait: most clients never need it. */
  #waiting: Work[] | undefined = undefined;
  /** Of everything that is held, and of the message that is being carried out. */
  #heldBytes = 0;
  #currentBytes = 0;
  #isRunning = false;
  /** Whether a promise is awaited. */
  #isAwaiting = false;
  /** Whether it waits for the next turn, the client or the next second. */
  #isPaused = false;
  #isDeferred = false;

  constructor(context: ChannelContext, owner: CommandOwner, of: {
    readonly link: ClientLink;
    readonly rate: CommandRate;
  }) {
    this.#context = context;
    this.#owner = owner;
    this.#link = of.link;
    this.#rate = of.rate;
  }

  /** One message. The bytes are valid until this returns. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isBusy) return this.#receiveLater(bytes, start, end);
    const commands = this.#owner.decode(bytes, start, end);
    if (commands.some(hasToken)) {
      // What a command with a token refers to must outlive this call.
      return this.#begin(this.#decodeCopy(bytes.slice(start, end)));
    }
    this.#begin(commands);
    // So must what is left.
    if (this.#commands === commands && this.#next < commands.length) {
      this.#commands = this.#decodeCopy(bytes.slice(start, end));
    }
  }

  /** Runs a task behind what waits. */
  add(task: ServerTask): void {
    if (this.#hold(OVERHEAD)) (this.#waiting ??= []).push(task);
    if (!this.#isBusy) this.#run();
  }

  /** Takes back the tasks for a channel that wait. */
  cancel(channel: string): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = waiting.filter((work) => !("channel" in work && work.channel === channel));
    this.#release((waiting.length - this.#waiting.length) * OVERHEAD);
  }

  /** The connection is over. */
  close(): void {
    this.#waiting = undefined;
    this.wakeAt = NEVER;
    this.#forget();
  }

  /** The client has read all that was queued. */
  drained(): void {
    this.#goOn();
  }

  /** It is {@link wakeAt}. */
  onTime(): void {
    this.#goOn();
  }

  onTurn(): void {
    this.#isDeferred = false;
    this.#goOn();
  }

  get #isBusy(): boolean {
    return this.#isRunning || this.#isAwaiting || this.#isPaused;
  }

  /** Whether more is not to be done now. */
  #isSpent(replies: Replies): boolean {
    const { loop: { now }, turn } = this.#context;
    // One answer may be as long as what may be queued: before another, it is read.
    return replies.length >= REPLY_BYTES || this.#link.queuedBytes > 0 ||
      this.#rate.nextAt(now) > now || (this.#isReadingNext && turn.isSpent(now));
  }

  /** Whether what comes next takes a part of the worker's turn: others' readings hold up nothing else. */
  get #isReadingNext(): boolean {
    const command = this.#commands[this.#next];
    if (command !== undefined) return isReading(command);
    const work = this.#waiting?.[0];
    return work !== undefined && !(work instanceof Uint8Array);
  }

  #receiveLater(bytes: Uint8Array, start: number, end: number): void {
    const { messageBytes } = this.#context.limits;
    const length = end - start;
    if (this.#waiting !== undefined && this.#heldBytes + length > 2 * messageBytes) {
      return this.#owner.disconnect(DISCONNECTS.TOO_MANY_REQUESTS);
    }
    if (this.#hold(length + OVERHEAD)) (this.#waiting ??= []).push(bytes.slice(start, end));
  }

  #decodeCopy(copy: Uint8Array): readonly Command[] {
    if (!this.#hold(copy.length)) return NO_COMMANDS;
    this.#currentBytes = copy.length;
    return this.#owner.decode(copy, 0, copy.length);
  }

  #begin(commands: readonly Command[]): void {
    this.#commands = commands;
    this.#next = 0;
    this.#run();
  }

  /** Goes on, from any caller: an exception here would end the thread. */
  #run(): void {
    if (this.#owner.isClosed) return;
    this.#isRunning = true;
    try {
      this.#carryOut();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isRunning = false;
    }
  }

  #fail(error: unknown): void {
    this.#context.report(error);
    this.#owner.disconnect(DISCONNECTS.SERVER_ERROR);
  }

  #carryOut(): void {
    const replies = new Replies(this.#link);
    while (this.#hasWork && !this.#owner.isClosed) {
      if (this.#isSpent(replies)) {
        this.#send(replies);
        return this.#pause();
      }
      const before = replies.total;
      const command = this.#commands[this.#next];
      const pending = command === undefined
        ? this.#takeWaiting(replies)
        : this.#step(command, replies);
      if (pending !== undefined) {
        this.#send(replies);
        return this.#await(pending, { replies, before });
      }
      this.#spend(replies.total - before);
    }
    this.#send(replies);
    this.#forget();
    this.#owner.onIdle();
  }

  /** Nothing is left: the memory of the messages is free. */
  #forget(): void {
    this.#commands = NO_COMMANDS;
    this.#next = 0;
    this.#release(this.#heldBytes);
    this.#currentBytes = 0;
  }

  get #hasWork(): boolean {
    return this.#next < this.#commands.length || this.#waiting !== undefined;
  }

  #step(command: Command, replies: Replies): void | Promise<void> {
    this.#next++;
    if (isReading(command)) this.#spend(READING_BYTES);
    return this.#owner.carryOut(command, replies);
  }

  /** Begins with the next message, or runs the next task. */
  #takeWaiting(replies: Replies): void | Promise<void> {
    const work = this.#waiting!.shift();
    if (this.#waiting!.length === 0) this.#waiting = undefined;
    if (work === undefined) return;
    this.#release(this.#currentBytes);
    this.#currentBytes = sizeOf(work);
    if (work instanceof Uint8Array) {
      this.#commands = this.#owner.decode(work, 0, work.length);
      this.#next = 0;
      return;
    }
    this.#spend(READING_BYTES);
    return work.run(replies);
  }

  #await(
    pending: Promise<void>,
    { replies, before }: { readonly replies: Replies; readonly before: number },
  ): void {
    this.#isAwaiting = true;
    const done = () => {
      this.#isAwaiting = false;
      this.#spend(replies.total - before);
      this.#run();
    };
    const failed = (error: unknown) => {
      this.#isAwaiting = false;
      this.#fail(error);
    };
    this.#context.follow(pending.then(done, failed));
  }

  #send(replies: Replies): void {
    if (!this.#owner.isClosed && !replies.send()) this.#owner.onSlow();
  }

  #spend(bytes: number): void {
    const { loop: { now }, turn } = this.#context;
    turn.spend(bytes, now);
    this.#rate.spend(bytes, now);
  }

  #pause(): void {
    if (this.#owner.isClosed) return;
    this.#isPaused = true;
    this.#defer();
  }

  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#context.turn.wait(this);
  }

  /** Goes on if it is time, or waits for that. */
  #goOn(): void {
    if (!this.#isPaused || this.#owner.isClosed) return;
    const { loop: { now }, turn } = this.#context;
    const nextAt = this.#rate.nextAt(now);
    if (nextAt > now) return this.#wake(nextAt);
    if (this.#link.queuedBytes > 0) return this.#wake(now + RECHECK);
    if (this.#isReadingNext && turn.isSpent(now)) return this.#defer();
    this.#wake(NEVER);
    this.#isPaused = false;
    this.#run();
  }

  #wake(at: number): void {
    if (this.wakeAt === at) return;
    this.wakeAt = at;
    this.#owner.setTimer();
  }

  /** Holds bytes. Returns false if there is no room: then the connection has ended. */
  #hold(bytes: number): boolean {
    if (this.#context.held.hold(bytes)) {
      this.#heldBytes += bytes;
      return true;
    }
    this.#owner.disconnect(DISCONNECTS.SERVER_ERROR);
    return false;
  }

  #release(bytes: number): void {
    this.#context.held.release(bytes);
    this.#heldBytes -= bytes;
  }
}

/** What it is held with. */
function sizeOf(work: Work): number {
  return OVERHEAD + (work instanceof Uint8Array ? work.length : 0);
}

/** Whether it reads what others have published or who is there. */
function isReading(command: Command): boolean {
  return command.name === "history" || command.name === "presence" ||
    (command.name === "subscribe" && command.request.recover === true);
}
