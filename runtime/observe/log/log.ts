/**
 * The event log: the seed's lines, so that its readers and scripts go on.
 *
 * In: events of the connections of one thread. Out: whole lines, appended to one file by all threads;
 * the thread calls `flush` at least four times a second while there is something (`pending`), and at
 * its end. See line_buffer.ts for what happens when they cannot be written.
 */

import type { Os } from "../../os/mod.ts";
import { escapeText } from "./escape.ts";
import type { LogLabel } from "./label.ts";
import { digitsOf, LineBuffer, type LogFailure } from "./line_buffer.ts";

/** The log of one thread. */
export class Log {
  readonly #lines: LineBuffer;

  /** @param descriptor an open file, or -1: then nothing is logged */
  constructor(os: Pick<Os, "write">, descriptor: number, failure: LogFailure) {
    this.#lines = new LineBuffer(os, descriptor, failure);
  }

  /** Whether lines wait to be written. */
  get pending(): boolean {
    return this.#lines.pending;
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
    if (!this.#lines.isOpen) return;
    const { bytes, ends } = label.lines(digitsOf(descriptor), keepAlive);
    this.#lines.begin();
    const at = this.#lines.copy(bytes);
    this.#lines.digits(descriptor, at + ends[0]);
    this.#lines.digits(descriptor, at + ends[1]);
    this.#lines.digits(descriptor, at + ends[2]);
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
    const lines = this.#lines;
    if (!lines.isOpen) return;
    const digits = digitsOf(descriptor);
    const line = messageLine(digits, digitsOf(count));
    lines.begin();
    const at = lines.copy(line);
    lines.digits(descriptor, at + MESSAGE_HEAD + digits);
    lines.digits(count, at + line.length - MESSAGE_TAIL);
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
    if (!this.#lines.isOpen) return;
    this.#lines.begin();
    this.#lines.text(`[${tag}] ${escapeText(text)}\n`);
  }

  /** Writes what waits. */
  flush(): void {
    this.#lines.flush();
  }

  #line(before: string, descriptor: number, after: string): void {
    const lines = this.#lines;
    if (!lines.isOpen) return;
    lines.begin();
    lines.text(before);
    lines.number(descriptor);
    lines.text(after);
    lines.text("\n");
  }
}

// A message is the most frequent event: its line is one copy and a few digits (150 ns less than by letters).
const MESSAGE_HEAD = "[WS] fd=".length;
const MESSAGE_TAIL = " bytes\n".length;
/** More than a descriptor or a length has. */
const MOST_DIGITS = 20;
const messageLines: (Uint8Array | undefined)[] = new Array(MOST_DIGITS * MOST_DIGITS);

/** The line of a message with room for so many digits of the descriptor and of the payload's length. */
function messageLine(descriptorDigits: number, countDigits: number): Uint8Array {
  const at = descriptorDigits * MOST_DIGITS + countDigits;
  return messageLines[at] ??= new TextEncoder().encode(
    `[WS] fd=${"0".repeat(descriptorDigits)} recv ${"0".repeat(countDigits)} bytes\n`,
  );
}
