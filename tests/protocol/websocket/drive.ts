/**
 * Drives a connection as a session does, and records its events.
 *
 * In: the bytes of a peer in pieces, and the session's way of receiving. Out: a transcript with one line
 * per event. All pieces go through one receive buffer, which is overwritten after `retain()`: code that
 * keeps using a view is noticed.
 */

import { assert, assertEquals } from "@std/assert";
import { ProtocolError } from "../../../protocol/errors.ts";
import {
  CLOSE,
  CLOSED,
  MESSAGE,
  NEED_DATA,
  PING,
  PONG,
  TEXT,
  type WebSocketConnection,
} from "../../../protocol/websocket/mod.ts";
import { equalBytes, payloadLine } from "./frame_cases.ts";

/** How a session receives. */
export interface Way {
  /** Receive directly into a message's buffer if that is offered. */
  readonly direct: boolean;
  /** Take one event per piece and leave the rest unread, as a paused session does. */
  readonly lazy: boolean;
}

/** All ways; each must give the same transcript. */
export const WAYS: readonly Way[] = [
  { direct: false, lazy: false },
  { direct: true, lazy: false },
  { direct: false, lazy: true },
  { direct: true, lazy: true },
];

/** Bytes before and after each view, which must not be changed. */
const MARGIN = 16;
const MARGIN_BYTE = 0xa5;
const STALE_BYTE = 0xee;

/** One run of a connection over the bytes of its peer. */
export class Drive {
  /** The events, in order. */
  readonly lines: string[] = [];
  /** Whether the connection failed or is closed, so that no event can follow. */
  over = false;
  readonly #connection: WebSocketConnection;
  readonly #way: Way;
  readonly #buffer: Uint8Array;

  /** @param largest bytes of the largest piece */
  constructor(connection: WebSocketConnection, way: Way, largest: number) {
    this.#connection = connection;
    this.#way = way;
    this.#buffer = new Uint8Array(largest + 2 * MARGIN);
  }

  /** Passes the next bytes of the peer. */
  feed(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length && !this.over) {
      at += this.#way.direct && this.#connection.wantsDirect()
        ? this.#feedDirect(piece.subarray(at))
        : this.#feedView(piece.subarray(at));
    }
  }

  /** Ends the input, and returns the transcript. */
  end(eof: boolean): string[] {
    if (eof) this.#connection.receiveEof();
    this.#pull(Infinity);
    this.#connection.retain();
    return this.lines;
  }

  #feedDirect(rest: Uint8Array): number {
    const { directBytes, directStart, directEnd } = this.#connection;
    assert(directEnd > directStart, "a direct receive offers room");
    const count = Math.min(rest.length, directEnd - directStart);
    directBytes.set(rest.subarray(0, count), directStart);
    this.#connection.receivedDirect(count);
    this.#pull(Infinity);
    return count;
  }

  #feedView(piece: Uint8Array): number {
    const end = MARGIN + piece.length;
    this.#buffer.fill(MARGIN_BYTE, 0, MARGIN).set(piece, MARGIN);
    this.#buffer.fill(MARGIN_BYTE, end, end + MARGIN);
    this.#connection.receive(this.#buffer, MARGIN, end);
    this.#pull(this.#way.lazy ? 1 : Infinity);
    this.#connection.retain();
    for (let i = 0; i < MARGIN; i++) {
      const [before, after] = [this.#buffer[i], this.#buffer[end + i]];
      assert(before === MARGIN_BYTE && after === MARGIN_BYTE, "margin");
    }
    this.#buffer.fill(STALE_BYTE, 0, end + MARGIN);
    return piece.length;
  }

  #pull(most: number): void {
    for (let count = 0; count < most && !this.over; count++) {
      const event = this.#next();
      if (event === NEED_DATA) return;
      this.lines.push(this.#line(event));
      this.over = event === CLOSED;
    }
  }

  #next(): number {
    try {
      return this.#connection.next();
    } catch (error) {
      // Any other exception is a bug and fails the test.
      if (!(error instanceof ProtocolError)) throw error;
      this.lines.push(`error ${error.code} ${error.closeCode}`);
      this.over = true;
      return NEED_DATA;
    }
  }

  #line(event: number): string {
    const connection = this.#connection;
    const reason = JSON.stringify(connection.closeReason);
    switch (event) {
      case MESSAGE:
        return payloadLine(connection.opcode === TEXT ? "TEXT" : "BINARY", this.#payload());
      case PING:
        return payloadLine("PING", this.#payload());
      case PONG:
        return payloadLine("PONG", this.#payload());
      case CLOSE:
        return `CLOSE ${connection.closeCode} ${reason}`;
      case CLOSED:
        return `CLOSED ${connection.closeCode} ${reason}`;
      default:
        throw new TypeError(`Unknown event ${event}`);
    }
  }

  /** The event's payload; for a server, taken from a reply written in place. */
  #payload(): Uint8Array {
    const { role, payload, payloadStart, payloadEnd } = this.#connection;
    const lent = payload.slice(payloadStart, payloadEnd);
    if (role === "server") this.#answerInPlace();
    assert(equalBytes(payload.subarray(payloadStart, payloadEnd), lent), "payload untouched");
    return lent;
  }

  #answerInPlace(): void {
    const { payload, payloadStart, payloadEnd, payloadHeadroom, opcode } = this.#connection;
    const length = payloadEnd - payloadStart;
    const header = plainHeader(0x80 | opcode, length);
    assert(payloadHeadroom >= header.length, "a header fits in the headroom");
    if (!this.#connection.maySend) return;
    const start = this.#connection.encodeHeaderBefore(payload, payloadStart, length, opcode);
    assertEquals([...payload.subarray(start, payloadStart)], header);
  }
}

/** An unmasked header, written independently of the encoder. */
function plainHeader(first: number, length: number): number[] {
  if (length < 126) return [first, length];
  if (length < 65536) return [first, 126, length >> 8, length & 0xff];
  const low = [24, 16, 8, 0].map((shift) => (length >>> shift) & 0xff);
  return [first, 127, 0, 0, 0, 0, ...low];
}
