/**
 * A worker's calls of the engine: requests to the main thread, and its answers.
 *
 * In: the kind of a request and its values. Out: the values of the answer, later; never a rejection. Answers are read in each
 * turn of the loop: the main thread rings the worker's doorbell behind them. What is under way is bounded; beyond that, a call is
 * answered `undefined` at once, which means "busy", as for a request that has no room in the ring.
 */
import { type Gatherer, LoopPromise } from "../../net/mod.ts";
import { EngineRings } from "./engine_memory.ts";
import { packTuple, type TupleValue, unpackTuple } from "./tuple.ts";

/** Requests of one worker that may wait for their answers. */
const MAX_CALLS = 4_096;
/** Records that one turn reads. */
const RECORDS_A_TURN = 1_024;

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
  readonly #waiting = new Map<number, (reply: EngineReply) => void>();
  /** There are requests for which the main thread has not been called. */
  #isWritten = false;
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
    return new LoopPromise((resolve) => {
      const number = this.#lastNumber = (this.#lastNumber + 1) >>> 0;
      if (this.#send([number, kind, ...values])) this.#waiting.set(number, resolve);
      else resolve(undefined);
    });
  }

  /** Sends a request whose answer nobody needs, as soon as there is room. */
  tell(kind: number, values: readonly TupleValue[]): void {
    const message = [undefined, kind, ...values];
    this.#deferred.push(message);
    this.#settle();
  }

  /** Receives answers, and sends what had no room. */
  flush(): void {
    this.#settle();
    this.#callMain();
    const isEmpty = this.#rings.answers.read((message) => this.#receive(message), RECORDS_A_TURN);
    if (!isEmpty) this.#parts.again();
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

  #send(values: readonly TupleValue[]): boolean {
    return this.#waiting.size < MAX_CALLS && this.#settle() && this.#write(values);
  }

  #write(values: readonly TupleValue[]): boolean {
    const { requests } = this.#rings;
    const message = packTuple(values);
    if (!requests.hasRoom(message.length)) return false;
    requests.write(message);
    if (this.#isWritten) return true;
    this.#isWritten = true;
    // For what is written outside of a batch of events.
    queueMicrotask(() => this.#callMain());
    return true;
  }

  /** Once for all requests of a batch of events. */
  #callMain(): void {
    if (!this.#isWritten) return;
    this.#isWritten = false;
    if (this.#rings.mark()) this.#parts.call();
  }

  #receive(message: Uint8Array): void {
    const [number, ...values] = unpackTuple(message);
    const resolve = this.#waiting.get(number as number);
    this.#waiting.delete(number as number);
    resolve?.(values);
  }
}
