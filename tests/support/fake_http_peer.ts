/**
 * A simulated HTTP client that knows the expected answers.
 *
 * In: requests with their answers. Out: nothing, or an error at the first byte that violates RFC 9112
 * or the expectation. Shares no code with protocol/, so that one mistake cannot be made on both sides.
 */

import { FakePeer } from "./fake_peer.ts";
import { textOf } from "./protocol_cases.ts";
import { sameBytes } from "./same_bytes.ts";

/** A request, and its expected answer. */
export interface ExpectedExchange {
  readonly request: Uint8Array;
  readonly status: number;
  /** The body; null: any. */
  readonly body: Uint8Array | null;
  /** The answer has a length and no body: HEAD. */
  readonly head: boolean;
  /** The connection ends after this answer. */
  readonly closes: boolean;
}

/** What a client does after it has all its answers. */
export type Ending = "close" | "end" | "half-close" | "idle";

const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d) [\x20-\x7e]*$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)$/;

/** A parsed head. */
interface Head {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly bytes: number;
}

/** One HTTP/1.1 client. */
export class FakeHttpPeer extends FakePeer {
  /** How many answers have arrived completely. */
  answered = 0;
  /** What the client does at the end. */
  ending: Ending = "close";
  /** Whether the server may send `Connection: close` before the peer expects it: it is stopping. */
  mayStop = false;
  /** Whether it was refused with 503, at the connection limit. */
  refused = false;
  // Whether it waits for each answer before it sends the next request.
  #oneByOne = false;
  readonly #exchanges: ExpectedExchange[] = [];
  #queued = 0;
  // Received and not checked yet: the first #length bytes.
  #input = new Uint8Array(1024);
  #length = 0;
  // The head of the answer at hand, once it is there.
  #head: Head | null = null;
  #toldToClose = false;
  #halfClosed = false;

  /** Takes the requests to send, pipelined or one by one. */
  ask(exchanges: readonly ExpectedExchange[], oneByOne: boolean): void {
    this.#exchanges.push(...exchanges);
    this.#oneByOne = oneByOne;
    this.#enqueueNext();
  }

  /** How many answers are expected. */
  get expected(): number {
    return this.#exchanges.length;
  }

  /** Whether every request has its answer, or the server has announced that none follows. */
  get satisfied(): boolean {
    return this.refused || this.answered === this.expected || (this.mayStop && this.#toldToClose);
  }

  protected override received(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#input.length) {
      const grown = new Uint8Array(2 * (this.#length + bytes.length));
      grown.set(this.#input.subarray(0, this.#length));
      this.#input = grown;
    }
    this.#input.set(bytes, this.#length);
    this.#length += bytes.length;
    while (this.#takeAnswer());
  }

  protected override acted(): void {
    if (this.outcome !== "open") return super.acted();
    if (this.ending === "half-close" && this.allSent && !this.#halfClosed && !this.#oneByOne) {
      this.#halfClosed = true;
      this.socket.endPeer();
    }
    if (this.ending === "close" && this.answered === this.expected) this.close();
  }

  #enqueueNext(): void {
    const end = this.#oneByOne ? Math.min(this.#queued + 1, this.expected) : this.expected;
    while (this.#queued < end) this.enqueue(this.#exchanges[this.#queued++]!.request); // below expected
  }

  #takeAnswer(): boolean {
    const head = this.#head ??= this.#parseHead();
    if (head === null) return false;
    if (head.status === 100) return this.#consume(head.bytes);
    if (this.#toldToClose) throw new Error(`answer ${head.status} after Connection: close`);
    const exchange = this.#exchanges[this.answered];
    if (head.status === 503 && this.answered === 0) this.refused = true;
    if (exchange === undefined) {
      if (this.refused) return false;
      throw new Error(`an answer without a request: ${head.status}`);
    }
    const length = exchange.head ? 0 : Number(head.fields.get("content-length"));
    const end = head.bytes + length;
    if (this.#length < end) return false;
    if (!this.refused) this.#check(exchange, head, this.#input.subarray(head.bytes, end));
    this.#toldToClose = head.fields.get("connection") === "close";
    this.answered++;
    if (this.#oneByOne) this.#enqueueNext();
    return this.#consume(end);
  }

  #check(exchange: ExpectedExchange, head: Head, body: Uint8Array): void {
    const label = `answer ${this.answered + 1} of ${this.expected}`;
    if (head.status !== exchange.status) {
      throw new Error(`${label}: status ${head.status} in place of ${exchange.status}`);
    }
    if (!/^\d+$/.test(head.fields.get("content-length") ?? "")) {
      throw new Error(`${label}: no length`);
    }
    if (!head.fields.has("date")) throw new Error(`${label}: no Date`);
    if (!exchange.head && exchange.body !== null && !sameBytes(body, exchange.body)) {
      throw new Error(
        `${label}: ${body.length} other bytes than the ${exchange.body.length} expected`,
      );
    }
    const closes = head.fields.get("connection") === "close";
    if (closes !== exchange.closes && !(closes && this.mayStop)) {
      throw new Error(`${label}: Connection: close is ${closes}`);
    }
  }

  #parseHead(): Head | null {
    const text = textOf(this.#input.subarray(0, Math.min(this.#length, 4096)));
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return null;
    const [first, ...lines] = text.slice(0, end).split("\r\n");
    const status = STATUS_LINE.exec(first ?? "")?.[1];
    if (status === undefined) throw new Error(`not a status line: ${JSON.stringify(first)}`);
    const fields = new Map<string, string>();
    for (const line of lines) {
      const [, name, value] = FIELD_LINE.exec(line) ?? [];
      if (name === undefined) throw new Error(`not a field line: ${JSON.stringify(line)}`);
      if (fields.has(name.toLowerCase())) throw new Error(`${name} comes twice`);
      fields.set(name.toLowerCase(), value!); // both groups or none
    }
    return { status: Number(status), fields, bytes: end + 4 };
  }

  #consume(count: number): true {
    this.#input.copyWithin(0, count, this.#length);
    this.#length -= count;
    this.#head = null;
    return true;
  }
}
