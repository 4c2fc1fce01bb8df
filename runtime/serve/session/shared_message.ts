/**
 * A WebSocket message for many peers: encoded once, and queued by reference with each of them.
 *
 * In: a payload, which is copied. Out: its frame, which never changes and so may be in any number of
 * queues at the same time; it can be collected when the last peer has received it. Also the same frames without some of them,
 * for a peer that is not to get these.
 */

import { BINARY, ByteBuffer, encodeFrame, FIN, TEXT } from "../../../protocol/mod.ts";
import { OutgoingPart, SharedPart } from "../../net/mod.ts";

/** More than the longest header of a frame. */
const HEADER_ROOM = 16;

/** What can be sent to many peers: the frames of some messages, one behind the other, unmasked as a server's are. */
export interface SharedFrames {
  readonly frame: SharedPart;
  /** How many messages it is. */
  readonly count: number;
}

/** The place of a frame in {@link SharedFrames}. */
export interface FrameRange {
  readonly start: number;
  readonly end: number;
}

/** The frames without those in the ranges, each of which is one frame, in order; undefined: nothing is left. */
export function withoutFrames(
  { frame: { bytes }, count }: SharedFrames,
  ranges: readonly FrameRange[],
): SharedFrames | undefined {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { start, end } of ranges) {
    if (start > from) parts.push(bytes.subarray(from, start));
    from = end;
  }
  if (from < bytes.length) parts.push(bytes.subarray(from));
  if (parts.length === 0) return undefined;
  const rest = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    rest.set(part, at);
    at += part.length;
  }
  return { frame: new SharedPart(rest, 0, rest.length), count: count - ranges.length };
}

/** A message that can be sent to many peers. */
export class SharedMessage implements SharedFrames {
  readonly frame: SharedPart;
  readonly count = 1;

  /**
   * @param opcode TEXT, whose bytes the caller knows to be UTF-8, or BINARY
   * @throws TypeError for another opcode, RangeError if `bytes` has no such part
   */
  constructor(opcode: number, bytes: Uint8Array, start: number, end: number) {
    if (opcode !== TEXT && opcode !== BINARY) {
      throw new TypeError(`Cannot send a message with the opcode ${opcode}`);
    }
    const { length } = new OutgoingPart(bytes, start, end); // checks the bounds
    const out = new ByteBuffer(length + HEADER_ROOM);
    encodeFrame(out, FIN | opcode, bytes, start, end);
    this.frame = new SharedPart(out.bytes, 0, out.length);
  }

  /** Bytes of the frame. */
  get length(): number {
    return this.frame.length;
  }
}
