/**
 * A WebSocket message for many peers: encoded once, and queued by reference with each of them.
 *
 * In: a payload, which is copied. Out: its frame, which never changes and so may be in any number of
 * queues at the same time; it can be collected when the last peer has received it. Also the same frames without some of them,
 * for a peer that is not to get these; and compressed, for all peers that have negotiated the same: once, and if they are many, once
 * more and smaller.
 */

import {
  BINARY,
  ByteBuffer,
  encodeFrame,
  FIN,
  frameHeaderSize,
  framePayloadLength,
  RSV1,
  TEXT,
} from "../../../protocol/mod.ts";
import { OutgoingPart, SharedPart } from "../../net/mod.ts";
import { type Deflater, LEAST_COMPRESSED } from "./compression.ts";

/** More than the longest header of a frame. */
const HEADER_ROOM = 16;

/**
 * From so many peers on, frames are compressed again, with more time: measured with 1 KiB of JSON, 24 µs for a fifth fewer bytes, which
 * for 64 peers is a third of a microsecond each.
 */
const MANY_PEERS = 64;
/** Not longer ones: 64 KiB of JSON take 1.2 ms. */
const LONGEST_DENSE = 64 * 1024;

/** What can be sent to many peers: the frames of some messages, one behind the other, unmasked as a server's are. */
export interface SharedFrames {
  readonly frame: SharedPart;
  /** How many messages it is. */
  readonly count: number;
  /** The same compressed, for each window that a peer has negotiated: made by {@link deflatedFrames}. */
  deflated?: DeflatedFrames | undefined;
}

/** Frames that were compressed for all peers with the same window; a list, nearly always of one. */
interface DeflatedFrames {
  readonly windowBits: number;
  frame: SharedPart;
  /** How many have got them. */
  peers: number;
  readonly next: DeflatedFrames | undefined;
}

/** The place of a frame in {@link SharedFrames}. */
export interface FrameRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The frames, those compressed that become smaller by it, as the next peer with this window gets them. Called once for each peer that
 * gets them. The same part as before if none becomes smaller.
 */
export function deflatedFrames(
  frames: SharedFrames,
  windowBits: number,
  deflater: Deflater,
): SharedPart {
  for (let made = frames.deflated; made !== undefined; made = made.next) {
    if (made.windowBits !== windowBits) continue;
    made.peers++;
    const isShort = frames.frame.length <= LONGEST_DENSE;
    if (made.peers === MANY_PEERS && isShort && made.frame !== frames.frame) {
      made.frame = deflateFrames(frames.frame, deflater, { windowBits, isDense: true });
    }
    return made.frame;
  }
  const frame = deflateFrames(frames.frame, deflater, { windowBits, isDense: false });
  frames.deflated = { windowBits, frame, peers: 1, next: frames.deflated };
  return frame;
}

function deflateFrames(
  frames: SharedPart,
  deflater: Deflater,
  { windowBits, isDense }: { windowBits: number; isDense: boolean },
): SharedPart {
  const { bytes, start, end } = frames;
  if (end - start < LEAST_COMPRESSED) return frames;
  const out = new ByteBuffer(Math.ceil((end - start) / 2));
  let saved = 0;
  for (let at = start; at < end;) {
    const body = at + frameHeaderSize(bytes, at);
    const next = body + framePayloadLength(bytes, at);
    const length = next - body;
    const count = length < LEAST_COMPRESSED
      ? 0
      : deflater.deflate(bytes, body, next, windowBits, isDense);
    if (count > 0) encodeFrame(out, bytes[at]! | RSV1, deflater.output, 0, count);
    else out.append(bytes, at, next);
    if (count > 0) saved += length - count;
    at = next;
  }
  if (saved === 0) return frames;
  const result = out.view().slice();
  return new SharedPart(result, 0, result.length);
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
  deflated: DeflatedFrames | undefined = undefined;

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
