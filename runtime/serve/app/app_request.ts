/**
 * The Web's Request, without its cost: what an app reads of it is computed when it is read.
 *
 * In: the exchange of a request that the app is asked about. Out: the behaviour of the Web's Request; whatever is rarely used is asked
 * of a real one, which is made then. An instance is one of `Request` too, since its prototype is below that of Request. After the
 * answer it is closed, as in Deno: what was not read before can no longer be read.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { AppExchange } from "../session/mod.ts";
import { AppHeaders, type HeadSource } from "./app_headers.ts";
import {
  type BodySource,
  bodyStream,
  readWhole,
  requestClosed,
  type StreamedBody,
} from "./body_reader.ts";
import type { RequestOrigins } from "./request_origins.ts";
import { WebRequest, WebResponse } from "./web_classes.ts";

const UTF8 = new TextDecoder();
/** Methods that the Web's Request refuses, and none has a body. */
const UNKNOWN_TO_WEB = /^(CONNECT|TRACE|TRACK)$/i;

/** What the Web's Request has and is rarely read. */
const RARE = [
  "cache",
  "credentials",
  "destination",
  "integrity",
  "keepalive",
  "mode",
  "redirect",
  "referrer",
  "referrerPolicy",
] as const;

const NOTHING = new Uint8Array(0);

/** Deno 2.4 says less of the buffers. */
type BytesStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** What the body of a request is after it was read. */
function usedBody(): BytesStream | null {
  const used = new WebResponse("used");
  void used.text();
  return used.body as BytesStream | null;
}

/** A request to the app. */
export class AppRequest implements BodySource, HeadSource {
  #exchange: AppExchange | null;
  readonly #origins: RequestOrigins;
  readonly #method: string;
  readonly #turn: number;
  /** A copy that outlives the answer; null: there is none. */
  #kept: RequestHead | null = null;
  #isSecure = false;
  #url: string | null = null;
  #headers: Headers | null = null;
  #abort: AbortController | null = null;
  #bodyUsed = false;
  #web: Request | null = null;
  #streamed: StreamedBody | null = null;

  constructor(exchange: AppExchange, origins: RequestOrigins) {
    this.#exchange = exchange;
    this.#origins = origins;
    this.#method = exchange.request.method;
    this.#turn = exchange.turn;
  }

  /** The exchange of a request; null after its answer, and for a Request that the app has made. */
  static exchangeOf(request: Request): AppExchange | null {
    return #exchange in request ? (request as unknown as AppRequest).exchange : null;
  }

  /** The real Request in place of one of these, for functions of Deno; other values as they are. */
  static webOf<T>(value: T): T | Request {
    const isOwn = typeof value === "object" && value !== null && #exchange in value;
    return isOwn ? (value as unknown as AppRequest).#real() : value;
  }

  /**
   * The request is answered: nothing more is read from its connection, nor from its head unless the handler was
   * asynchronous: then that is a copy.
   */
  close(wasKept: boolean): void {
    const exchange = wasKept ? this.exchange : null;
    this.#exchange = null;
    if (exchange === null) return;
    this.#kept = exchange.request;
    this.#isSecure = exchange.isSecure;
  }

  /**
   * The answer begins, and the body will be read while it is sent: a client that waits for 100 (Continue) has to be told
   * before.
   */
  beginBody(): void {
    this.#streamed?.begin();
  }

  /** Never that of another request, even if this one was not closed. */
  get exchange(): AppExchange | null {
    return this.#exchange?.turn === this.#turn ? this.#exchange : null;
  }

  get head(): RequestHead {
    const { exchange } = this;
    const head = exchange === null ? this.#kept : exchange.request;
    if (head === null) throw requestClosed();
    return head;
  }

  get method(): string {
    return this.#method;
  }

