/**
 * Reports the requests of one connection to the observer; there is none without an observer.
 *
 * In: what happens to each request, from its session. Out: latencies and lines of the access log, through
 * the worker's observer. Knows when the current request began, its user and its number.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { Transport } from "../../net/mod.ts";
import type { RequestObserver } from "./observer.ts";

/** As in nginx: the client disconnected before the answer. Used in the access log only. */
const CLIENT_LEFT = 499;

/** Traces the requests of one connection. */
export class RequestTrace {
  readonly #observer: RequestObserver;
  #transport: Transport;
  #began = 0;
  #connection = 0;
  #requests = 0;
  // The user of the current request.
  #user: string | null = null;

  constructor(observer: RequestObserver, transport: Transport) {
    this.#observer = observer;
    this.#transport = transport;
  }

  /** A connection was accepted; `now` is the loop's clock. */
  attach(transport: Transport, now: number): void {
    this.#transport = transport;
    this.#began = now;
    this.#connection = 0;
    this.#requests = 0;
    this.#user = null;
  }

  /** A request's head is complete; `now` is the loop's clock. */
  begin(now: number): void {
    this.#began = now;
    this.#requests++;
    this.#user = null;
  }

  /** The request may be answered; `user` is the authenticated user, if any. */
  admitted(user: string | null): void {
    this.#user = user;
  }

  /** The request is answered. */
  answered(request: RequestHead, status: number, bytes: number): void {
    this.#observer.answered(this.#began);
    this.#log(request, status, bytes);
  }

  /** Input that is not a valid request was answered; the wait for it began at `since`. */
  refused(status: number, bytes: number, since: number): void {
    this.begin(since);
    this.#log(null, status, bytes);
  }

  /** The connection was closed before the request was answered. */
  left(request: RequestHead): void {
    this.#log(request, CLIENT_LEFT, 0);
  }

  #log(request: RequestHead | null, status: number, bytes: number): void {
    const observer = this.#observer;
    if (!observer.logs) return;
    if (this.#connection === 0) this.#connection = observer.nextConnection();
    observer.log({
      request,
      status,
      bytes,
      user: this.#user,
      began: this.#began,
      peerAddress: this.#transport.peerAddress,
      connection: this.#connection,
      requestNumber: this.#requests,
    });
  }
}
