/**
 * A WebSocket message for many peers: encoded once, and queued by reference with each of them.
 *
 * In: a payload, which is copied. Out: its frame, which never changes and so may be in any number of
 * queues at the same time; it can be collected when the last peer has received it.
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
