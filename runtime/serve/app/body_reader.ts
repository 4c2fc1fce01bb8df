/**
 * Reads the body of a request: whole, or as a ReadableStream.
 *
 * In: an exchange whose body nobody has read. Out: the bytes, at once if all have arrived; or a stream that reads from the client no
 * faster than the app reads from it. Each is used once for a request.
 */

import type { AppExchange, BodyListener } from "../session/mod.ts";

/** Bytes that a stream holds ready for the app before it stops to read from the client. */
const STREAM_AHEAD = 64 * 1024;
/** The longest body for which memory is reserved before it has come. */
const RESERVED = 64 * 1024;

const NOTHING = new Uint8Array(0);

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
  const whole = new WholeBody(use, exchange.request.contentLength);
  exchange.readBody(whole);
  return whole.result;
}

class WholeBody<T> implements BodyListener {
  #use: Use<T>;
  #bytes = NOTHING;
  #length = 0;
  #expected: number;
  #value: { readonly is: T } | { readonly error: unknown } | null = null;
  #waiting: PromiseWithResolvers<T> | null = null;

  constructor(use: Use<T>, expected: number) {
    this.#use = use;
    this.#expected = expected;
  }

  get result(): Promise<T> {
    const value = this.#value;
    if (value === null) return (this.#waiting = Promise.withResolvers<T>()).promise;
    return "is" in value ? Promise.resolve(value.is) : Promise.reject(value.error);
  }

  data(bytes: Uint8Array, start: number, end: number): boolean {
    const count = end - start;
    // The usual case: the body came in one piece, and is used without a copy.
    if (count === this.#expected) this.#settle(bytes.subarray(start, end));
    else this.#add(bytes.subarray(start, end));
    return true;
  }

  end(): void {
    if (this.#value === null) this.#settle(this.#bytes.subarray(0, this.#length));
  }

  failed(reason: Error): void {
    if (this.#value !== null) return;
    this.#value = { error: reason };
    this.#waiting?.reject(reason);
  }

  #add(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (needed > this.#bytes.length) {
      const expected = Math.min(this.#expected, this.#length + Math.max(RESERVED, this.#length));
      const grown = new Uint8Array(Math.max(needed, expected, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = needed;
  }

  #settle(bytes: Uint8Array): void {
    try {
      this.#value = { is: this.#use(bytes) };
      this.#waiting?.resolve(this.#value.is);
    } catch (error) {
      this.#value = { error };
      this.#waiting?.reject(error);
    }
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
  /** Begins to read from the client, up to a bound, before the app reads from the stream. */
  begin(): void;
}

/** The body as a stream; nothing is read before the app reads. */
export function bodyStream(source: BodySource): StreamedBody {
  let controller!: ReadableByteStreamController;
  let isReading = false;
  const isFull = () => (controller.desiredSize ?? 0) <= 0;
  let isOver = false;
  const listener: BodyListener = {
    data(bytes, start, end) {
      if (isOver) return true;
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
  return { stream, begin: () => isReading || isOver ? undefined : read() };
}
