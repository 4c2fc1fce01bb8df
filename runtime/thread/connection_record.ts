/**
 * Connections that move to another process, as bytes: what a worker writes about each that it gives up, and another one reads when it goes on with it.
 *
 * In: connections. Out: a record for each, one behind the other, and their descriptors in the same order; and the connection of a record. Those
 * between the two workers pass records on unread, but for the worker that one is for. The two servers may be of different versions: they move connections only if both know
 * {@link RECORD_FORMAT}.
 *
 * ```text
 * record   u32 bytes behind it | u32 the only worker that can go on with it, or all bits | u32 bytes of the head | head | state | unread bytes |
 *          unsent bytes
 * head     JSON: kind, endpoint, windowBits, address, port, state, unread (their numbers of bytes)
 * ```
 */

import type { MovedConnection, MovedConnections } from "./moved_connection.ts";

/** The format of the records. Another one gets another number. */
export const RECORD_FORMAT = 4;

/** Before the length of a record is known. */
export const LENGTH_BYTES = 4;
const WORKER = LENGTH_BYTES;
const HEAD_LENGTH = WORKER + 4;
const HEAD = HEAD_LENGTH + LENGTH_BYTES;
const ANY_WORKER = 0xffff_ffff;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The records of connections. */
export function encodeConnections(connections: readonly MovedConnection[]): MovedConnections {
  const all: Uint8Array[] = [];
  for (const { kind, endpoint, windowBits, address, port, ...parts } of connections) {
    const { state, unread, unsent, worker = ANY_WORKER } = parts;
    const lengths = { state: state.length, unread: unread.length };
    const text = JSON.stringify({ kind, endpoint, windowBits, address, port, ...lengths });
    const head = encoder.encode(text);
    const length = HEAD - LENGTH_BYTES + head.length + state.length + unread.length + unsent.length;
    const before = new Uint8Array(HEAD);
    const view = new DataView(before.buffer);
    view.setUint32(0, length);
    view.setUint32(WORKER, worker);
    view.setUint32(HEAD_LENGTH, head.length);
    all.push(before, head, state, unread, unsent);
  }
  const records = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of all) {
    records.set(part, at);
    at += part.length;
  }
  return { descriptors: connections.map(({ descriptor }) => descriptor), records };
}

/** The connections again. */
export function decodeConnections(
  { descriptors, records }: MovedConnections,
): MovedConnection[] {
  let at = 0;
  return descriptors.map((descriptor) => {
    const record = records.subarray(at, at += recordBytes(records, at));
    const length = uint32At(record, HEAD_LENGTH);
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

/** The only worker that can go on with the connection of a record; a number that no worker has: any. */
export function recordWorker(record: Uint8Array): number {
  return uint32At(record, WORKER);
}

function uint32At({ buffer, byteOffset }: Uint8Array, at: number): number {
  return new DataView(buffer, byteOffset + at).getUint32(0);
}
