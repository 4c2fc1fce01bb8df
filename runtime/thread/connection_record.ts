/**
 * Connections that move to another process, as bytes: what a worker writes about each that it gives up, and another one reads when it goes on with it.
 *
 * In: connections. Out: a record for each, one behind the other, and their descriptors in the same order; and the connection of a record. Those
 * between the two workers pass records on unread. The two servers may be of different versions: they move connections only if both know
 * {@link RECORD_FORMAT}.
 *
 * ```text
 * record   u32 bytes behind it | u32 bytes of the head | head | state | unread bytes | unsent bytes
 * head     JSON: kind, endpoint, windowBits, address, port, state, unread (their numbers of bytes)
 * ```
 */

import { ByteBuffer } from "../../protocol/basics.ts";
import type { MovedConnection, MovedConnections } from "./moved_connection.ts";

/** The format of the records. Another one gets another number. */
export const RECORD_FORMAT = 3;

/** Before the length of a record is known. */
export const LENGTH_BYTES = 4;
const HEAD = 2 * LENGTH_BYTES;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The records of connections. */
export function encodeConnections(connections: readonly MovedConnection[]): MovedConnections {
  const records = new ByteBuffer();
  for (const { kind, endpoint, windowBits, address, port, ...parts } of connections) {
    const { state, unread, unsent } = parts;
    const lengths = { state: state.length, unread: unread.length };
    const text = JSON.stringify({ kind, endpoint, windowBits, address, port, ...lengths });
    const head = encoder.encode(text);
    const length = LENGTH_BYTES + head.length + state.length + unread.length + unsent.length;
    appendUint32(records, length);
    appendUint32(records, head.length);
    for (const part of [head, state, unread, unsent]) records.append(part);
  }
  const descriptors = connections.map(({ descriptor }) => descriptor);
  return { descriptors, records: records.view().slice() };
}

/** The connections again. */
export function decodeConnections(
  { descriptors, records }: MovedConnections,
): MovedConnection[] {
  let at = 0;
  return descriptors.map((descriptor) => {
    const record = records.subarray(at, at += recordBytes(records, at));
    const length = uint32At(record, LENGTH_BYTES);
    const head = JSON.parse(decoder.decode(record.subarray(HEAD, HEAD + length)));
    const stateEnd = HEAD + length + head.state;
    const unreadEnd = stateEnd + head.unread;
    return {
      ...head,
      descriptor,
      state: record.slice(HEAD + length, stateEnd),
      unread: record.slice(stateEnd, unreadEnd),
      unsent: record.slice(unreadEnd),
    };
  });
}

/** The length of the record that begins there, of which the first {@link LENGTH_BYTES} are there. */
export function recordBytes(records: Uint8Array, at: number): number {
  return LENGTH_BYTES + uint32At(records, at);
}

function appendUint32(out: ByteBuffer, value: number): void {
  for (let shift = 24; shift >= 0; shift -= 8) out.appendByte((value >>> shift) & 0xff);
}

function uint32At({ buffer, byteOffset }: Uint8Array, at: number): number {
  return new DataView(buffer, byteOffset + at).getUint32(0);
}
