/**
 * A promise that code of this thread settles, as a loop's gatherer does, and nothing of Deno's: what waits for it may wait in
 * the kernel.
 *
 * In: its value, by {@link LoopPromise.fulfil} or the function that makes it. Out: to who has called `then`, at once: what was asked
 * for in one call is answered in one call, without a microtask for each step of the way. `await` and `Promise.all` see
 * an ordinary promise. A callback given to `then` must not return a promise that waits for Deno: its timers and sockets
 * do not go on meanwhile.
 */

type Resolve<Value> = (value: Value | PromiseLike<Value>) => void;
type Reject = (reason?: unknown) => void;
type Executor<Value> = (resolve: Resolve<Value>, reject: Reject) => void;

/** One `then`. */
interface Reaction {
  fulfilled(value: unknown): void;
  rejected(reason: unknown): void;
}

const NOTHING = () => {};
const NOBODY: readonly Reaction[] = [];

/** The promise. */
export class LoopPromise<Value> extends Promise<Value> {
  #state: "pending" | "fulfilled" | "rejected" = "pending";
  /** The value, or the reason. */
  #outcome: unknown;
  #reactions: readonly Reaction[] = NOBODY;
  /** It was rejected, and nobody has asked for that: the thread is told, as of any promise. */
  #unheard: Promise<never> | undefined = undefined;

  /** @param executor as of any promise; default: {@link fulfil} is called later */
  constructor(executor: Executor<Value> = NOTHING) {
    super(NOTHING);
    if (executor === NOTHING) return;
    try {
      executor((value) => this.#resolve(value), (reason) => this.#reject(reason));
    } catch (error) {
      this.#reject(error);
    }
  }

  /** What the methods of Promise make out of it, but for `then`. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** Gives it its value, and calls those who wait for it; the first time. */
  fulfil(value: Value): void {
    this.#settle("fulfilled", value);
  }

  override then<Result = Value, Caught = never>(
    onFulfilled?: ((value: Value) => Result | PromiseLike<Result>) | null,
    onRejected?: ((reason: unknown) => Caught | PromiseLike<Caught>) | null,
  ): LoopPromise<Result | Caught> {
    const next = new LoopPromise<Result | Caught>();
    this.#react({
      fulfilled(value) {
        if (onFulfilled) next.#follow(onFulfilled as (value: unknown) => Result, value);
        else next.fulfil(value as Result);
      },
      rejected(reason) {
        if (onRejected) next.#follow(onRejected as (reason: unknown) => Caught, reason);
        else next.#reject(reason);
      },
    });
    return next;
  }

  #follow(callback: (outcome: unknown) => Value | PromiseLike<Value>, outcome: unknown): void {
    let result;
    try {
      result = callback(outcome);
    } catch (error) {
      return this.#reject(error);
    }
    this.#resolve(result);
  }

  #resolve(value: Value | PromiseLike<Value>): void {
    if (!isThenable(value)) return this.fulfil(value);
    value.then((settled) => this.#resolve(settled), (reason) => this.#reject(reason));
  }

  #reject(reason: unknown): void {
    const isUnheard = this.#state === "pending" && this.#reactions === NOBODY;
    if (isUnheard) this.#unheard = Promise.reject(reason);
    this.#settle("rejected", reason);
  }

  #react(reaction: Reaction): void {
    if (this.#state !== "pending") {
      this.#unheard?.catch(NOTHING);
      // Nobody is called within `then`.
      return queueMicrotask(() => this.#tell(reaction));
    }
    const before = this.#reactions;
    // Nearly always the only one: an array that has grown would be ten times as large.
    this.#reactions = before === NOBODY ? [reaction] : [...before, reaction];
  }

  #settle(state: "fulfilled" | "rejected", outcome: unknown): void {
    if (this.#state !== "pending") return;
    this.#state = state;
    this.#outcome = outcome;
    const reactions = this.#reactions;
    this.#reactions = NOBODY;
    for (const reaction of reactions) this.#tell(reaction);
  }

  #tell(reaction: Reaction): void {
    if (this.#state === "fulfilled") reaction.fulfilled(this.#outcome);
    else reaction.rejected(this.#outcome);
  }
}

function isThenable<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return value instanceof Promise;
}
