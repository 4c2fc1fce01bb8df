/**
 * Sends the answers of an app.
 *
 * In: an exchange and the app's Response. Out: the answer. Text, bytes and empty bodies are queued before this returns; a stream is read
 * as fast as the client reads, cancelled when it leaves, and its failure cuts the answer off, so that the client sees that it is not
 * whole. The server decides about the framing of the body and about the connection: what the app sets of those fields is left out, but
 * for `Connection: close`, and for a Content-Length that a stream or an answer to HEAD has.
 */

import { encodeUtf8, type ResponseFields } from "../../../protocol/mod.ts";
import type { AnswerStream, AppExchange, StreamListener } from "../session/mod.ts";
import type { AnswerParts } from "./app_response.ts";
import { SCRATCH, SCRATCH_LETTERS } from "./message_bytes.ts";

const UTF8 = new TextEncoder();
const NOTHING = new Uint8Array(0);

/** Fields that the server writes itself, and those that tell of one connection alone (RFC 9110 section 7.6.1). */
export const OWN_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const CLOSE = ["Connection", "close"] as const;

/** What happens to an answer that is a stream. */
export interface StreamWatch {
  /** It is about to begin. */
  begins(): void;
  /** The answer is complete, or its client has left. */
  ended(): void;
  /** The stream has failed, and the answer is cut off. */
  failed(error: unknown): void;
}

/**
 * Sends an answer whose body needs no stream.
 *
 * @throws {TypeError} if it cannot be sent; then nothing was
 */
export function sendStatic(
  exchange: AppExchange,
  { status, fields: given, body }: AnswerParts,
): void {
  if (typeof body === "string") return sendText(exchange, status, given, body);
  const { fields, contentLength } = framingOf(given, status);
  if (body !== null && body !== undefined) {
    return exchange.respondConstant({ status, fields, contentLength: body.length }, body);
  }
  // An empty answer to HEAD does not tell how long that to GET is, unless the app does.
  if (exchange.request.method !== "HEAD") {
    return exchange.respond({ status, fields, contentLength: 0 }, NOTHING, 0, 0);
  }
  if (contentLength < 0) exchange.respondStream({ status, fields, contentLength }, DEAF);
  else exchange.respond({ status, fields, contentLength }, NOTHING, 0, 0);
}

interface Framing {
  /** The fields that are sent. */
  readonly fields: ResponseFields;
  /** What the app says of the body's length; -1: nothing. */
  readonly contentLength: number;
}

/** Separates the app's fields from those that the server decides about. @throws {TypeError} for a status that ends no request */
export function framingOf(fields: ResponseFields, status: number): Framing {
  return hasOwn(fields, status) ? withoutOwn(fields) : { fields, contentLength: -1 };
}

/** Whether there are fields that the server decides about. @throws {TypeError} for a status that ends no request */
function hasOwn(fields: ResponseFields, status: number): boolean {
  if (status < 200) throw new TypeError(`An app cannot answer with status ${status}`);
  for (let i = 0; i < fields.length; i++) if (OWN_FIELDS.has(fields[i]![0])) return true;
  return false;
}

function withoutOwn(given: ResponseFields): Framing {
  const fields: (readonly [string, string])[] = [];
  let contentLength = -1;
  for (const [name, value] of given) {
    if (!OWN_FIELDS.has(name)) fields.push([name, value]);
    else if (name === "content-length" && /^\d{1,15}$/.test(value)) contentLength = Number(value);
    else if (name === "connection" && /(?:^|,)\s*close\s*(?:,|$)/i.test(value)) fields.push(CLOSE);
  }
  return { fields, contentLength };
}

/** For an answer that has no body. */
const DEAF = { left() {}, stopping() {} };

/**
 * Sends an answer whose body is text.
 *
 * @throws {TypeError} if it cannot be sent; then nothing was
 */
export function sendText(
  exchange: AppExchange,
  status: number,
  given: ResponseFields,
  text: string,
): void {
  // Most answers are such ones: an object for each step would be as much garbage as the Response itself.
  const fields = hasOwn(given, status) ? withoutOwn(given).fields : given;
  if (text.length > SCRATCH_LETTERS) {
    const bytes = UTF8.encode(text);
    return exchange.respondConstant({ status, fields, contentLength: bytes.length }, bytes);
  }
  const length = encodeUtf8(text, SCRATCH);
  exchange.respond({ status, fields, contentLength: length }, SCRATCH, 0, length);
}

/**
 * Begins an answer whose body is a stream.
 *
 * @returns whether it is complete, as it has no body: then the stream is cancelled; if not, `watch` is told of its end
 * @throws {TypeError} if it cannot be sent; then nothing was
 */
export function sendStream(exchange: AppExchange, parts: AnswerParts, watch: StreamWatch): boolean {
  const { stream, status } = parts;
  if (stream === null) return true;
  const { fields, contentLength } = framingOf(parts.fields, status);
  const reader = stream.getReader();
  const pump = new StreamPump(reader, watch);
  try {
    watch.begins();
    const answer = exchange.respondStream({ status, fields, contentLength }, pump);
    if (answer !== null && status !== 204 && status !== 304) {
      pump.begin(answer);
      return false;
    }
    answer?.end();
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  }
  reader.cancel(new DOMException("The answer has no body", "AbortError")).catch(() => {});
  return true;
}

/** Moves a stream into an answer. */
class StreamPump implements StreamListener {
  readonly isCutOff = true;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #watch: StreamWatch;
  #answer: AnswerStream | null = null;
  /** Fulfilled when the client has read what was queued for it. */
  #drained: PromiseWithResolvers<void> | null = null;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, watch: StreamWatch) {
    this.#reader = reader;
    this.#watch = watch;
  }

  begin(answer: AnswerStream): void {
    this.#answer = answer;
    this.#run(answer).catch((error) => this.#fail(answer, error));
  }

  // StreamListener

  left(): void {
    this.#reader.cancel(new DOMException("The client has left", "AbortError")).catch(() => {});
    this.#drained?.resolve();
    this.#watch.ended();
  }

  stopping(): "later" {
    return "later";
  }

  drained(): void {
    this.#drained?.resolve();
    this.#drained = null;
  }

  async #run(answer: AnswerStream): Promise<void> {
    while (answer.isOpen) {
      const { done, value } = await this.#reader.read();
      if (!answer.isOpen) return;
      if (done) return this.#end(answer);
      if (!(value instanceof Uint8Array)) {
        throw new TypeError("A stream that is an answer's body must consist of Uint8Arrays");
      }
      if (value.length > 0 && answer.send(value, 0, value.length) !== value.length) {
        this.#drained ??= Promise.withResolvers();
        await this.#drained.promise;
      }
    }
  }

  #end(answer: AnswerStream): void {
    // Before the end: with it, the request is over.
    this.#watch.ended();
    answer.end();
  }

  #fail(answer: AnswerStream, error: unknown): void {
    this.#reader.cancel(error).catch(() => {});
    answer.abort();
    this.#watch.failed(error);
  }
}
