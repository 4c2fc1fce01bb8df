/**
 * Microbenchmarks of the access log, on the worker's side: `deno bench -A tests/bench/access_log_bench.ts`, or micro.ts.
 *
 * One iteration receives a request and logs its answer, as a session does; the row without a log has the same
 * request alone, so the difference is the cost of a line. `repeated`: the connection has sent the same head before.
 * The lines are taken from the buffer as the log's writer takes them, but are not written.
 */

import {
  DateField,
  HeadCache,
  HTTP1_LIMITS,
  Http1Connection,
  PreparedResponse,
  RequestHead,
} from "../../protocol/mod.ts";
import { type AccessFormat, DEFAULT_CONFIG } from "../../runtime/config/mod.ts";
import type { Loop, Transport } from "../../runtime/net/mod.ts";
import { AccessLog, LineStamp } from "../../runtime/observe/log/mod.ts";
import { LinuxOs } from "../../runtime/os/mod.ts";
import {
  createLogMemory,
  createSharedState,
  LogBuffer,
  LogReader,
  openSharedState,
} from "../../runtime/ring/mod.ts";
import { RequestObserver } from "../../runtime/serve/session/observer.ts";
import { RequestTrace } from "../../runtime/serve/session/request_trace.ts";
import { ByteBuffer } from "../../protocol/byte_buffer.ts";
import { BROWSER_REQUEST, SMALL_REQUEST } from "./micro_inputs.ts";

/** Requests of one turn of the loop. */
const REQUESTS = 100;
const BODY = new TextEncoder().encode("ok");

const os = new LinuxOs();
const clock = { now: os.preciseMilliseconds(), os };
const loop = clock as unknown as Loop;
const counters = openSharedState(createSharedState({ workers: 1 })).counters(0);
const transport = { peerAddress: "127.0.0.1" } as Transport;

/** An access log whose lines nobody writes. */
class UnwrittenLog {
  readonly log: AccessLog;
  readonly #reader: LogReader;
  dropped = 0;

  constructor(format: AccessFormat) {
    const memory = createLogMemory(1);
    const lines = new LogBuffer(memory, 0, (count) => this.dropped += count);
    const stamp = new LineStamp({ now: () => loop.now, epochMilliseconds: Date.now, writer: "w0" });
    this.log = new AccessLog({ lines, clock: stamp, format, worker: 0 });
    this.#reader = new LogReader(memory, 0);
  }

  take(): number {
    this.log.flush();
    const lines = this.#reader.take();
    if (lines !== null) this.#reader.consume(lines.length);
    return lines === null ? 0 : lines.length;
  }
}

const date = new DateField(Date.now());
const prepared = new PreparedResponse(
  { status: 200, fields: [] },
  BODY,
  date,
);

for (
  const [name, bytes] of [["100-byte", SMALL_REQUEST], ["browser's", BROWSER_REQUEST]] as const
) {
  for (const [way, heads] of [["repeated", new HeadCache()], ["parsed", undefined]] as const) {
    for (const format of [null, "combined", "json"] as const) {
      const head = new RequestHead();
      const options = { head, limits: HTTP1_LIMITS, date };
      const http = new Http1Connection(heads === undefined ? options : { ...options, heads });
      const file = format === null ? null : new UnwrittenLog(format);
      const accessLog = file === null ? null : file.log;
      const observer = new RequestObserver({
        loop,
        counters,
        accessLog,
        proxy: DEFAULT_CONFIG.proxy,
      });
      const trace = new RequestTrace(observer, transport);
      trace.attach(transport, clock.now);
      const out = new ByteBuffer();
      const serve = (): void => {
        clock.now = os.preciseMilliseconds();
        for (let i = 0; i < REQUESTS; i++) {
          out.clear();
          http.receive(bytes, 0, bytes.length);
          http.next();
          trace.begin(clock.now);
          http.sendPrepared(out, prepared);
          trace.answered(head, 200, BODY.length);
          http.next();
          http.next();
          http.retain();
        }
        observer.flushed();
        file?.take();
      };
      serve();
      const what = format === null ? "no access log" : `access log, ${format}`;
      Deno.bench(
        `${what}: a ${name} request, ${way}, × ${REQUESTS}`,
        { group: `${name} ${way}` },
        () => {
          serve();
          if (file !== null && file.dropped > 0) throw new Error("lines were dropped");
        },
      );
    }
  }
}
