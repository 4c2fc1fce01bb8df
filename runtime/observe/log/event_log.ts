/**
 * The event log of one thread: the seed's lines, so that its readers and scripts go on, each behind its time
 * and its writer (`--log-format seed`: without them).
 *
 * In: events of the connections of one thread. Out: whole lines for the log's writer, by way of memory that
 * both share. The thread calls `flush` at least four times a second while there is something (`pending`),
 * and `close` at its end. It never waits: see ring/log_buffer.ts for what happens to lines without room.
 */

import { digitsOf, type LogBuffer } from "../../ring/mod.ts";
import { escapeText } from "./escape.ts";
import { type LogLabel, ReadyLines } from "./label.ts";
import type { LineClock } from "./line_clock.ts";

/** The event log of one thread. */
export class EventLog {
  readonly #lines: LogBuffer | null;
  readonly #clock: LineClock;
  // By the digits of the descriptor and of the payload's length.
  readonly #messageLines: (ReadyLines | undefined)[] = new Array(MOST_DIGITS * MOST_DIGITS);

  /** @param lines where they go; null: nothing is logged */
  constructor(lines: LogBuffer | null, clock: LineClock) {
    this.#lines = lines;
    this.#clock = clock;
  }

  /** Whether lines wait to be written. */
  get pending(): boolean {
    return this.#lines !== null && this.#lines.pending;
  }

  /** A connection was accepted. */
  accepted(descriptor: number): void {
    this.#line("[ACCEPT] fd=", descriptor, "");
  }

  /** A request's head was received; for one that is not answered in the same turn. */
  requestReceived(descriptor: number, label: LogLabel): void {
    this.#line("[HTTP] fd=", descriptor, " recv request");
    this.#line("[HTTP] fd=", descriptor, ` route=${label.text}`);
  }

  /** The answer to a request of which {@link requestReceived} told is complete. */
  requestDone(descriptor: number, keepAlive: boolean): void {
    this.#line("[HTTP] fd=", descriptor, keepAlive ? " done, keep-alive" : " done, closing");
  }

  /** A request was received, routed and answered: its three lines at once. */
  request(descriptor: number, label: LogLabel, keepAlive: boolean): void {
    const buffer = this.#lines;
    if (buffer === null || !buffer.begin(3)) return;
    const { lines, ends } = label.lines(digitsOf(descriptor), keepAlive, this.#clock);
    const at = buffer.copy(lines.at(this.#clock));
    buffer.digits(descriptor, at + ends[0]);
    buffer.digits(descriptor, at + ends[1]);
    buffer.digits(descriptor, at + ends[2]);
  }

  /** A request was refused by the protocol: its code, and the status that answers it. */
  requestRefused(descriptor: number, status: number, code: string): void {
    this.#line("[HTTP] fd=", descriptor, ` refused ${status} ${code}`);
  }

  /** A connection became a WebSocket. */
  handshakeComplete(descriptor: number): void {
    this.#line("[WS] fd=", descriptor, " handshake complete");
  }

  /** A message of `count` payload bytes was received. */
  messageReceived(descriptor: number, count: number): void {
    const buffer = this.#lines;
    if (buffer === null || !buffer.begin()) return;
    const digits = digitsOf(descriptor);
    const lines = this.#messageLine(digits, digitsOf(count)).at(this.#clock);
    const at = buffer.copy(lines);
    buffer.digits(descriptor, at + this.#clock.prefixLength + MESSAGE_HEAD + digits);
    buffer.digits(count, at + lines.length - MESSAGE_TAIL);
  }

  /** A WebSocket is closed with this code, by whom it says. */
  webSocketClosed(descriptor: number, code: number): void {
    this.#line("[WS] fd=", descriptor, ` closed ${code}`);
  }

  /** A connection is gone. */
  removed(descriptor: number): void {
    this.#line("[epoll] removing closed fd=", descriptor, "");
  }

  /** Anything else worth a line: `[TAG] text`, the text escaped. */
  note(tag: string, text: string): void {
    const buffer = this.#lines;
    if (buffer === null || !buffer.begin()) return;
    buffer.copy(this.#clock.prefix());
    buffer.text(`[${tag}] ${escapeText(text)}\n`);
  }

  /** Hands over what waits. */
  flush(): void {
    this.#lines?.flush();
  }

  /** The same at the thread's end: nothing follows. */
  close(): void {
    this.#lines?.close();
  }

  #line(before: string, descriptor: number, after: string): void {
    const buffer = this.#lines;
    if (buffer === null || !buffer.begin()) return;
    buffer.copy(this.#clock.prefix());
    buffer.text(before);
    buffer.number(descriptor);
    buffer.text(after);
    buffer.text("\n");
  }

  /** The line of a message with room for so many digits of the descriptor and of the payload's length. */
  #messageLine(descriptorDigits: number, countDigits: number): ReadyLines {
    const at = descriptorDigits * MOST_DIGITS + countDigits;
    return this.#messageLines[at] ??= new ReadyLines(
      [`[WS] fd=${"0".repeat(descriptorDigits)} recv ${"0".repeat(countDigits)} bytes\n`],
      this.#clock.prefixLength,
    );
  }
}

// A message is the most frequent event: its line is one copy and a few digits (150 ns less than by letters).
const MESSAGE_HEAD = "[WS] fd=".length;
const MESSAGE_TAIL = " bytes\n".length;
/** More than a descriptor or a length has. */
const MOST_DIGITS = 20;
