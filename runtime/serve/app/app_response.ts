/**
 * The Web's Response, without its cost: a body of text or bytes stays what it is, and is never wrapped in a stream.
 *
 * In: what the Web's constructor takes. Out: the behaviour of the Web's Response; whatever needs a stream is asked of a real one,
 * which is made then. An instance is one of `Response` too, since its prototype is below that of Response.
 */

import { constantFields, type ResponseFields } from "../../../protocol/mod.ts";
import { AppHeaders, type Field } from "./app_headers.ts";
import { collectWhole } from "./body_reader.ts";
import { trueFields } from "./fetched_answers.ts";
import { fileOf, streamFor, UNREADABLE } from "./file_stream.ts";
import { fieldsOfType, knownFields } from "./type_fields.ts";
import { WebResponse } from "./web_classes.ts";

const UTF8 = new TextEncoder();

const TEXT = "text/plain;charset=UTF-8";
const JSON_TYPE = "application/json";
const FORM = "application/x-www-form-urlencoded;charset=UTF-8";

const NO_FIELDS: ResponseFields = constantFields([]);
const TEXT_FIELDS = fieldsOfType(TEXT);
const JSON_FIELDS = fieldsOfType(JSON_TYPE);

// RFC 9112 section 4: reason-phrase.
const REASON = /^[\t \x21-\x7e\x80-\xff]*$/;

/** The body of an answer that needs no stream. */
export type StaticBody = string | Uint8Array | null;

/** What is sent of an answer. */
export interface AnswerParts {
  readonly status: number;
  /** Names in lower case. */
  readonly fields: ResponseFields;
  /** The body; undefined: it is a stream. */
  readonly body: StaticBody | undefined;
  /** The body as a stream; null if `body` has it. */
  readonly stream: ReadableStream<Uint8Array> | null;
  /** It stands for this file, beneath the app's folder; null: it does not. */
  readonly file: string | null;
}

function isNullBodyStatus(status: number): boolean {
  return status === 204 || status === 205 || status === 304 || status === 101 || status === 103;
}

/** The status that the Web makes of a value: an unsigned 16-bit number, from 200 to 599. */
function statusOf(value: unknown): number {
  const status = Number(value) & 0xffff;
  if (status >= 200 && status <= 599 || status === 101) return status;
  throw new RangeError(
    `The status provided (${status}) is not equal to 101 and outside the range [200, 599]`,
  );
}

/** An answer of the app. */
export class AppResponse {
  #body: StaticBody = null;
  #status = 200;
  #statusText = "";
  /** The type that the body implies. */
  #type: string | null = null;
  #headers: AppHeaders | null = null;
  #used = false;
  #web: Response | null = null;
  #file: string | null = null;

