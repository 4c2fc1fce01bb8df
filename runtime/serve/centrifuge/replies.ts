/**
 * The replies to the commands of one message, which leave together, in the order of the commands.
 *
 * In: replies, one after another. Out: one message to the client, when {@link Replies.send} is called. A reply must be sent before
 * the loop may look at the channels again: a push of a subscription must not overtake the reply to it.
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import { type ClientError, ReplyBatch, writeError } from "../../../protocol/centrifuge/mod.ts";
import type { ClientLink } from "./client_link.ts";

const FIRST_BYTES = 256;

/** Collects replies. */
export class Replies {
  readonly #link: ClientLink;
  readonly #out = new ByteBuffer(FIRST_BYTES);
  #batch: ReplyBatch;
  #sent = 0;

  constructor(link: ClientLink) {
    this.#link = link;
    this.#batch = new ReplyBatch(this.#out, link.wire.framing);
  }

  /** Bytes that are not sent yet. */
  get length(): number {
    return this.#out.length;
  }

  /** All bytes that were ever added. */
  get total(): number {
    return this.#sent + this.#out.length;
  }

  /** Adds what `write` appends. */
  add(write: (out: ByteBuffer) => void): void {
    write(this.#batch.begin());
    this.#batch.end();
  }

  /** Adds an error. */
  error(id: number, error: ClientError): void {
    this.#link.wire.meter.clientError(error.code);
    this.add((out) => writeError(out, id, error));
  }

  /** Sends what was added since the last time. Returns false if it was dropped. */
  send(): boolean {
    if (this.#batch.count === 0) return true;
    const taken = this.#link.send(this.#out.bytes, 0, this.#out.length);
    this.#sent += this.#out.length;
    this.#out.clear();
    this.#batch = new ReplyBatch(this.#out, this.#link.wire.framing);
    return taken;
  }
}
