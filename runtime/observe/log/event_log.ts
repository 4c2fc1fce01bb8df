/**
 * The event log of one thread: the words of async_nostd, for scripts that read them, each line after its time
 * and its writer (`--log-format seed`: without them).
 *
 * In: events of the connections of one thread. Out: whole lines for the log's writer, through shared memory. The
 * thread calls `flush` at least four times a second while lines wait (`pending`), and `close` at its end. Never
 * waits: ring/log_buffer.ts says what happens to lines for which there is no room.
 */

import { digitsOf, type LogBuffer } from "../../ring/mod.ts";
import { escapeText } from "./escape.ts";
import { doneLine, type LogLabel } from "./label.ts";
import type { LineStamp } from "./line_stamp.ts";
import { countPlace, descriptorPlace, ReadyLines } from "./ready_lines.ts";

/** The event log of one thread. */
export class EventLog {
  readonly #lines: LogBuffer | null;
  readonly #clock: LineStamp;
  // By the number of digits of the descriptor.
  readonly #acceptedLines: (ReadyLines | undefined)[] = new Array(MOST_DIGITS);
  readonly #removedLines: (ReadyLines | undefined)[] = new Array(MOST_DIGITS);
  readonly #keptLines: (ReadyLines | undefined)[] = new Array(MOST_DIGITS);
  readonly #closingLines: (ReadyLines | undefined)[] = new Array(MOST_DIGITS);
  // By the numbers of digits of the descriptor and of the payload's length.
  readonly #messageLines: (ReadyLines | undefined)[] = new Array(MOST_DIGITS * MOST_DIGITS);
  // The last request: most often the next one is of the same connection and route, or nearly so.
  #label: LogLabel | null = null;
  #descriptor = -1;
  #keepAlive = false;
  #requestLines: ReadyLines | null = null;
  // The last message: a peer often sends several of one length at once.
  #messageDescriptor = -1;
  #messageCount = -1;
  #lastMessageLine: ReadyLines | null = null;

  /** @param lines receives the lines; null: nothing is logged */
  constructor(lines: LogBuffer | null, clock: LineStamp) {
    this.#lines = lines;
    this.#clock = clock;
  }

  /** Whether lines wait to be written. */
  get pending(): boolean {
    return this.#lines !== null && this.#lines.pending;
  }

  /** A connection was accepted. */
  accepted(descriptor: number): void {
    this.#preparedLine(this.#acceptedLines, descriptor, acceptedLine);
  }

  /** A request's head was received; for a request that is not answered in the same turn. */
  requestReceived(descriptor: number, label: LogLabel): void {
    const buffer = this.#lines;
    if (buffer === null || !buffer.begin(2)) return;
    const lines = label.receivedLines(digitsOf(descriptor), this.#clock);
    buffer.copyWords(lines.with(this.#clock, descriptor, 0), lines.length);
  }

  /** The response is complete, to a request that {@link requestReceived} has logged. */
  requestDone(descriptor: number, keepAlive: boolean): void {
    if (keepAlive) this.#preparedLine(this.#keptLines, descriptor, keptLine);
    else this.#preparedLine(this.#closingLines, descriptor, closingLine);
  }

  /** A request was received, routed and answered in one turn: its three lines at once. */
  request(descriptor: number, label: LogLabel, keepAlive: boolean): void {
    const buffer = this.#lines;
    if (buffer === null || !buffer.begin(3)) return;
    const lines = this.#linesOf(descriptor, label, keepAlive);
    buffer.copyWords(lines.with(this.#clock, descriptor, 0), lines.length);
  }

  /** A request broke the protocol: the status that answers it, and the code of the error. */
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
    const line = this.#messageLine(descriptor, count);
    buffer.copyWords(line.with(this.#clock, descriptor, count), line.length);
  }

  /** A WebSocket is closed; `code` is the close code. */
  webSocketClosed(descriptor: number, code: number): void {
    this.#line("[WS] fd=", descriptor, ` closed ${code}`);
  }

  /** A connection is closed. */
  removed(descriptor: number): void {
    this.#preparedLine(this.#removedLines, descriptor, removedLine);
  }

  /** Anything else worth a line: `[TAG] text`, the text escaped. */
  note(tag: string, text: string): void {
    const buffer = this.#lines;
    if (buffer === null || !buffer.begin()) return;
    buffer.copy(this.#clock.prefix());
    buffer.text(`[${tag}] ${escapeText(text)}\n`);
  }

  /** Hands the waiting lines over to the writer. */
  flush(): void {
    this.#lines?.flush();
  }

  /** Hands over the last lines, when the thread ends. */
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

  /** A line with the descriptor, of which `prepared` holds one for each number of digits. */
  #preparedLine(
    prepared: (ReadyLines | undefined)[],
    descriptor: number,
    lineOf: (digits: number) => string,
  ): void {
    const buffer = this.#lines;
    if (buffer === null || !buffer.begin()) return;
    const digits = digitsOf(descriptor);
    const line = prepared[digits] ??= new ReadyLines([lineOf(digits)], this.#clock.prefixLength);
    buffer.copyWords(line.with(this.#clock, descriptor, 0), line.length);
  }

  #linesOf(descriptor: number, label: LogLabel, keepAlive: boolean): ReadyLines {
    const isAsBefore = descriptor === this.#descriptor && label === this.#label &&
      keepAlive === this.#keepAlive;
    if (isAsBefore && this.#requestLines !== null) return this.#requestLines;
    this.#descriptor = descriptor;
    this.#label = label;
    this.#keepAlive = keepAlive;
    return this.#requestLines = label.lines(digitsOf(descriptor), keepAlive, this.#clock);
  }

  /** The line of a message, with room for as many digits as the descriptor and the payload's length have. */
  #messageLine(descriptor: number, count: number): ReadyLines {
    const isAsBefore = descriptor === this.#messageDescriptor && count === this.#messageCount;
    if (isAsBefore && this.#lastMessageLine !== null) return this.#lastMessageLine;
    this.#messageDescriptor = descriptor;
    this.#messageCount = count;
    return this.#lastMessageLine = this.#preparedMessageLine(digitsOf(descriptor), digitsOf(count));
  }

  #preparedMessageLine(descriptorDigits: number, countDigits: number): ReadyLines {
    const at = descriptorDigits * MOST_DIGITS + countDigits;
    return this.#messageLines[at] ??= new ReadyLines(
      [`[WS] fd=${descriptorPlace(descriptorDigits)} recv ${countPlace(countDigits)} bytes\n`],
      this.#clock.prefixLength,
    );
  }
}

/** More digits than a descriptor or a length has. */
const MOST_DIGITS = 20;

function acceptedLine(digits: number): string {
  return `[ACCEPT] fd=${descriptorPlace(digits)}\n`;
}

function removedLine(digits: number): string {
  return `[epoll] removing closed fd=${descriptorPlace(digits)}\n`;
}

function keptLine(digits: number): string {
  return doneLine(digits, true);
}

function closingLine(digits: number): string {
  return doneLine(digits, false);
}