  constructor(body: BodyInit | null = null, init?: ResponseInit) {
    if (init !== undefined && init !== null) this.#takeInit(init);
    if (body === null) return;
    this.#mustHaveBody();
    this.#takeBody(body);
    if (this.#web !== null && init instanceof WebResponse) this.#judgeLength(body, init);
  }

  /** As the Web's; no stream is made. */
  static json(data: unknown, init?: ResponseInit): AppResponse {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError("The data is not JSON serializable");
    const response = new AppResponse(null, init);
    response.#mustHaveBody();
    response.#body = text;
    response.#setType(JSON_TYPE);
    return response;
  }

  /** As the Web's; a relative address stays relative, as in Bun: in a thread, Deno would make a path of the server's files of it. */
  static redirect(url: string | URL, status = 302): AppResponse {
    const text = `${url}`;
    const isRelative = !URL.canParse(text) && URL.canParse(text, ANY_BASE);
    const { headers } = WebResponse.redirect(isRelative ? ANY_BASE : text, status); // checks both
    const response = new AppResponse(null, { status });
    response.#headers = new AppHeaders(isRelative ? { location: asciiOf(text.trim()) } : headers);
    return response;
  }

  /** As the Web's: what no server can send. */
  static error(): Response {
    return WebResponse.error();
  }

  /** What `server.file` returns: an answer that is a file beneath the app's folder, and so are its copies. The app cannot read it. */
  static ofFile(file: string, headers: HeadersInit | undefined): Response {
    const response = new AppResponse();
    response.#headers = new AppHeaders(headers);
    response.#file = file;
    return response as unknown as Response;
  }

  /** Ordinary for subclasses; for `Response` itself also what Deno has made. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(
      this === AppResponse ? WebResponse : this,
      value,
    );
  }

  /** The real Response in place of one of these, for functions of Deno; other values as they are. */
  static webOf<T>(value: T): T | Response {
    return AppResponse.isOwn(value) ? (value as unknown as AppResponse).#real() : value;
  }

  /** Whether it is one of these, and none that Deno has made. */
  static isOwn(value: unknown): value is Response {
    return typeof value === "object" && value !== null && #body in value;
  }

  /**
   * What is to be sent of `response`, whose body is used then.
   *
   * @throws {TypeError} if it was used before
   */
  static take(response: Response): AnswerParts {
    return #body in response ? (response as unknown as AppResponse).#take() : takeWeb(response);
  }

  /** The text that is the whole body of one of these, which is used then; null: it is something else, or was used. */
  static takeText(response: Response): string | null {
    return (response as unknown as AppResponse).#takeText();
  }

  /** What is to be sent of the headers of one of these. */
  static fieldsOf(response: Response): ResponseFields {
    return (response as unknown as AppResponse).#fields();
  }

  /** Nobody will read the body of this answer: if it is a stream, its source learns that. */
  static discard(response: Response): void {
    const web = #body in response ? (response as unknown as AppResponse).#web : response;
    // Rejected if somebody else reads it.
    web?.body?.cancel(new DOMException("The answer comes too late", "AbortError")).catch(() => {});
  }

  get type(): ResponseType {
    return this.#web === null ? "default" : this.#web.type;
  }

  get url(): string {
    return "";
  }

  get redirected(): boolean {
    return false;
  }

  get status(): number {
    return this.#status;
  }

  get ok(): boolean {
    return this.#status >= 200 && this.#status <= 299;
  }

  get statusText(): string {
    return this.#statusText;
  }

  get headers(): Headers {
    return this.#ownHeaders() as unknown as Headers;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (this.#file !== null) return streamFor(this.#file);
    return this.#body === null && this.#web === null
      ? null
      : this.#real().body as ReadableStream<Uint8Array<ArrayBuffer>>;
  }

  get bodyUsed(): boolean {
    return this.#web === null ? this.#used : this.#web.bodyUsed;
  }

  clone(): Response {
    if (this.bodyUsed) throw new TypeError("Body is unusable");
    const copy = new AppResponse(null, { status: this.#status, statusText: this.#statusText });
    copy.#headers = new AppHeaders(this.headers);
    copy.#body = this.#body;
    copy.#file = this.#file;
    if (this.#web !== null) {
      collectWhole(this.#web.body);
      copy.#web = this.#web.clone();
    }
    return copy as unknown as Response;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#consume((web) => web.arrayBuffer());
  }

  blob(): Promise<Blob> {
    return this.#consume((web) => web.blob());
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#consume((web) => web.bytes() as Promise<Uint8Array<ArrayBuffer>>);
  }

  formData(): Promise<FormData> {
    return this.#consume((web) => web.formData());
  }

  // deno-lint-ignore no-explicit-any -- as the Web's
  async json(): Promise<any> {
    const text = this.#takeText();
    return text === null ? await this.#consume((web) => web.json()) : JSON.parse(asDecoded(text));
  }

  async text(): Promise<string> {
    const text = this.#takeText();
    return text === null ? await this.#consume((web) => web.text()) : asDecoded(text);
  }

  [Symbol.for("Deno.privateCustomInspect")](
    inspect: (value: unknown, options: unknown) => string,
    options: unknown,
  ): string {
    const { bodyUsed, headers, ok, redirected, status, statusText, url } = this;
    const shown = { bodyUsed, headers, ok, redirected, status, statusText, url };
    return `Response ${inspect(shown, options)}`;
  }

  #takeInit(init: ResponseInit): void {
    if (typeof init !== "object" && typeof init !== "function") {
      throw new TypeError(
        "Failed to construct 'Response': Argument 2 can not be converted to a dictionary",
      );
    }
    const { headers, status, statusText } = init;
    if (headers !== undefined) this.#headers = new AppHeaders(headers);
    if (status !== undefined) this.#status = statusOf(status);
    if (statusText === undefined) return;
    const reason = `${statusText}`;
    if (!REASON.test(reason)) throw new TypeError(`Invalid status text: ${JSON.stringify(reason)}`);
    this.#statusText = reason;
  }

  #mustHaveBody(): void {
    if (isNullBodyStatus(this.#status)) {
      throw new TypeError("Response with null body status cannot have body");
    }
  }

  #takeBody(body: BodyInit): void {
    if (typeof body === "string") {
      this.#body = body;
      this.#setType(TEXT);
    } else if (ArrayBuffer.isView(body)) {
      // A copy, as in the Web: the app may change its bytes before they are sent.
      this.#body = new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
    } else if (body instanceof ArrayBuffer) {
      this.#body = new Uint8Array(body.slice(0));
    } else if (body instanceof URLSearchParams) {
      this.#body = body.toString();
      this.#setType(FORM);
    } else if (fileOf(body) !== undefined) {
      this.#file = fileOf(body) ?? null;
    } else {
      this.#web = new WebResponse(body, { status: this.#status });
      const type = this.#web.headers.get("content-type");
      if (type !== null) this.#setType(type);
    }
  }

  /** A length that is that of another body is forgotten: `new Response(answer.body.pipeThrough(…), answer)`. */
  #judgeLength(body: BodyInit, { body: described }: Response): void {
    if (body !== described) this.#headers?.delete("content-length");
  }

  /** The type is sent unless the app has set one. */
  #setType(type: string): void {
    this.#type = type;
    if (this.#headers !== null && !this.#headers.has("content-type")) {
      this.#headers.append("content-type", type);
    }
  }

