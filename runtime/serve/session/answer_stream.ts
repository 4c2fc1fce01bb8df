/**
 * An answer whose body is sent over time, such as a stream of events.
 *
 * In: pieces of the body, at any time and in any turn. Out: the framed pieces in the connection's outgoing queue,
 * and what happens to the connection, to the listener. The exchange makes one for its answer; after the end of the
 * answer or of the connection it does nothing, so that an owner that keeps it cannot reach another client.
 */

import type { Http1Connection } from "../../../protocol/mod.ts";
import type { OutgoingBatch, Transport } from "../../net/mod.ts";
import type { AnswerStream, StreamListener } from "./route.ts";
import { DROPPED, QUEUED } from "./send_result.ts";

/** Fields of every such answer: no cache, and no proxy's buffer (nginx: X-Accel-Buffering). */
export const STREAM_FIELDS = [
  ["Cache-Control", "no-store"],
  ["X-Accel-Buffering", "no"],
  ["X-Content-Type-Options", "nosniff"],
] as const;

/** What a stream works with. */
export interface HttpAnswerStreamParts {
  readonly http: Http1Connection;
  readonly transport: Transport;
  readonly listener: StreamListener;
  /** The batch of its worker. */
  readonly outgoing: Pick<OutgoingBatch, "relieve">;
  /** Bytes that may be queued for the client: `--max-queued`. */
  readonly queuedBytes: number;
  /** This many bytes of the body were sent. */
  sent(bytes: number): void;
  /** The whole answer is queued. */
  ended(): void;
}

/** The stream of one exchange. */
export class HttpAnswerStream implements AnswerStream {
  readonly #parts: HttpAnswerStreamParts;
  #isOpen = true;

  constructor(parts: HttpAnswerStreamParts) {
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#isOpen && !this.#parts.transport.ended;
  }

  get queuedBytes(): number {
    return this.#parts.transport.queuedBytes;
  }

  send(bytes: Uint8Array, start: number, end: number): number {
    // A copy beyond the end would send old bytes of the queue's memory.
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`there are no bytes ${start} to ${end} to send`);
    }
    const { http, transport, outgoing, queuedBytes } = this.#parts;
    outgoing.relieve(); // may end the connection
    if (!this.isOpen || transport.queuedBytes > queuedBytes) return DROPPED;
    http.sendData(transport.out, bytes, start, end);
    this.#parts.sent(end - start);
    if (transport.out.isFull) transport.out.flush(); // may too
    if (!this.isOpen) return DROPPED;
    return transport.queuedBytes > 0 ? QUEUED : end - start;
  }

  end(): void {
    if (!this.isOpen) return;
    const { http, transport } = this.#parts;
    // Throws if the body is shorter than its Content-Length: then it can still be aborted.
    http.sendEnd(transport.out);
    this.#isOpen = false;
    this.#parts.ended();
  }

  abort(): void {
    if (!this.isOpen) return;
    this.#isOpen = false;
    this.#parts.transport.abort();
  }

  // Called by the exchange and its session.

  /** Whether it is about what a server hands over. */
  get isFreezable(): boolean {
    return this.isOpen && this.#parts.listener.isFreezable === true;
  }

  /** Where the answer goes on in the new server; undefined: nowhere. */
  get resumesAt(): string | undefined {
    return this.isOpen ? this.#parts.listener.resumesAt : undefined;
  }

  /** The only worker that can go on with it there; undefined: any. */
  get resumesOn(): number | undefined {
    return this.#parts.listener.resumesOn;
  }

  /** Gives up the answer, which goes on there: what it has to know; undefined: it does not go on there, or not now. */
  move(): Uint8Array | undefined {
    const state = this.#parts.listener.moving?.();
    if (state === undefined || !this.isOpen) return undefined;
    this.#isOpen = false;
    return state;
  }

  /** The client has left, or can send nothing more. */
  left(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#parts.listener.left();
  }

  /** The client's side has ended: so has the answer. */
  endByClient(): void {
    if (!this.#isOpen) return;
    const { http, transport, listener } = this.#parts;
    this.left();
    if (listener.isCutOff === true) return transport.abort();
    if (!transport.ended) http.sendEnd(transport.out);
    this.#parts.ended();
  }

  /** The server is stopping. */
  stop(): void {
    if (this.#isOpen && this.#parts.listener.stopping() === "later") return;
    this.end();
  }

  /** The client has read all that was queued. */
  drained(): void {
    if (this.#isOpen) this.#parts.listener.drained?.();
  }
}
