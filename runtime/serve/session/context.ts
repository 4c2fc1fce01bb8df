/**
 * What all sessions of one worker share.
 *
 * In: made once by the worker. Out: the scratch that is reused by one connection after another (head,
 * message buffers), the batch of queues that have something to send, the clock, the log, the counters, and who serves which path.
 */

import {
  type DateField,
  FrameReaderPool,
  type Http1ConnectionOptions,
  type MessageBufferPool,
  RequestHead,
} from "../../../protocol/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { Gatherer, Loop, OutgoingBatch } from "../../net/mod.ts";
import type { EventLog } from "../../observe/log/mod.ts";
import type { Counters } from "../../ring/mod.ts";
import type { Warnings } from "../../thread/mod.ts";
import type { Guard } from "./guard.ts";
import type { RequestObserver } from "./observer.ts";
import type { Exchange, Route } from "./route.ts";

/** How often the wall clock is read for the Date field, in milliseconds: it shows whole seconds. */
const DATE_AGE = 100;

/** Finds the route of a path. */
export interface Router {
  /** The route, or undefined where there is none: 404. */
  find(path: string): Route | undefined;
  /** Who may ask; without it everybody. */
  readonly guard?: Guard | undefined;
  /** Answers in place of a handler that failed; false: it has nothing to say. */
  answerFailure?(exchange: Exchange): boolean;
  /** Gives back what it holds: no request is asked of it any more. */
  close?(): void;
}

/** What a worker is made of, as its sessions see it. */
export class SessionContext implements Gatherer {
  readonly config: Config;
  readonly loop: Loop;
  readonly log: EventLog;
  /** What the operator should read. */
  readonly warnings: Warnings;
  readonly counters: Counters;
  /** Replaced where the config is read anew; a request under way keeps the route that it has. */
  router: Router;
  /** Brought up to date by {@link refreshDate}. */
  readonly date: DateField;
  /** The queues of this worker's connections that have something to send. */
  readonly outgoing: OutgoingBatch;
  /** Every request is parsed into this. */
  readonly head = new RequestHead();
  /** What all HTTP connections are made with. */
  readonly http: Http1ConnectionOptions;
  readonly messages: MessageBufferPool;
  /** What reads the frames of the WebSockets that are not silent now. */
  readonly frameReaders: FrameReaderPool;
  /** Null where nobody wants to know how requests fare: then nothing is measured. */
  readonly observer: RequestObserver | null;
  /** Handlers whose promise is not settled: while there are any, the loop gives way to them. */
  pendingHandlers = 0;
  /** The server stops: connections end after what is under way. */
  draining = false;
  #dateSetAt = -Infinity;

  constructor(
    parts: Pick<
      SessionContext,
      | "config"
      | "loop"
      | "log"
      | "warnings"
      | "counters"
      | "router"
      | "date"
      | "messages"
      | "outgoing"
      | "observer"
    >,
  ) {
    this.config = parts.config;
    this.loop = parts.loop;
    this.log = parts.log;
    this.warnings = parts.warnings;
    this.counters = parts.counters;
    this.router = parts.router;
    this.date = parts.date;
    this.messages = parts.messages;
    this.outgoing = parts.outgoing;
    this.observer = parts.observer;
    this.loop.gather(this);
    this.frameReaders = new FrameReaderPool("server", parts.config.websocket, parts.messages);
    this.http = { head: this.head, limits: parts.config.http1, date: parts.date };
  }

  /** Sends what was gathered; with that the latencies of its answers are known. */
  flush(): void {
    this.outgoing.flush();
    this.observer?.flushed();
  }

  /** Brings the Date field up to date; cheap enough for every batch of input. */
  refreshDate(): void {
    if (this.loop.now - this.#dateSetAt < DATE_AGE) return;
    this.#dateSetAt = this.loop.now;
    this.date.set(this.loop.os.epochMilliseconds());
  }

  /**
   * Follows a handler's promise to its end; one of the two is called when it is settled. A handler of
   * somebody's own may return what is no promise, or like one.
   */
  follow<T>(
    promise: Promise<T>,
    done: (value: T) => void,
    failed: (reason: unknown) => void,
  ): void {
    this.pendingHandlers++;
    const settle = (next: () => void) => {
      this.pendingHandlers--;
      next();
    };
    Promise.resolve(promise).then(
      (value) => settle(() => done(value)),
      (reason) => settle(() => failed(reason)),
    );
  }
}
