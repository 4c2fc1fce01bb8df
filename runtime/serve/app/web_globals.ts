/**
 * Puts this folder's classes in place of Deno's in the worker: `Request`, `Response`, `Headers`, and what takes a Request.
 *
 * In: nothing. Out: globals whose behaviour is that of the Web's, at a fraction of the cost. Called once in a worker, before the app is
 * loaded: its modules may read the globals when they are loaded.
 */

import { AppHeaders } from "./app_headers.ts";
import { AppRequest } from "./app_request.ts";
import { AppResponse } from "./app_response.ts";
import { collectWhole } from "./body_reader.ts";
import { noteCopy, noteFetched, tellOfEncoded } from "./fetched_answers.ts";
import { WebRequest, WebResponse } from "./web_classes.ts";

const HIDDEN = { configurable: true, enumerable: false, writable: true };

/** Deno's Request, which also takes the requests that an app is given. */
class Request extends WebRequest {
  /** The body of the request that it is a copy of; it has that through a stream of Deno's own. */
  readonly #source: ReadableStream | null;

  constructor(input: RequestInfo | URL, init?: RequestInit) {
    const web = AppRequest.webOf(absolute(input));
    const source = web !== input && web instanceof WebRequest ? web.body : null;
    super(web, init);
    this.#source = source;
  }

  static {
    for (
      const name of ["arrayBuffer", "blob", "bytes", "clone", "formData", "json", "text"] as const
    ) {
      const original: () => unknown = this.prototype[name];
      const value = function (this: globalThis.Request): unknown {
        if (#source in this) collectWhole(this.#source);
        return original.call(this);
      };
      Object.defineProperty(this.prototype, name, { ...HIDDEN, value });
    }
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(
      this === Request ? WebRequest : this,
      value,
    );
  }
}

/** In a thread, a relative address would be that of one of the server's own files. @throws {TypeError} as in a program of Deno's */
function absolute<T>(input: T): T {
  if (typeof input !== "string" || URL.canParse(input)) return input;
  throw new TypeError(`Invalid URL: '${input}'`);
}

/** Installs them. */
export function installWebGlobals(): void {
  const fetch = globalThis.fetch;
  const own = {
    Request,
    Response: AppResponse,
    Headers: AppHeaders,
    fetch: async (input: RequestInfo | URL, init?: RequestInit) => {
      const request = AppRequest.webOf(absolute(input));
      const response = await fetch(request, init);
      noteFetched(
        response,
        init?.headers ?? (request instanceof WebRequest ? request.headers : []),
      );
      return response;
    },
  };
  for (const [name, value] of Object.entries(own)) {
    Object.defineProperty(globalThis, name, { ...HIDDEN, value });
  }
  showTrueFields(WebResponse.prototype);
  Object.defineProperty(Deno, "serve", { ...HIDDEN, value: unwrappingServe(Deno.serve) });
  takeLight(globalThis.Cache?.prototype, ["put", "match", "delete"]);
  takeLight(WebAssembly, ["compileStreaming", "instantiateStreaming"]);
  for (const [name, made] of Object.entries({ Response: AppResponse, Headers: AppHeaders })) {
    Object.defineProperty(made, "name", { value: name, configurable: true });
  }
}

/** Lets functions of Deno that take Requests and Responses, or promises of them, take an app's. */
function takeLight(holder: object | undefined, names: readonly string[]): void {
  for (const name of holder === undefined ? [] : names) {
    const original: unknown = Reflect.get(holder!, name);
    if (typeof original !== "function") continue;
    const value = async function (this: unknown, ...given: unknown[]): Promise<unknown> {
      const web = (await Promise.all(given)).map((each) =>
        AppRequest.webOf(AppResponse.webOf(each))
      );
      return await original.apply(this, web);
    };
    Object.defineProperty(value, "name", { value: name, configurable: true });
    Object.defineProperty(holder, name, { ...HIDDEN, value });
  }
}

/** An answer of fetch that was decoded has no field about the encoded bytes, in Deno 2.9 as in 2.4, whatever the app copies. */
function showTrueFields(prototype: Response): void {
  const { get } = Object.getOwnPropertyDescriptor(prototype, "headers")!; // the Web's
  const headersOf = (response: Response): Headers => get!.call(response);
  const shown = new WeakMap<Headers, AppHeaders>();
  const headers = {
    get(this: Response) {
      const all = headersOf(this);
      const known = shown.get(all);
      if (known !== undefined || !tellOfEncoded(all)) return known ?? all;
      const fields = new AppHeaders(all);
      shown.set(all, fields);
      return fields;
    },
  };
  Object.defineProperty(prototype, "headers", { ...headers, configurable: true, enumerable: true });
  const { clone } = prototype;
  const value = function (this: Response): Response {
    const copy = clone.call(this);
    noteCopy(headersOf(this), headersOf(copy));
    return copy;
  };
  Object.defineProperty(prototype, "clone", { value, configurable: true, writable: true });
}

/** For who has moved an app over. */
const OWN_PORT =
  "Deno.serve in an app opens a port of its own: what is given to it is the default export, export default { fetch: handler }";

/** The options of Deno.serve that answer requests. */
const OWN_HANDLERS: readonly string[] = ["handler", "onError"];

/** A server of the app's own gets real Responses from its handler, whatever that makes. */
function unwrappingServe(serve: typeof Deno.serve): typeof Deno.serve {
  const wrap = (handler: (...given: unknown[]) => unknown) => {
    const wrapped = async (...given: unknown[]) => AppResponse.webOf(await handler(...given));
    // Deno gives a handler without parameters no request.
    return Object.defineProperty(wrapped, "length", { value: handler.length });
  };
  const unwrapping = (...given: unknown[]) => {
    const wrapped = given.map((value) => {
      if (typeof value === "function") return wrap(value as () => unknown);
      if (typeof value !== "object" || value === null) return value;
      const handlers = Object.entries(value).filter(([name]) => OWN_HANDLERS.includes(name));
      const unwrapped = handlers.map(([name, handler]) => [name, wrap(handler as () => unknown)]);
      return { ...value, ...Object.fromEntries(unwrapped) };
    });
    try {
      return (serve as (...given: unknown[]) => unknown)(...wrapped);
    } catch (error) {
      if (error instanceof Error) error.message += `; ${OWN_PORT}`;
      throw error;
    }
  };
  return unwrapping as typeof Deno.serve;
}
