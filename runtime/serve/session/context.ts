/**
 * What all sessions of one worker share.
 *
 * In: the worker's parts; the worker makes one context for each router. Out: the objects that connections
 * reuse one after another (head, message buffers), the batch of queues with something to send, the clock, the
 * log, the counters, and the router.
 */

import {
  type DateField,
  FrameReaderPool,
  HeadCache,
  type Http1ConnectionOptions,
  type MessageBufferPool,
  RequestHead,
} from "../../../protocol/mod.ts";
import type { Config } from "../../config/mod.ts";
import { type Gatherer, type Loop, LoopPromise, type OutgoingBatch } from "../../net/mod.ts";
import type { EventLog } from "../../observe/log/mod.ts";
import type { Counters } from "../../ring/mod.ts";
import type { Warnings } from "../../thread/mod.ts";
import type { Guard } from "./guard.ts";
import { HttpSessionPool } from "./http_session_pool.ts";
import type { MemoryBudget } from "./memory_budget.ts";
import type { RequestObserver } from "./observer.ts";
import type { Compression } from "./compression.ts";
import type { AppRoute, Exchange, Route } from "./route.ts";

/** Milliseconds between two readings of the wall clock for the Date field, which shows whole seconds. */
const DATE_AGE = 100;

/** Finds the route of a path. */
export interface Router {
  /** The route, or undefined if there is none: 404. */
  find(path: string): Route | undefined;
  /** Asked before the routes; absent: there is no app. */
  readonly app?: AppRoute | undefined;
  /** Decides which requests are answered; absent: all are. */
  readonly guard?: Guard | undefined;
  /** Answers in place of a handler that failed; false if it has no answer. */
  answerFailure?(exchange: Exchange): boolean;
  /** Releases what it holds; called when no further request is routed by it. */
  close?(): void;
}

/** A promise that is waited for. */
export interface Following {
  isOver: boolean;
  /** It is a {@link LoopPromise}. */
  readonly isInLoop: boolean;
}

/** What a worker's sessions share. */
export class SessionContext implements Gatherer {
  readonly config: Config;
  readonly loop: Loop;
  readonly log: EventLog;
  /** Messages to the operator. */
  readonly warnings: Warnings;
  readonly counters: Counters;
  /** Replaced when the config is reloaded; a request in progress keeps its route. */
  router: Router;
  /** Brought up to date by {@link refreshDate}. */
  readonly date: DateField;
  /** The outgoing queues of this worker's connections that have something to send. */
  readonly outgoing: OutgoingBatch;
  /** Every request is parsed into this. */
  readonly head = new RequestHead();
  /** The options of all HTTP connections. */
  readonly http: Http1ConnectionOptions;
  readonly messages: MessageBufferPool;
  /** The bound on what all connections hold. */
  readonly memory: MemoryBudget;
  /** What reads the frames of the WebSockets that are not silent now. */
  readonly frameReaders: FrameReaderPool;
  /** Compresses the messages of WebSockets that have negotiated it; null: it is off. */
  readonly compression: Compression | null;
  /** The same as {@link frameReaders} for these WebSockets. */
  readonly inflatingReaders: FrameReaderPool | null;
  /** The sessions of connections that are over. */
  readonly sessions = new HttpSessionPool();
  /** Null if there are neither metrics nor an access log: then nothing is measured. */
  readonly observer: RequestObserver | null;
  /** The subject of the client's certificate on a descriptor; null: clients are not asked for one. */
  clientSubjectOf: ((descriptor: number) => string) | null = null;
  /** Handlers whose promise is pending, and may wait for Deno: while there are any, the loop lets Deno run. */
  pendingHandlers = 0;
  /** Handlers whose promise this loop itself will settle: it only has to let promises run. */
  pendingInLoop = 0;
  /** An answer that is a stream has begun, or was sent or read on: promises behind it may wait for their turn, without a pending handler. */
  streamsGoOn = false;
  /** The server is stopping: connections end after the request in progress. */
  draining = false;
  /** The same, but a new server has taken over: connections are ended one after the other. */
  handsOver = false;
  /** The same, but only this worker ends, and another one is in its place. */
  retires = false;
  /** Whether the server hands over what some endpoints are about: requests for these wait. */
  isFrozen: () => boolean = () => false;
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
      | "memory"
      | "outgoing"
      | "observer"
      | "compression"
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
    this.memory = parts.memory;
    this.outgoing = parts.outgoing;
    this.observer = parts.observer;
    this.loop.gather(this);
    this.frameReaders = new FrameReaderPool("server", parts.config.websocket, parts.messages);
    this.compression = parts.compression;
    this.inflatingReaders = parts.compression &&
      new FrameReaderPool("server", parts.config.websocket, parts.messages, parts.compression);
    this.http = {
      head: this.head,
      limits: parts.config.http1,
      date: parts.date,
      ledger: parts.messages,
      heads: new HeadCache(),
    };
  }

  /** Sends what was gathered; with that the latencies of its answers are known, and what waits in memory. */
  flush(): void {
    this.outgoing.flush();
    this.observer?.flushed();
    this.memory.judge();
  }

  /** Called by sessions after each batch of input: what they gathered may be too much already. */
  judgeMemory(): void {
    if (this.messages.lentBytes > this.memory.nextJudgement) this.memory.judge();
  }

  /** Brings the Date field up to date; cheap enough for every batch of input. */
  refreshDate(): void {
    if (this.loop.now - this.#dateSetAt < DATE_AGE) return;
    this.#dateSetAt = this.loop.now;
    this.date.set(this.loop.os.epochMilliseconds());
  }

  /**
   * Calls `done` or `failed` when a handler's promise is settled. A handler written by others may return
   * something that is not a promise, or only a thenable.
   */
  follow<T>(
    promise: Promise<T>,
    done: (value: T) => void,
    failed: (reason: unknown) => void,
  ): Following {
    const isInLoop = promise instanceof LoopPromise;
    if (isInLoop) this.pendingInLoop++;
    else this.pendingHandlers++;
    const following = { isOver: false, isInLoop };
    const settle = (next: () => void) => {
      this.unfollow(following);
      next();
    };
    (isInLoop ? promise : Promise.resolve(promise)).then(
      (value) => settle(() => done(value)),
      (reason) => settle(() => failed(reason)),
    );
    return following;
  }

  /** A promise that may never settle is not waited for any more; its callbacks are still called if it does. */
  unfollow(following: Following): void {
    if (following.isOver) return;
    following.isOver = true;
    if (following.isInLoop) this.pendingInLoop--;
    else this.pendingHandlers--;
  }
}
