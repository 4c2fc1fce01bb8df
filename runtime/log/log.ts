/**
 * The event log: the seed's lines, so that its readers and scripts go on.
 *
 * In: events of the connections of one thread. Out: whole lines, appended to one file by all threads
 * with O_APPEND, written when the buffer is full or `flush` is called; the thread calls it at least
 * four times a second while there is something (`pending`), and at its end.
 * A log that cannot be written costs one warning and the lines, never the service.
 */

import type { Os } from "../os/mod.ts";
import { escapeText } from "./escape.ts";
import type { LogLabel } from "./label.ts";

/** Bytes of a thread's buffer. */
const CAPACITY = 64 * 1024;
/** No line is longer: a label is cut at 256 characters of at most 6 bytes each. */
const LONGEST_LINES = 4 * 1024;

/** What happens when the log fails. */
export interface LogFailure {
  /** Called at the first failure, and no more until a write succeeded, with the negated errno. */
  failed(result: number): void;
  /** Called with how many bytes of lines are lost. */
  dropped(bytes: number): void;
}

/** The log of one thread. */
export class Log {
  readonly #os: Os;
  readonly #descriptor: number;
  readonly #failure: LogFailure;
  readonly #bytes = new Uint8Array(CAPACITY);
  #length = 0;
  #failing = false;

  /** @param descriptor an open file, or -1: then nothing is logged */
  constructor(os: Os, descriptor: number, failure: LogFailure) {
    this.#os = os;
    this.#descriptor = descriptor;
    this.#failure = failure;
  }

  /** Whether lines wait to be written. */
  get pending(): boolean {
    return this.#length > 0;
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
    if (this.#descriptor < 0) return;
    const lines = label.lines(digitsOf(descriptor), keepAlive);
    this.#makeRoom();
    const at = this.#length;
    this.#bytes.set(lines.bytes, at);
    this.#digits(descriptor, at + lines.ends[0]);
    this.#digits(descriptor, at + lines.ends[1]);
    this.#digits(descriptor, at + lines.ends[2]);
    this.#length = at + lines.bytes.length;
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
    if (this.#descriptor < 0) return;
    this.#makeRoom();
    const at = this.#length;
    const digits = digitsOf(descriptor);
    const line = messageLine(digits, digitsOf(count));
    this.#bytes.set(line, at);
    this.#digits(descriptor, at + MESSAGE_HEAD + digits);
    this.#length = at + line.length;
    this.#digits(count, this.#length - MESSAGE_TAIL);
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
    if (this.#descriptor < 0) return;
    this.#makeRoom();
    this.#text(`[${tag}] ${escapeText(text)}\n`);
  }

  /** Writes what waits. */
  flush(): void {
    let written = 0;
    while (written < this.#length) {
      const rest = written === 0 ? this.#bytes : this.#bytes.subarray(written);
      const result = this.#os.write(this.#descriptor, rest, this.#length - written);
      if (result <= 0) {
        this.#fail(result, this.#length - written);
        break;
      }
      written += result;
      this.#failing = false;
    }
    this.#length = 0;
  }

  #fail(result: number, lost: number): void {
    if (!this.#failing) this.#failure.failed(result);
    this.#failing = true;
    this.#failure.dropped(lost);
  }

  #line(before: string, descriptor: number, after: string): void {
    if (this.#descriptor < 0) return;
    this.#makeRoom();
    this.#text(before);
    this.#number(descriptor);
    this.#text(after);
    this.#bytes[this.#length++] = 0x0a;
  }

  #makeRoom(): void {
    if (this.#length > CAPACITY - LONGEST_LINES) this.flush();
  }

  // All text here is ASCII: our own, or escaped.
  #text(text: string): void {
    const at = this.#length;
    for (let i = 0; i < text.length; i++) this.#bytes[at + i] = text.charCodeAt(i);
    this.#length = at + text.length;
  }

  #number(value: number): void {
    this.#length += digitsOf(value);
    this.#digits(value, this.#length);
  }

  #digits(value: number, end: number): void {
    let rest = value;
    let at = end;
    do {
      this.#bytes[--at] = 0x30 + rest % 10;
      rest = Math.trunc(rest / 10);
    } while (rest > 0);
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

function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}
