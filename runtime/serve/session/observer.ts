/**
 * Watches requests being answered, for the metrics and the access log; there is none where nobody asks.
 *
 * In: the session tells of each answer, and when the batch that it belongs to was handed to the socket.
 * Out: counts in the histogram of latencies, lines in the access log. A latency is the time from the turn in
 * which the request's head was complete to the end of the send. What one turn of the loop answers is sent at its
 * end, so it costs one reading of the clock however many connections and requests it had.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { ProxyConfig } from "../../config/mod.ts";
import type { Loop } from "../../net/mod.ts";
import type { AccessLog } from "../../observe/log/mod.ts";
import type { Counters } from "../../ring/mod.ts";
import { clientOf } from "./client_address.ts";

/** One answer, as the access log tells of it. */
export interface Answer {
  /** Null where none could be read. */
  readonly request: RequestHead | null;
  readonly status: number;
  /** Bytes of its body. */
  readonly bytes: number;
  /** Who asked, if that was proven. */
  readonly user: string | null;
  /** The loop's clock when the request's head was complete. */
  readonly began: number;
  /** The peer's. */
  readonly peerAddress: string;
  readonly connection: number;
  readonly requestNumber: number;
}

/** What it is made with. */
export interface ObserverParts {
  readonly loop: Loop;
  readonly counters: Counters;
  /** Null: there are only metrics. */
  readonly accessLog: AccessLog | null;
  /** Whose word on the client's address is believed. */
  readonly proxy: ProxyConfig;
}

/** The observer of one worker. */
export class RequestObserver {
  readonly #loop: Loop;
  readonly #counters: Counters;
  readonly #accessLog: AccessLog | null;
  readonly #proxy: ProxyConfig;
  // Answered in this turn, to requests of this turn, and not sent yet.
  #unsent = 0;

  constructor({ loop, counters, accessLog, proxy }: ObserverParts) {
    this.#loop = loop;
    this.#counters = counters;
    this.#accessLog = accessLog;
    this.#proxy = proxy;
  }

  /** Whether {@link log} writes lines: who calls it need not gather what nobody reads. */
  get logs(): boolean {
    return this.#accessLog !== null;
  }

  /** A request that began at `began`, by the loop's clock, is answered; {@link flushed} follows. */
  answered(began: number): void {
    if (began === this.#loop.now) this.#unsent++;
    else this.#counters.observe(this.#microsecondsSince(began), 1);
  }

  /** All that was answered is with the kernel, or waits for its peer to read. */
  flushed(): void {
    if (this.#unsent === 0) return;
    this.#counters.observe(this.#microsecondsSince(this.#loop.now), this.#unsent);
    this.#unsent = 0;
  }

  /** A number for one more connection. */
  nextConnection(): number {
    return this.#accessLog?.nextConnection() ?? 0;
  }

  /** Writes a line, where there is an access log. */
  log(answer: Answer): void {
    const { request, status, bytes, user, connection, requestNumber } = answer;
    const microseconds = Math.round(this.#microsecondsSince(answer.began));
    const address = clientOf(request, answer.peerAddress, this.#proxy);
    const known = { request, status, bytes, user, address, connection, requestNumber };
    this.#accessLog?.answered({ ...known, microseconds });
  }

  #microsecondsSince(began: number): number {
    return (this.#loop.os.preciseMilliseconds() - began) * 1000;
  }
}
