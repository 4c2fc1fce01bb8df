/**
 * The bytes that one worker is about to send, gathered so that a batch costs one `send`.
 *
 * In: sessions append to `buffer` after `claim`. Out: `flush` gives it to the transport of its owner.
 * There is one per worker: who claims it while another session's bytes are in it flushes these first,
 * so bytes never reach another connection and order within each is kept.
 */

import { ByteBuffer } from "../../protocol/mod.ts";
import type { Transport } from "../loop/mod.ts";

/** Past this the bytes go out before more are gathered. Measured: larger sends gain nothing. */
const FULL = 64 * 1024;
/** One large answer should not keep its memory for ever. */
const KEPT = 1024 * 1024;

/** Gathers what one connection at a time sends. */
export class Outbox {
  /** Append here after {@link claim}; never clear it. */
  buffer = new ByteBuffer(FULL);
  #owner: Transport | null = null;

  /** Makes the buffer that of `owner`, sending what another one left in it. */
  claim(owner: Transport): ByteBuffer {
    if (this.#owner !== owner) {
      if (this.#owner !== null) this.flush();
      this.#owner = owner;
    }
    return this.buffer;
  }

  /** Whether the owner should flush before it appends more. */
  get full(): boolean {
    return this.buffer.length >= FULL;
  }

  /** Sends what was gathered. */
  flush(): void {
    const owner = this.#owner;
    const { buffer } = this;
    this.#owner = null;
    if (owner === null || buffer.length === 0) return;
    const { bytes, length } = buffer;
    // Empty before the write: a write that fails closes the session, which must not send again.
    buffer.clear();
    owner.write(bytes, 0, length);
    if (bytes.length > KEPT) this.buffer = new ByteBuffer(FULL);
  }
}
