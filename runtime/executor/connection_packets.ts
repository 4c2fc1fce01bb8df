/**
 * Connections that move to another process, as packets of a `DescriptorChannel`.
 *
 * In: records and their descriptors (thread/connection_record.ts). Out: packets, with as many whole records as fit, or a part of a long one; and in
 * the other process the records and descriptors again.
 *
 * ```text
 * packet   5 | u8 records that begin in it, each with a descriptor | bytes of the records
 * answer   u32 records with which the new server goes on since the last answer
 * ```
 */

import { ByteBuffer } from "../../protocol/basics.ts";
import { LinuxOs, PACKET_BYTES, PACKET_DESCRIPTORS } from "../os/mod.ts";
import { LENGTH_BYTES, type MovedConnections, recordBytes } from "../thread/mod.ts";
import { PACKET } from "./packet_kinds.ts";

const HEAD_BYTES = 2;
const ROOM = PACKET_BYTES - HEAD_BYTES;
const COUNT_BYTES = 4;

/** What is sent at once. */
export interface ConnectionPacket {
  readonly bytes: Uint8Array;
  readonly descriptors: readonly number[];
}

/** A connection that has arrived. */
export interface ArrivedRecord {
  /** -1: this process had no room for one more. */
  readonly descriptor: number;
  readonly record: Uint8Array;
}

/** The packets of connections. */
export function* packetsOf(
  { descriptors, records }: MovedConnections,
): Generator<ConnectionPacket, void, undefined> {
  // What is not sent yet: bytes from `start` to `end`, of `count` records behind the first `sent` ones.
  let [start, end, sent, count] = [0, 0, 0, 0];
  const take = (bytes: number) => {
    const packet = new Uint8Array(HEAD_BYTES + bytes);
    packet.set([PACKET.records, count]);
    packet.set(records.subarray(start, start += bytes), HEAD_BYTES);
    return { bytes: packet, descriptors: descriptors.slice(sent, sent += count) };
  };
  while (sent + count < descriptors.length) {
    const bytes = recordBytes(records, end);
    if (count > 0 && (end + bytes - start > ROOM || count === PACKET_DESCRIPTORS)) {
      yield take(end - start);
      count = 0;
    }
    end += bytes;
    for (count++; end - start > ROOM; count = 0) yield take(ROOM);
  }
  if (end > start) yield take(end - start);
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
  readonly #bytes = new ByteBuffer();
  /** Of records that are not whole yet. */
  #descriptors: number[] = [];

  /** Closes connections that have not come whole. The old server has closed its own descriptors: else clients would wait for ever. */
  [Symbol.dispose](): void {
    const os = new LinuxOs();
    for (const descriptor of this.#descriptors) if (descriptor >= 0) os.close(descriptor);
    this.#descriptors = [];
    this.#bytes.clear();
  }

  /** Takes the next packet; returns the connections that are whole now. */
  take({ bytes, descriptors }: ConnectionPacket): ArrivedRecord[] {
    if (bytes[0] !== PACKET.records) return []; // of store_packets.ts
    const count = bytes[1] ?? 0;
    for (let i = 0; i < count; i++) this.#descriptors.push(descriptors[i] ?? -1);
    this.#bytes.append(bytes, HEAD_BYTES);
    const { length } = this.#bytes;
    const arrived: ArrivedRecord[] = [];
    const all = this.#bytes.view();
    let at = 0;
    while (at + LENGTH_BYTES <= length && at + recordBytes(all, at) <= length) {
      const record = all.slice(at, at += recordBytes(all, at));
      arrived.push({ descriptor: this.#descriptors.shift() ?? -1, record });
    }
    if (at > 0) {
      const rest = all.slice(at);
      this.#bytes.clear();
      this.#bytes.append(rest);
    }
    return arrived;
  }
}
