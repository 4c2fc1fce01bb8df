/**
 * The subscribers of one face in one channel on one worker, and what they get next.
 *
 * In: entries in their order. Out: one message of what was appended, for all of them. Buffers are shared by all channels: most have
 * nothing to send at any moment.
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import type { Entry } from "../../channels/mod.ts";
import type { ChannelIdentity, Face, Subscriber } from "./face.ts";
import { FewSet } from "./few_set.ts";

/** A longer buffer than this is not kept for the next messages. */
const KEPT_BYTES = 4 * 1024;
/** Buffers that are kept for the next messages, of whatever channel: those of a turn that has messages for so many. */
const KEPT_BUFFERS = 64;

/** Buffers that no channel has. */
const BUFFERS: ByteBuffer[] = [];

/** The subscribers of one face, and what they get next. It is a set, as there are many: a field would be one more object. */
export class Group extends FewSet<Subscriber> {
  readonly face: Face<unknown>;
  /** The next face of the channel. */
  next: Group | null = null;
  /** What is encoded; null: nothing. */
  out: ByteBuffer | null = null;
  /** How many entries `out` has. */
  entries = 0;

  constructor(face: Face<unknown>) {
    super();
    this.face = face;
  }

  /** What is encoded, to append to. */
  protected get buffer(): ByteBuffer {
    return this.out ??= BUFFERS.pop() ?? new ByteBuffer(0);
  }

  /** How many bytes wait. */
  get waiting(): number {
    return this.out?.length ?? 0;
  }

  /** Takes back what was appended after so many bytes waited. */
  cut(waiting: number): void {
    if (this.out !== null) this.out.length = waiting;
  }

  /** Encodes an entry. Returns how many bytes wait. @throws what the face throws: then a part of the entry may wait */
  append(channel: ChannelIdentity, entry: Entry): number {
    const out = this.buffer;
    const { length } = out;
    this.face.append(out, channel, entry);
    if (out.length > length) this.entries++;
    return out.length;
  }

  /** Takes the message of what was encoded; undefined if nothing was. */
  take(): unknown {
    const { out, face, entries } = this;
    if (out === null) return undefined;
    this.out = null;
    this.entries = 0;
    const { length } = out;
    const message = length === 0 ? undefined : face.seal(out);
    out.clear();
    if (out.bytes.length <= KEPT_BYTES && BUFFERS.length < KEPT_BUFFERS) BUFFERS.push(out);
    if (length > 0) face.delivers?.(entries, length, this.size);
    return message;
  }
}