  #ownHeaders(): AppHeaders {
    return this.#headers ??= new AppHeaders(
      this.#type === null ? undefined : { "content-type": this.#type },
    );
  }

  #take(): AnswerParts {
    const fields = this.#fields();
    const status = this.#status;
    const file = this.#file;
    if (this.#web !== null) {
      return { status, fields, body: undefined, stream: streamOf(this.#web), file };
    }
    if (this.#used) throw bodyUsed();
    if (this.#body !== null) this.#used = true;
    return { status, fields, body: this.#body, stream: null, file };
  }

  #fields(): ResponseFields {
    if (this.#headers !== null) return knownFields(AppHeaders.fieldsOf(this.#headers));
    if (this.#type === null) return NO_FIELDS;
    if (this.#type === TEXT) return TEXT_FIELDS;
    return this.#type === JSON_TYPE ? JSON_FIELDS : fieldsOfType(this.#type);
  }

  #takeText(): string | null {
    const text = this.#body;
    if (this.#web !== null || this.#used || typeof text !== "string") return null;
    this.#used = true;
    this.#body = ""; // it may be long
    return text;
  }

  async #consume<T>(read: (web: Response) => Promise<T>): Promise<T> {
    if (this.#file !== null) throw new TypeError(UNREADABLE);
    if (this.#web === null && this.#body === null) return read(new WebResponse(null, this.#init()));
    const web = this.#real();
    if (this.#body === null) collectWhole(web.body);
    return await read(web);
  }

  #init(): ResponseInit {
    const { headers } = this;
    return { status: this.#status, headers: AppHeaders.fieldsOf(headers) as Field[] };
  }

  /** The real one, which has the body from now on. */
  #real(): Response {
    if (this.#web !== null) return this.#web;
    if (this.#used) this.#body = new Uint8Array(0); // nobody can read it
    const body = typeof this.#body === "string" ? UTF8.encode(this.#body) : this.#body;
    const web = new WebResponse(body as Uint8Array<ArrayBuffer> | null, this.#init());
    if (this.#used) void web.text();
    return this.#web = web;
  }

  static {
    Object.setPrototypeOf(this.prototype, WebResponse.prototype);
  }
}

const ANY_BASE = "http://localhost/";

/** A relative address as a header field has it. */
function asciiOf(address: string): string {
  return address.replaceAll(/[^!-~]+/g, (letters) => encodeURIComponent(letters.toWellFormed()));
}

/** What encoding and decoding makes of a text: without lone surrogates, and without a byte order mark. */
function asDecoded(text: string): string {
  const whole = text.toWellFormed();
  return whole.startsWith("\ufeff") ? whole.slice(1) : whole;
}

function bodyUsed(): TypeError {
  return new TypeError(
    "The body of this Response was already used: an app answers with a new one each time",
  );
}

function streamOf(response: Response): ReadableStream<Uint8Array> | null {
  const { body } = response;
  if (response.bodyUsed || body?.locked === true) throw bodyUsed();
  return body;
}

/** A Response that Deno has made, for example of its fetch. */
function takeWeb(response: Response): AnswerParts {
  const stream = streamOf(response);
  const { status, headers } = response;
  const body = stream === null ? null : undefined;
  const fields = AppHeaders.isOwn(headers) ? AppHeaders.fieldsOf(headers) : trueFields(headers);
  return { status, fields, body, stream, file: null };
}
