/**
 * The requests of one connection, as the observer sees them; there is none where nobody observes.
 *
 * In: what happens to each request, from its session. Out: latencies and lines of the access log, by way of
 * the worker's observer. Knows when the present request began and what it is called.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { Transport } from "../../net/mod.ts";
import type { RequestObserver } from "./observer.ts";

/** As nginx has it: the client left before it was answered. For the access log alone. */
const CLIENT_LEFT = 499;

/** What the observer is told of one connection. */
export class RequestTrace {
  readonly #observer: RequestObserver;
  readonly #transport: Transport;
  #began: number;
  #connection = 0;
  #requests = 0;
  // Of the present request.
  #user: string | null = null;

  /** @param now the loop's clock */
  constructor(observer: RequestObserver, transport: Transport, now: number) {
    this.#observer = observer;
    this.#transport = transport;
    this.#began = now;
  }

  /** A request's head is complete; `now` is the loop's clock. */
  begin(now: number): void {
    this.#began = now;
    this.#requests++;
    this.#user = null;
  }

  /** It may be answered; `user` is who asks, if that was proven. */
  admitted(user: string | null): void {
    this.#user = user;
  }

  /** It is answered. */
  answered(request: RequestHead, status: number, bytes: number): void {
    this.#observer.answered(this.#began);
    this.#log(request, status, bytes);
  }

  /** Something was answered that could not be read as a request, waited for since `since`. */
  refused(status: number, bytes: number, since: number): void {
    this.begin(since);
    this.#log(null, status, bytes);
  }

  /** The connection is gone, and the request was not answered. */
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
