/**
 * Streams without sockets: on a real store and hub, with an answer that keeps what is sent.
 *
 * In: one worker of tests/runtime/serve/centrifuge/client_bench.ts. Out: streams that are asked for as over HTTP, as a browser interprets them.
 */

import { ByteBuffer } from "../../../../protocol/mod.ts";
import {
  accessOf,
  type ChannelAccess,
  type Credentials,
} from "../../../../runtime/serve/channel_streams/channel_access.ts";
import { ChannelStream } from "../../../../runtime/serve/channel_streams/channel_stream.ts";
import { EventParts, WholeEvents } from "../../../../runtime/serve/channel_streams/event_faces.ts";
import { Refusal } from "../../../../runtime/serve/channel_streams/refusal.ts";
import { readPositions } from "../../../../runtime/serve/channel_streams/stream_position.ts";
import type { AnswerStream } from "../../../../runtime/serve/session/mod.ts";
import { EventStream } from "../../../support/event_stream.ts";
import { textOf } from "../../channels/stores.ts";
import type { ClientBench } from "../centrifuge/client_bench.ts";

/** Keeps what is sent. */
export class FakeAnswer implements AnswerStream {
  /** What was sent and the client did not read. */
  unread = "";
  fate: "ended" | "aborted" | undefined;
  /** Whether everything is dropped, as if too much waited. */
  isFull = false;
  /** Whether what is not read is queued here, and not in the kernel. */
  isQueueing = false;

  get isOpen(): boolean {
    return this.fate === undefined;
  }

  get queuedBytes(): number {
    return this.isFull ? 1 : this.isQueueing ? this.unread.length : 0;
  }

  send(bytes: Uint8Array, start: number, end: number): number {
    if (this.isFull || !this.isOpen) return 0;
    this.unread += textOf(bytes.subarray(start, end));
    return end - start;
  }

  end(): void {
    this.fate = "ended";
  }

  abort(): void {
    this.fate = "aborted";
  }
}

/** One connection of a client. */
export class BenchStream {
  readonly answer = new FakeAnswer();
  readonly stream: ChannelStream;
  readonly #seen: EventStream;

  constructor(stream: ChannelStream, lastEventId: string) {
    this.stream = stream;
    this.#seen = new EventStream(lastEventId);
    stream.begin(this.answer);
  }

  /** What it read, all or so many characters of it. */
  read(most = Infinity): EventStream {
    const { unread } = this.answer;
    const part = unread.slice(0, most);
    this.answer.unread = unread.slice(part.length);
    this.#seen.take(part);
    if (this.answer.isQueueing && part !== "" && this.answer.unread === "") this.stream.drained();
    return this.#seen;
  }

  /** Its connection breaks; what it has not read is gone. */
  cut(): string {
    this.answer.fate ??= "aborted";
    this.stream.left();
    return this.#seen.lastEventId;
  }
}

/** The streams of one worker. */
export class StreamBench {
  readonly #bench: ClientBench;
  readonly #whole: WholeEvents;
  readonly #parts: EventParts;
  readonly #scratch = new ByteBuffer(0);

  constructor(bench: ClientBench) {
    this.#bench = bench;
    this.#whole = new WholeEvents(bench.context.store, bench.context.meter);
    this.#parts = new EventParts(bench.context.meter);
  }

  /** The access of a request. */
  access(names: readonly string[], more: Partial<Credentials> = {}) {
    return accessOf(this.#bench.context, { names, token: "", subscriptionTokens: [], ...more });
  }

  /** A stream. @throws if it is refused */
  open(names: readonly string[], lastEventId = ""): BenchStream {
    const access = this.access(names);
    if (access instanceof Promise) throw new TypeError("a request without tokens takes no promise");
    if (access instanceof Refusal) throw new Error(access.text);
    return this.begin(access, lastEventId);
  }

  /** A stream with this access. */
  begin(access: ChannelAccess, lastEventId = ""): BenchStream {
    const { context, directory } = this.#bench;
    const shared = {
      context,
      directory,
      whole: this.#whole,
      parts: this.#parts,
      scratch: this.#scratch,
    };
    const stream = new ChannelStream(shared, access, readPositions(lastEventId));
    return new BenchStream(stream, lastEventId);
  }
}
