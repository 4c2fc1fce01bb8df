/**
 * Reads the body of a request: whole, or as a ReadableStream.
 *
 * In: an exchange whose body nobody has read. Out: the bytes, at once if all have arrived; or a stream that reads from the client no
 * faster than the app reads from it. Each is used once for a request.
 */

import type { AppExchange, BodyListener, WholeListener } from "../session/mod.ts";

/** Bytes that a stream holds ready for the app before it stops to read from the client. */
const STREAM_AHEAD = 64 * 1024;

/** What reading fails with after the answer, as in Deno. */
export function requestClosed(): TypeError {
  return new TypeError("Request closed: the answer was complete before");
}

/** Uses bytes that are valid only during the call. */
type Use<T> = (bytes: Uint8Array) => T;

/**
 * Reads the whole body.
 *
 * @param use turns the bytes into what the app gets; an exception rejects the promise
 */
export function readWhole<T>(exchange: AppExchange, use: Use<T>): Promise<T> {
  const body = new WholeBody(use);
  exchange.readWhole(body);
  return body.result;
}

class WholeBody<T> implements WholeListener {
  readonly #use: Use<T>;
  #outcome: { readonly value: T } | { readonly error: unknown } | null = null;
  #waiting: PromiseWithResolvers<T> | null = null;

  constructor(use: Use<T>) {
    this.#use = use;
  }

  get result(): Promise<T> {
    const outcome = this.#outcome;
    if (outcome === null) return (this.#waiting = Promise.withResolvers<T>()).promise;
    return "value" in outcome ? Promise.resolve(outcome.value) : Promise.reject(outcome.error);
  }

  whole(bytes: Uint8Array, start: number, end: number): void {
    try {
      this.#outcome = { value: this.#use(bytes.subarray(start, end)) };
      this.#waiting?.resolve(this.#outcome.value);
    } catch (error) {
      this.#fail(error);
    }
  }

  failed(reason: Error): void {
    this.#fail(reason);
  }

  #fail(error: unknown): void {
    this.#outcome = { error };
    this.#waiting?.reject(error);
  }
}

/** Where a body comes from. */
export interface BodySource {
  /** Null after the answer: then the exchange may be that of another request. */
  readonly exchange: AppExchange | null;
}

/** A body as a stream. */
export interface StreamedBody {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What is read from it is kept until its end: it counts as held from now on. */
  collect(): void;
  /** Begins to read from the client, up to a bound, before the app reads from the stream. */
  begin(): void;
}

/** The bodies by their streams. */
const bodies = new WeakMap<object, StreamedBody>();

/** Somebody is about to read the whole of a body, which may be the stream of a request. */
export function collectWhole(body: unknown): void {
  if (typeof body === "object" && body !== null) bodies.get(body)?.collect();
}

/** The body as a stream; nothing is read before the app reads. */
export function bodyStream(source: BodySource): StreamedBody {
  let controller!: ReadableByteStreamController;
  let isReading = false;
  const isFull = () => (controller.desiredSize ?? 0) <= 0;
  let isOver = false;
  let isCollected = false;
  let passed = 0;
  const listener: BodyListener = {
    get heldBytes() {
      if (isOver) return 0;
      return isCollected ? passed : Math.max(STREAM_AHEAD - (controller.desiredSize ?? 0), 0);
    },
    data(bytes, start, end) {
      if (isOver) return true;
      passed += end - start;
      controller.enqueue(bytes.slice(start, end));
      return !isFull();
    },
    end() {
      if (isOver) return;
      isOver = true;
      controller.close();
      // A pending read into the app's own buffer ends with this.
      controller.byobRequest?.respond(0);
    },
    failed(reason) {
      if (isOver) return;
      isOver = true;
      controller.error(reason);
    },
  };
  const read = () => {
    const { exchange } = source;
    if (exchange === null) return listener.failed(requestClosed());
    if (isReading) return exchange.resumeBody();
    isReading = true;
    exchange.readBody(listener);
  };
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    type: "bytes",
    start(made) {
      controller = made as ReadableByteStreamController;
    },
    pull: read,
    // The rest is read and dropped, so that the connection can serve its next request.
    cancel() {
      isOver = true;
      read();
    },
  }, { highWaterMark: STREAM_AHEAD });
  const body: StreamedBody = {
    stream,
    collect: () => void (isCollected = true),
    begin: () => isReading || isOver ? undefined : read(),
  };
  bodies.set(stream, body);
  return body;
}