  get url(): string {
    if (this.#url !== null) return this.#url;
    const isSecure = this.exchange?.isSecure ?? this.#isSecure;
    return this.#url = this.#origins.urlOf(this.head, isSecure);
  }

  get headers(): Headers {
    return this.#headers ??= AppHeaders.of(this);
  }

  /** Aborted when the client leaves, or ends its side, before the answer is complete. */
  get signal(): AbortSignal {
    if (this.#abort === null) {
      const abort = this.#abort = new AbortController();
      this.exchange?.onLeft(() => abort.abort());
    }
    return this.#abort.signal;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (!this.#hasBody) return null;
    return this.#bodyUsed && this.#web === null ? usedBody() : this.#real().body as BytesStream;
  }

  get bodyUsed(): boolean {
    return this.#web === null ? this.#bodyUsed : this.#web.bodyUsed;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#read((bytes) => bytes.slice().buffer, (web) => web.arrayBuffer());
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#read(
      (bytes) => new Uint8Array(bytes),
      (web) => web.bytes() as Promise<Uint8Array<ArrayBuffer>>,
    );
  }

  text(): Promise<string> {
    return this.#read((bytes) => UTF8.decode(bytes), (web) => web.text());
  }

  // deno-lint-ignore no-explicit-any -- as the Web's
  json(): Promise<any> {
    return this.#read((bytes) => JSON.parse(UTF8.decode(bytes)), (web) => web.json());
  }

  async blob(): Promise<Blob> {
    return (await this.#asResponse()).blob();
  }

  async formData(): Promise<FormData> {
    return (await this.#asResponse()).formData();
  }

  clone(): Request {
    if (this.bodyUsed) throw new TypeError("Body is unusable");
    const web = this.#real();
    // What one of the two has read is kept for the other.
    this.#streamed?.collect();
    return web.clone();
  }

  [Symbol.for("Deno.privateCustomInspect")](
    inspect: (value: unknown, options: unknown) => string,
    options: unknown,
  ): string {
    const { method, url, headers, bodyUsed } = this;
    return `Request ${inspect({ bodyUsed, headers, method, url }, options)}`;
  }

  get #hasBody(): boolean {
    if (this.#method === "GET" || this.#method === "HEAD") return false;
    return this.#web !== null ? this.#web.body !== null : this.#bodyUsed || this.#awaitsBody;
  }

  get #awaitsBody(): boolean {
    return this.exchange?.request.hasBody() === true;
  }

  /** Reads the body whole: by `use`, or from the real request if there is one. */
  #read<T>(use: (bytes: Uint8Array) => T, from: (web: Request) => Promise<T>): Promise<T> {
    if (this.#web !== null) {
      this.#streamed?.collect();
      return from(this.#web);
    }
    if (this.#bodyUsed) return Promise.reject(new TypeError("Body already consumed."));
    const { exchange } = this;
    if (exchange === null) return Promise.reject(requestClosed());
    if (!this.#hasBody) return new Promise((resolve) => resolve(use(NOTHING)));
    this.#bodyUsed = true;
    return readWhole(exchange, use);
  }

  /** The body with its type, for what the Web makes of it. */
  async #asResponse(): Promise<Response> {
    const type = this.headers.get("content-type");
    const headers = type === null ? {} : { "content-type": type };
    return new WebResponse(await this.bytes(), { headers });
  }

  #real(): Request {
    if (this.#web !== null) return this.#web;
    const { url, headers, signal } = this;
    const init: RequestInit & { duplex: "half" } = {
      method: UNKNOWN_TO_WEB.test(this.#method) ? "GET" : this.#method,
      headers,
      signal,
      duplex: "half",
    };
    if (this.#hasBody && !this.#bodyUsed) {
      this.#streamed = bodyStream(this);
      init.body = this.#streamed.stream;
    }
    const web = new WebRequest(url, init);
    // After its body was read it can serve for the rest, but the body stays used.
    return this.#bodyUsed ? web : this.#web = web;
  }

  static {
    for (const name of RARE) {
      Object.defineProperty(this.prototype, name, {
        configurable: true,
        enumerable: true,
        get(this: AppRequest) {
          return this.#real()[name];
        },
      });
    }
    Object.setPrototypeOf(this.prototype, WebRequest.prototype);
  }
}
