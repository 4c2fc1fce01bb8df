/**
 * Reports the requests of one connection to the observer; there is none without an observer.
 *
 * In: what happens to each request, from its session. Out: latencies and lines of the access log, through
 * the worker's observer. Knows when the current request began, its user and its number.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { Transport } from "../../net/mod.ts";
import type { Answer, RequestObserver } from "./observer.ts";

/** As in nginx: the client disconnected before the answer. Used in the access log only. */
const CLIENT_LEFT = 499;

/** Traces the requests of one connection. As an answer for the access log it shows the current one. */
export class RequestTrace implements Answer {
  request: RequestHead | null = null;
  status = 0;
  bytes = 0;
  user: string | null = null;
  began = 0;
  address = "";
  microseconds = 0;
  connection = 0;
  requestNumber = 0;
  readonly #observer: RequestObserver;
  #transport: Transport;

  constructor(observer: RequestObserver, transport: Transport) {
    this.#observer = observer;
    this.#transport = transport;
  }

  get peerAddress(): string {
    return this.#transport.peerAddress;
  }

  /** A connection was accepted; `now` is the loop's clock. */
  attach(transport: Transport, now: number): void {
    this.#transport = transport;
    this.began = now;
    this.connection = 0;
    this.requestNumber = 0;
    this.user = null;
  }

  /** A request's head is complete; `now` is the loop's clock. */
  begin(now: number): void {
    this.began = now;
    this.requestNumber++;
    this.user = null;
  }

  /** The request may be answered; `user` is the authenticated user, if any. */
  admitted(user: string | null): void {
    this.user = user;
  }

  /** The request is answered. */
  answered(request: RequestHead, status: number, bytes: number): void {
    this.#observer.answered(this.began);
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
    if (this.connection === 0) this.connection = observer.nextConnection();
    this.request = request;
    this.status = status;
    this.bytes = bytes;
    observer.log(this);
    this.request = null; // it may be the worker's shared head
  }
}
