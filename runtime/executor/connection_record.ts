/**
 * A connection that moves to another process, as packets of a `DescriptorChannel`.
 *
 * In: a connection. Out: its packets, the first of which carries the descriptor; and in the other process the connection. The two
 * servers may be of different versions: they move connections only if both know {@link RECORD_FORMAT}.
 *
 * ```text
 * packet   1 if it is the last one of its record, else 0 | bytes of the record
 * record   u32 bytes of the head | head | state | unread bytes | unsent bytes
 * head     JSON: kind, endpoint, windowBits, address, port, state, unread (their numbers of bytes)
 * answer   u32 records with which the new server goes on since the last answer
 * ```
 */

import { ByteBuffer, concatBytes } from "../../protocol/basics.ts";
import { LinuxOs, PACKET_BYTES } from "../os/mod.ts";
import type { MovedConnection } from "../thread/mod.ts";

/** The format of the records. Another one gets another number. */
export const RECORD_FORMAT = 2;

const LENGTH_BYTES = 4;
const COUNT_BYTES = 4;
const PIECE_BYTES = PACKET_BYTES - 1;

/** The packets of a connection. */
export function* packetsOf(connection: MovedConnection): Generator<Uint8Array, void, undefined> {
  const { kind, endpoint, windowBits, address, port, state, unread, unsent } = connection;
  const lengths = { state: state.length, unread: unread.length };
  const text = JSON.stringify({ kind, endpoint, windowBits, address, port, ...lengths });
  const head = new TextEncoder().encode(text);
  const record = concatBytes([new Uint8Array(LENGTH_BYTES), head, state, unread, unsent]);
  new DataView(record.buffer).setUint32(0, head.length);
  for (let at = 0; at < record.length; at += PIECE_BYTES) {
    const piece = record.subarray(at, at + PIECE_BYTES);
    const packet = new Uint8Array(1 + piece.length);
    packet[0] = at + PIECE_BYTES >= record.length ? 1 : 0;
    packet.set(piece, 1);
    yield packet;
  }
}

/** The packet that answers so many connections. */
export function answerTo(count: number): Uint8Array {
  const packet = new Uint8Array(COUNT_BYTES);
  new DataView(packet.buffer).setUint32(0, count);
  return packet;
}

/** How many connections such a packet answers. */
export function countIn({ buffer, byteOffset, length }: Uint8Array): number {
  return length === COUNT_BYTES ? new DataView(buffer, byteOffset).getUint32(0) : 0;
}

/** Puts the packets of one channel together. */
export class RecordReader implements Disposable {
  readonly #record = new ByteBuffer();
  #descriptor = -1;

  /** Closes a connection that has not come whole. The old server has closed its own descriptor: else the client would wait for ever. */
  [Symbol.dispose](): void {
    if (this.#record.length > 0 && this.#descriptor >= 0) new LinuxOs().close(this.#descriptor);
    this.#record.clear();
  }

  /** Takes the next packet; returns the connection whose last packet it is. */
  take(packet: Uint8Array, descriptor: number): MovedConnection | undefined {
    if (this.#record.length === 0) this.#descriptor = descriptor;
    this.#record.append(packet, 1, packet.length);
    if (packet[0] !== 1) return undefined;
    const record = this.#record.view().slice();
    this.#record.clear();
    const length = new DataView(record.buffer).getUint32(0);
    const body = LENGTH_BYTES + length;
    const head = JSON.parse(new TextDecoder().decode(record.subarray(LENGTH_BYTES, body)));
    const stateEnd = body + head.state;
    const unreadEnd = stateEnd + head.unread;
    return {
      ...head,
      descriptor: this.#descriptor,
      state: record.slice(body, stateEnd),
      unread: record.slice(stateEnd, unreadEnd),
      unsent: record.slice(unreadEnd),
    };
  }
}
