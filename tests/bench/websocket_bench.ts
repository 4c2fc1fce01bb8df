/**
 * Benchmarks of a WebSocket echo above the system calls: `deno bench -A tests/bench/websocket_bench.ts`, or micro.ts
 * for times per message, as a name ends with their number.
 *
 * What is measured: a session of the server receives masked frames, logs each message, and its answers are queued.
 * The frames are copied in first, as the kernel would do, because they are unmasked in place. Answers and lines
 * are dropped by what would send and write them.
 */

import { DateField, MessageBufferPool, RequestHead } from "../../protocol/mod.ts";
import { DEFAULT_CONFIG } from "../../runtime/config/mod.ts";
import {
  type Loop,
  Outgoing,
  OutgoingBatch,
  TimerNode,
  TimerWheel,
  type Transport,
} from "../../runtime/net/mod.ts";
import { EventLog, LineStamp } from "../../runtime/observe/log/mod.ts";
import {
  COLUMN,
  createLogMemory,
  createSharedState,
  LogBuffer,
  LogReader,
  openSharedState,
} from "../../runtime/ring/mod.ts";
import { echoRoute } from "../../runtime/serve/routes/echo.ts";
import { SessionContext, type WebSocketHandler } from "../../runtime/serve/session/mod.ts";
import { WebSocketSession } from "../../runtime/serve/session/websocket_session.ts";
import { Warnings } from "../../runtime/thread/mod.ts";
import { maskedFrame } from "./micro_inputs.ts";

/** What writes the lines takes them this often, in messages: less than a half of the buffer has room for. */
const WRITTEN_EVERY = 1000;

/** A connection whose answers are dropped as soon as they would be sent. */
class Sink extends TimerNode implements Transport {
  readonly descriptor = 57;
  readonly peerAddress = "";
  readonly peerPort = 0;
  readonly closed = false;
  readonly ended = false;
  readonly queuedBytes = 0;
  readonly out: Outgoing;
  readonly batch: OutgoingBatch;
  readonly #loop: Loop;
  sent = 0;

  constructor(batch: OutgoingBatch, loop: Loop) {
    super();
    this.batch = batch;
    this.#loop = loop;
    this.out = new Outgoing(this);
  }

  sendQueued(): void {
    this.sent += this.out.length;
    if (this.out.length > 0) this.out.sentAll();
  }

  sendNow(): void {}
  setReading(): void {}
  finish(): void {}
  abort(): void {}
  setSession(): void {}

  setDeadline(deadline: number): void {
    this.#loop.timers.set(this, deadline);
  }

  override onDeadline(): void {}
}

/** A worker's parts around one session. */
class Rig {
  readonly loop: Loop = {
    now: 1000,
    timers: new TimerWheel(1000),
    os: { epochMilliseconds: () => 1_767_225_600_000, preciseMilliseconds: () => 1000 },
    defer: () => {},
    gather: () => {},
  };
  readonly counters = openSharedState(createSharedState({ workers: 1 })).counters(0);
  readonly batch: OutgoingBatch;
  readonly sink: Sink;
  readonly session: WebSocketSession;
  readonly #log: EventLog;
  readonly #reader: LogReader | null;
  #messages = 0;

  constructor(handler: WebSocketHandler, hasLog: boolean) {
    const memory = createLogMemory(1);
    const lines = hasLog ? new LogBuffer(memory, 0, () => fail("a line was dropped")) : null;
    this.#reader = hasLog ? new LogReader(memory, 0) : null;
    const { loop, counters } = this;
    const clock = new LineStamp({
      now: () => loop.now,
      epochMilliseconds: () => loop.os.epochMilliseconds(),
      writer: "w0",
    });
    this.#log = new EventLog(lines, clock);
    const messages = new MessageBufferPool();
    this.batch = new OutgoingBatch(messages);
    const context = new SessionContext({
      config: { workers: 1, ...DEFAULT_CONFIG },
      loop,
      log: this.#log,
      warnings: new Warnings(() => fail("a warning"), () => loop.now),
      counters,
      router: { find: () => undefined },
      date: new DateField(1_767_225_600_000),
      messages,
      memory: { nextJudgement: Infinity, admits: () => true, judge: () => {} },
      outgoing: this.batch,
      observer: null,
      compression: null,
    });
    this.sink = new Sink(this.batch, loop);
    this.session = new WebSocketSession(context, handler);
    this.session.open(this.sink, new Uint8Array(0), new RequestHead());
    this.batch.flush();
  }

  /** Receives so many messages, and sends the answers. */
  take(bytes: Uint8Array, end: number, messages: number): void {
    this.session.receive(bytes, 0, end);
    this.batch.flush();
    this.#messages += messages;
    if (this.#messages < WRITTEN_EVERY || this.#reader === null) return;
    this.#messages = 0;
    this.#log.flush();
    const written = this.#reader.take();
    if (written !== null) this.#reader.consume(written.length);
  }
}

function fail(text: string): never {
  throw new Error(text);
}

const { webSocket } = echoRoute();
if (webSocket === null) throw new TypeError("the echo has no WebSocket");

for (const [size, count] of [[16, 1], [16, 16], [1024, 1], [1024, 16]] as const) {
  for (const hasLog of [true, false]) {
    const frame = maskedFrame(size);
    const input = new Uint8Array(64 * 1024);
    const frames = new Uint8Array(frame.length * count);
    for (let i = 0; i < count; i++) frames.set(frame, i * frame.length);
    const rig = new Rig(webSocket, hasLog);
    input.set(frames);
    rig.take(input, frames.length, count);
    const isEchoed = rig.sink.sent === (frame.length - 4) * count && // without the key
      rig.counters.get(COLUMN.messagesReceived) === count;
    if (!isEchoed) fail(`${rig.sink.sent} bytes were sent`);
    const log = hasLog ? "logged" : "without a log";
    Deno.bench(`WebSocket session, echo of ${size} B, ${log}, × ${count}`, () => {
      input.set(frames);
      rig.take(input, frames.length, count);
    });
  }
}
