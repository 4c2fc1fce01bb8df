/**
 * A session with an app, without sockets: what a request costs in this program alone.
 *
 * In: the app, or the endpoints of channels. Out: `ask`, which hands over a request's bytes as the loop does, and returns the
 * length of the answer. An answer that comes later is waited for by `askLater`.
 */

import { DateField, MessageBufferPool } from "../../protocol/mod.ts";
import { DEFAULT_CONFIG } from "../../runtime/config/mod.ts";
import {
  type Loop,
  NEVER,
  Outgoing,
  OutgoingBatch,
  type Transport,
} from "../../runtime/net/mod.ts";
import { EventLog, LineStamp } from "../../runtime/observe/log/mod.ts";
import { createSharedState, openSharedState } from "../../runtime/ring/mod.ts";
import { App, type AppParts, type Topics } from "../../runtime/serve/app/mod.ts";
import type { AppModule } from "../../runtime/serve/app/mod.ts";
import { type RouterParts, serverRouter } from "../../runtime/serve/routes/mod.ts";
import { HttpSession, SessionContext } from "../../runtime/serve/session/mod.ts";
import type { Warnings } from "../../runtime/thread/mod.ts";

/** A connection whose peer takes every byte at once. */
class OpenTransport implements Transport {
  readonly descriptor = 7;
  readonly peerAddress = "127.0.0.1";
  readonly peerPort = 50_000;
  readonly out: Outgoing;
  readonly closed = false;
  readonly ended = false;
  readonly queuedBytes = 0;
  /** Bytes of the answers so far. */
  sent = 0;

  constructor(batch: OutgoingBatch) {
    this.out = new Outgoing({
      batch,
      sendQueued: () => this.#take(),
      sendNow: (_bytes, start, end) => {
        this.#take();
        this.sent += end - start;
      },
    });
  }

  setReading() {}
  finish() {}
  abort() {}
  setSession() {}
  setDeadline() {}

  #take(): void {
    this.sent += this.out.size;
    this.out.clear();
  }
}

/** A session of the server's endpoints, with an app or without. */
export class AppSession {
  readonly #session: HttpSession;
  readonly #transport: OpenTransport;
  readonly #context: SessionContext;

  /**
   * @param module the app; undefined: there is none
   * @param channels the endpoints of channels
   */
  constructor(module: AppModule | undefined, channels: RouterParts["channels"] = []) {
    const config = { ...DEFAULT_CONFIG, workers: 1 };
    const state = openSharedState(
      createSharedState({ workers: 1, taskSlots: 8, inboxBytes: 256, descriptors: 64 }),
    );
    const messages = new MessageBufferPool();
    const outgoing = new OutgoingBatch(messages);
    const date = new DateField(0);
    const loop = {
      now: 1000,
      timers: { deadlineOf: () => NEVER },
      os: { epochMilliseconds: () => 0, preciseMilliseconds: () => 0 },
      defer() {},
      gather() {},
    } as unknown as Loop;
    const clock = new LineStamp({ now: () => loop.now, epochMilliseconds: () => 0, writer: null });
    const app = module && new App({
      load: () => Promise.resolve(module),
      address: { hostname: "127.0.0.1", port: 80, isSecure: false },
      topics: {} as Topics,
      entry: "/app.ts",
      files: {} as AppParts["files"],
      report: (what, error) => {
        throw new Error(what, { cause: error });
      },
    });
    if (app !== undefined && module !== undefined) app.module = module; // in place of its start
    this.#context = new SessionContext({
      config,
      loop,
      log: new EventLog(null, clock),
      warnings: { say() {} } as unknown as Warnings,
      counters: state.counters(0),
      router: serverRouter({ config, date, app, channels }),
      date,
      messages,
      memory: { nextJudgement: Infinity, judge() {}, admits: () => true },
      outgoing,
      observer: null,
      compression: null,
    });
    this.#transport = new OpenTransport(outgoing);
    this.#session = new HttpSession(this.#context);
    this.#session.attach(this.#transport);
  }

  /** Hands a request over; the length of what was answered at once. */
  ask(request: Uint8Array): number {
    const before = this.#transport.sent;
    this.#session.receive(request, 0, request.length);
    this.#context.flush();
    return this.#transport.sent - before;
  }

  /** The same for an answer that comes after some microtasks. */
  async askLater(request: Uint8Array): Promise<number> {
    const before = this.#transport.sent;
    this.ask(request);
    while (this.#transport.sent === before) {
      await undefined;
      this.#context.flush();
    }
    return this.#transport.sent - before;
  }
}
