/**
 * A promise that the worker's own loop settles, and nothing of Deno's: what waits for it may wait in the kernel.
 *
 * In: code that the loop calls, as a gatherer. Out: the promise, and by `then` others of the same kind. A callback given to `then`
 * must not return a promise that waits for Deno: its timers and sockets do not go on meanwhile.
 */

/** The promise. */
export class LoopPromise<Value> extends Promise<Value> {}
