/**
 * Puts replies into the framing of their transport: a WebSocket message, SSE events, or lines of an HTTP stream.
 *
 * In: replies, one after another, as objects without line breaks. Out: the bytes to send, in the buffer of the
 * caller; for a WebSocket one text message, whose frame header is not written here. A reply may be written in place, or
 * copied if it was encoded once for several connections.
 */

import type { ByteBuffer } from "../byte_buffer.ts";

/** What stands around the replies of a transport. */
export interface Framing {
  /** In front of each reply. */
  readonly before: string;
  /** Between two replies of one batch. */
  readonly between: string;
  /** Behind each reply. */
  readonly after: string;
}

/** The framings, by the names that clients have for the transports. */
export const FRAMINGS = {
  /** One text message has all replies of a batch. */
  websocket: { before: "", between: "\n", after: "" },
  /** An EventSource gives each event to the client (HTML Living Standard, section 9.2.6). */
  sse: { before: "data: ", between: "", after: "\n\n" },
  http_stream: { before: "", between: "", after: "\n" },
} as const satisfies Readonly<Record<string, Framing>>;

/** Collects the replies that leave together. */
export class ReplyBatch {
  /** The replies that are in it. */
  count = 0;
  readonly #out: ByteBuffer;
  readonly #framing: Framing;

  /** @param out empty, or with what goes in front; it belongs to the caller */
  constructor(out: ByteBuffer, framing: Framing) {
    this.#out = out;
    this.#framing = framing;
  }

  /** Begins a reply: the caller appends it to the answer, and calls {@link end}. */
  begin(): ByteBuffer {
    const { before, between } = this.#framing;
    if (this.count > 0) this.#out.appendLatin1(between);
    this.count++;
    this.#out.appendLatin1(before);
    return this.#out;
  }

  /** Ends the reply that was begun. */
  end(): void {
    this.#out.appendLatin1(this.#framing.after);
  }

  /** Adds a reply that is encoded already. */
  append(reply: Uint8Array): void {
    this.begin().append(reply);
    this.end();
  }
}
