/**
 * Observes answered requests, for the metrics and the access log; there is none if both are off.
 *
 * In: each answer, from its session, and the moment when its batch was handed to the socket. Out: counts in
 * the histogram of latencies, lines in the access log. A latency is the time from the turn in which the
 * request's head was complete to the end of the send. All answers of one turn of the loop are sent at its
 * end, so one reading of the clock serves all its connections and requests.
 */

import type { ProxyConfig } from "../../config/mod.ts";
import type { Loop } from "../../net/mod.ts";
import type { AccessLog, AnsweredRequest } from "../../observe/log/mod.ts";
import { type Counters, HISTOGRAM } from "../../ring/mod.ts";
import { clientOf } from "./client_address.ts";

/** One answer, for the access log; its address and its time are set when it is logged. */
export interface Answer extends AnsweredRequest {
  address: string;
  microseconds: number;
  /** The loop's clock when the request's head was complete. */
  readonly began: number;
  /** The peer's address. */
  readonly peerAddress: string;
}

/** What an observer needs. */
export interface ObserverParts {
  readonly loop: Loop;
  readonly counters: Counters;
  /** Null if there are only metrics. */
  readonly accessLog: AccessLog | null;
  /** Which proxies are trusted to name the client. */
  readonly proxy: ProxyConfig;
}

/** The observer of one worker. */
export class RequestObserver {
  readonly #loop: Loop;
  readonly #counters: Counters;
  readonly #accessLog: AccessLog | null;
  readonly #proxy: ProxyConfig;
  // Answers of this turn, to requests of this turn, that are not sent yet.
  #unsent = 0;

  constructor({ loop, counters, accessLog, proxy }: ObserverParts) {
    this.#loop = loop;
    this.#counters = counters;
    this.#accessLog = accessLog;
    this.#proxy = proxy;
  }

  /** Whether {@link log} writes lines; if not, the caller need not collect an answer's data. */
  get logs(): boolean {
    return this.#accessLog !== null;
  }

  /** A request that began at `began`, by the loop's clock, is answered; {@link flushed} follows. */
  answered(began: number): void {
    if (began === this.#loop.now) this.#unsent++;
    else this.#counters.observe(HISTOGRAM.requests, this.#microsecondsSince(began), 1);
  }

  /** All answers are with the kernel, or wait for their peers to read. */
  flushed(): void {
    if (this.#unsent === 0) return;
    this.#counters.observe(
      HISTOGRAM.requests,
      this.#microsecondsSince(this.#loop.now),
      this.#unsent,
    );
    this.#unsent = 0;
  }

  /** The number of a new connection. */
  nextConnection(): number {
    return this.#accessLog?.nextConnection() ?? 0;
  }

  /** Writes a line, if there is an access log. */
  log(answer: Answer): void {
    if (this.#accessLog === null) return;
    answer.microseconds = Math.max(Math.round(this.#microsecondsSince(answer.began)), 0);
    answer.address = clientOf(answer.request, answer.peerAddress, this.#proxy);
    this.#accessLog.answered(answer);
  }

  #microsecondsSince(began: number): number {
    return (this.#loop.os.preciseMilliseconds() - began) * 1000;
  }
}
