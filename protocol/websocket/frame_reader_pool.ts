/**
 * The frame readers of one worker: one for each connection with an incomplete message.
 *
 * In: a request of a connection that received bytes. Out: a reader, which the connection gives back when
 * it is between two messages again. So thousands of idle connections need no reader: a reader and its
 * objects take 450 bytes, as much as the rest of an idle connection.
 */

import type { WebSocketLimits } from "../limits.ts";
import type { Inflater } from "./inflater.ts";
import { FrameReader, type Role } from "./frame_reader.ts";
import type { MessageBufferPool } from "../message_buffer_pool.ts";

/** The most spare readers kept after a burst of incomplete messages. */
const MAX_SPARES = 64;

/** Lends readers and takes them back. */
export class FrameReaderPool {
  /** The role of the connections. */
  readonly role: Role;
  /** Readers that are taken and not given back. */
  lent = 0;
  readonly #limits: WebSocketLimits;
  readonly #buffers: MessageBufferPool;
  readonly #inflater: Inflater | undefined;
  // A linked list: an array would shrink and grow with every message.
  #spare: FrameReader | null = null;
  #spares = 0;

  /**
   * @param buffers lends the buffers of payloads that arrive in pieces; other pools may share it
   * @param inflater the pool is for connections that negotiated permessage-deflate; absent: for all others
   */
  constructor(
    role: Role,
    limits: WebSocketLimits,
    buffers: MessageBufferPool,
    inflater?: Inflater,
  ) {
    this.role = role;
    this.#limits = limits;
    this.#buffers = buffers;
    this.#inflater = inflater;
  }

  /** A reader at the start of a frame and of a message. */
  take(): FrameReader {
    this.lent++;
    const reader = this.#spare;
    if (reader === null) {
      return new FrameReader(this.role, this.#limits, this.#buffers, this.#inflater);
    }
    this.#spare = reader.nextSpare;
    this.#spares--;
    return reader;
  }

  /** Takes a reader back; it is discarded if it is inside a frame or a message. */
  give(reader: FrameReader): void {
    this.lent--;
    if (this.#spares >= MAX_SPARES || !reader.isIdle) return;
    reader.begun = Infinity;
    reader.nextSpare = this.#spare;
    this.#spare = reader;
    this.#spares++;
  }
}
