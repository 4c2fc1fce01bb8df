/**
 * The frame readers of one worker: as many as there are connections with a message under way.
 *
 * In: a connection that has received something. Out: a reader, until the connection stands between
 * two messages again. So thousands of silent connections share the one that the last message used;
 * a reader and what belongs to it are 450 bytes, as much as all the rest of an idle connection.
 */

import type { WebSocketLimits } from "../limits.ts";
import { FrameReader, type Role } from "./frame_reader.ts";
import type { MessageBufferPool } from "../message_buffer_pool.ts";

/** Bound on what a burst of half messages leaves behind. */
const MAX_SPARES = 64;

/** Lends and takes back readers. */
export class FrameReaderPool {
  /** Which end of its connections the readers read for. */
  readonly role: Role;
  /** Readers that were taken and not given back yet. */
  lent = 0;
  readonly #limits: WebSocketLimits;
  readonly #buffers: MessageBufferPool;
  // A list by the readers' own links: an array would be cut and grown again at every message.
  #spare: FrameReader | null = null;
  #spares = 0;

  /** @param buffers lends the buffers of what comes in pieces; may serve other pools too */
  constructor(role: Role, limits: WebSocketLimits, buffers: MessageBufferPool) {
    this.role = role;
    this.#limits = limits;
    this.#buffers = buffers;
  }

  /** A reader that stands at the beginning of a frame and of a message. */
  take(): FrameReader {
    this.lent++;
    const reader = this.#spare;
    if (reader === null) return new FrameReader(this.role, this.#limits, this.#buffers);
    this.#spare = reader.nextSpare;
    this.#spares--;
    return reader;
  }

  /** Takes a reader back; one that stands within a frame or a message is not used again. */
  give(reader: FrameReader): void {
    this.lent--;
    if (this.#spares >= MAX_SPARES || !reader.isIdle) return;
    reader.nextSpare = this.#spare;
    this.#spare = reader;
    this.#spares++;
  }
}
