/**
 * A worker's calls of the engine: requests to the main thread, and its answers.
 *
 * In: the kind of a request and its values. Out: the values of the answer, later; never a rejection. Answers are read in each
 * turn of the loop: the main thread rings the worker's doorbell behind them. What is under way is bounded; beyond that, a call is
 * answered `undefined` in this turn, which means "busy", as for a request that has no room in the ring. The main thread is not called
 * for publications while it awaits the end of others: it looks by itself then.
 */
import { type Gatherer, LoopPromise } from "../../net/mod.ts";
import { EngineRings } from "./engine_memory.ts";
import { REQUEST } from "./engine_request.ts";
import { packTuple, type TupleValue, unpackTuple } from "./tuple.ts";

/** Requests of one worker that may wait for their answers. */
const MAX_CALLS = 4_096;
/** Records that one turn reads. */
const RECORDS_A_TURN = 1_024;
/** Requests behind which the main thread is called before the end of a batch of events: it begins while this thread goes on. */
const CALL_AFTER = 8;
/** Publications for which the main thread need not be called while it awaits others: as many as a driver sends together. */
const MOST_SILENT = 64;

/** How a worker calls. */
export interface EngineCallsParts {
  /** Made by `createEngineMemory`. */
  readonly memory: SharedArrayBuffer;
  readonly worker: number;
  /** Lets the main thread look at the requests of this worker. */
  call(): void;
  /** Gives this worker's loop another turn. */
  again(): void;
}

/** What an answer holds, or undefined: the call was not sent. */
export type EngineReply = readonly TupleValue[] | undefined;

/** The calls of one worker. */
export class EngineCalls implements Gatherer {
  readonly #rings: EngineRings;
  readonly #parts: EngineCallsParts;
  readonly #waiting = new Map<number, LoopPromise<EngineReply>>();
  /** Requests for which the main thread has not been called. */
  #uncalled = 0;
  /** Some of them do not wait for others. */
  #isUrgent = false;
  /** Requests that the main thread may not have read. */
  #unread = 0;
  /** Calls that were not sent, and whose callers do not know yet. */
  #refused: LoopPromise<EngineReply>[] = [];
  readonly #deferred: (readonly TupleValue[])[] = [];
  // Answers to a worker that died, and had the same number, are none of ours.
  #lastNumber = crypto.getRandomValues(new Uint32Array(1))[0]!;

  constructor(parts: EngineCallsParts) {
    this.#parts = parts;
    this.#rings = new EngineRings(parts.memory, parts.worker);
  }

  /** How many answers are awaited. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Sends a request. */
  call(kind: number, values: readonly TupleValue[]): LoopPromise<EngineReply> {
    const answer = new LoopPromise<EngineReply>();
    const number = this.#lastNumber = (this.#lastNumber + 1) >>> 0;
    if (this.#send(kind, [number, kind, ...values])) this.#waiting.set(number, answer);
    else this.#refuse(answer);
    return answer;
  }

  /** Sends a request whose answer nobody needs, as soon as there is room. */
  tell(kind: number, values: readonly TupleValue[]): void {
    this.#isUrgent = true;
    this.#deferred.push([undefined, kind, ...values]);
    this.#settle();
  }

  /** Receives answers, and sends what had no room. */
  flush(): void {
    this.#settle();
    this.#tellRefused();
    const isEmpty = this.#rings.answers.read((message) => this.#receive(message), RECORDS_A_TURN);
    // Behind the answers, which may have led to requests.
    this.#callMain();
    if (!isEmpty) this.#parts.again();
  }

  /** Its caller is told when it has asked for the answer. */
  #refuse(answer: LoopPromise<EngineReply>): void {
    if (this.#refused.push(answer) > 1) return;
    // For what is refused outside of a batch of events.
    queueMicrotask(() => this.#tellRefused());
  }

  #tellRefused(): void {
    if (this.#refused.length === 0) return;
    const refused = this.#refused;
    this.#refused = [];
    for (const answer of refused) answer.fulfil(undefined);
  }

  /** Requests keep their order: nothing is sent before what had no room. */
  #settle(): boolean {
    const deferred = this.#deferred;
    while (deferred.length > 0 && this.#write(deferred[0]!)) deferred.shift();
    if (deferred.length === 0) return true;
    this.#rings.starve();
    // The main thread may have read everything just before.
    if (this.#write(deferred[0]!)) deferred.shift();
    return false;
  }

  #send(kind: number, values: readonly TupleValue[]): boolean {
    if (kind !== REQUEST.publish) this.#isUrgent = true;
    return this.#waiting.size < MAX_CALLS && this.#settle() && this.#write(values);
  }

  #write(values: readonly TupleValue[]): boolean {
    const { requests } = this.#rings;
    const message = packTuple(values);
    if (!requests.hasRoom(message.length)) return false;
    if (requests.isEmpty) this.#unread = 0;
    requests.write(message);
    this.#unread++;
    this.#uncalled++;
    // For what is written outside of a batch of events.
    if (this.#uncalled === 1) queueMicrotask(() => this.#callMain());
    else if (this.#uncalled === CALL_AFTER) this.#callMain();
    return true;
  }

  /** Once for all requests of a batch of events, unless they are many. */
  #callMain(): void {
    if (this.#uncalled === 0) return;
    this.#uncalled = 0;
    const isUrgent = this.#isUrgent || this.#unread >= MOST_SILENT;
    this.#isUrgent = false;
    if (this.#rings.mark(isUrgent)) this.#parts.call();
  }

  #receive(message: Uint8Array): void {
    const [number, ...values] = unpackTuple(message);
    const answer = this.#waiting.get(number as number);
    this.#waiting.delete(number as number);
    answer?.fulfil(values);
  }
}
