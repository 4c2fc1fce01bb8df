/**
 * What a session keeps of the current request while the app answers it: who reads its body, and what is called if the
 * client has left.
 *
 * In: calls of the app through the exchange, and what arrives, from the session. Out: the body's pieces and its end, to
 * the app's listener; whether the session may read on. The session makes one when its connection's first request is
 * passed to an app, and uses it again for each next one.
 */

import type { RequestBody } from "./request_body.ts";
import type { BodyListener, WholeListener } from "./route.ts";

/** There is no body, or its end was passed on. */
const DONE = 0;
/** Nobody reads the body now: it stays in the input, and later in the client's socket. */
const HELD = 1;
/** The app reads it. */
const READ = 2;
/** Nobody will read the rest. */
const SKIPPED = 3;

const NOTHING = new Uint8Array(0);
const BODY_TOO_LATE = "The answer was complete before the body of the request was read";

/** The app's part in the current request of a connection. */
export class AppTurn {
  /** Another number for each turn of the app, and when it is over. */
  number = 0;
  #body = DONE;
  #listener: BodyListener | WholeListener | null = null;
  #left: (() => void) | null = null;
  #hasLeft = false;
  #wasRead = false;
  /** Milliseconds that the app may take, if it has said so; null: it has not. */
  timeout: number | null = null;

  /** Why the body cannot be read, if that is not the app's fault: a handler that fails with it has no fault either. */
  bodyFault: Error | null = null;

  /** The app is about to be asked. */
  begin(hasBody: boolean): void {
    this.bodyFault = null;
    this.number++;
    this.#body = hasBody ? HELD : DONE;
    this.#listener = null;
    this.#left = null;
    this.#wasRead = false;
    this.timeout = null;
  }

  /** Whether the body must stay where it is. */
  get isHeld(): boolean {
    return this.#body === HELD;
  }

  /** Whether the next piece is passed to the app. */
  get isRead(): boolean {
    return this.#body === READ;
  }

  /** Whether the app has begun to read a body: nobody else can have it whole. */
  get wasRead(): boolean {
    return this.#wasRead;
  }

  /** Whether the body is collected for a listener that takes it whole. */
  get isWhole(): boolean {
    return this.#listener !== null && "whole" in this.#listener;
  }

  /** Bytes of the body that its reader holds while the rest arrives. */
  get heldBytes(): number {
    const listener = this.#listener;
    return listener === null || !("data" in listener) ? 0 : listener.heldBytes ?? 0;
  }

  /** The app begins to read. False: there is no body, and its end was passed at once. */
  read(listener: BodyListener | WholeListener): boolean {
    if (this.#body === DONE && !this.#wasRead) {
      if ("whole" in listener) listener.whole(NOTHING, 0, 0);
      else listener.end();
      return false;
    }
    if (this.#body !== HELD || this.#wasRead) {
      listener.failed(new TypeError("The body of this request can no longer be read"));
      return false;
    }
    this.#wasRead = true;
    this.#listener = listener;
    this.#body = READ;
    return true;
  }

  /** The app takes further pieces; false if nothing changed. */
  resume(): boolean {
    if (this.#body !== HELD || this.#listener === null) return false;
    this.#body = READ;
    return true;
  }

  /** A piece has arrived. */
  data(bytes: Uint8Array, start: number, end: number): void {
    const listener = this.#listener;
    if (listener === null || !("data" in listener)) return;
    // It is held before the call, so that the app may resume within it.
    this.#body = HELD;
    if (listener.data(bytes, start, end) && this.#body === HELD) this.#body = READ;
  }

  /** The body is complete; `whole` has what was collected. */
  bodyEnded(whole: Pick<RequestBody, "bytes" | "start" | "end">): void {
    const listener = this.#listener;
    this.#listener = null;
    this.#body = DONE;
    if (listener === null) return;
    if ("whole" in listener) listener.whole(whole.bytes, whole.start, whole.end);
    else listener.end();
  }

  /** Whoever reads the body learns that the rest does not follow. */
  fail(reason: Error): void {
    const listener = this.#listener;
    this.#listener = null;
    if (this.#body !== DONE) this.#body = SKIPPED;
    listener?.failed(reason);
  }

  /** The answer is complete, or the app gives none: it has no part in the rest of the request. */
  end(): void {
    this.number++;
    this.#left = null;
    if (this.#body !== DONE) this.#body = SKIPPED;
    // Making an error costs more than all the rest of a request.
    if (this.#listener !== null) this.fail(new TypeError(BODY_TOO_LATE));
  }

  /** What is called when the client leaves; at once if it has left. */
  onLeft(callback: (() => void) | null): void {
    this.#left = callback;
    if (this.#hasLeft) this.left();
  }

  /** The client has left, or ended its side. */
  left(): void {
    this.#hasLeft = true;
    const callback = this.#left;
    this.#left = null;
    callback?.();
  }
}
