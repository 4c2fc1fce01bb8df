/**
 * Calls the HTTP API of a running server.
 *
 * In: a method, and the JSON of its request. Out: the JSON of its result, byte for byte. Throws CommandFailure: the server was not
 * reached within its time, is another server, or refused, and what to do about it. Follows no redirect, which would carry the key elsewhere.
 */

import {
  decodeShape,
  JSON_DEPTH,
  JsonError,
  JsonWriter,
  raw,
  readInteger,
  readObject,
  text,
} from "../../../protocol/json/mod.ts";
import { ByteBuffer } from "../../../protocol/mod.ts";
import { CommandFailure } from "./command_io.ts";
import { trustHint } from "./trust_hint.ts";

/** Milliseconds. */
const PATIENCE = 15_000;

const ANSWER = {
  result: raw("result"),
  error: {
    wire: "error",
    read: readObject({
      code: { wire: "code", read: readInteger(0, 0xffff_ffff) },
      message: text("message"),
    }),
  },
} as const;

/** By status, what it means. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: "the request is malformed",
  401: "the server does not know this key: it must be that of its section [channels.api]",
  404: "the server has no HTTP API of channels: its configuration needs the section [channels.api]",
  413: "the request is larger than the server's --max-api-body",
  503: "the server is too busy",
};

/** By code of an error, what it most likely means. */
const ERRORS: Readonly<Record<number, string>> = {
  100: "its memory of channels may be full; try again",
  102: "the part in front of the colon is no namespace of its configuration",
  106: "there is more than one answer may have; ask for less with --limit",
  107: "the name may be longer than --max-channel-name, or the data than --max-publication",
  108: "it is switched off for this channel: see history_size, history_ttl and presence",
  112: "the channel has another epoch: the server was restarted, or the history is gone",
};

/** The server carried the method out, and answered with an error. */
export class ApiRefusal extends CommandFailure {
  override name = "ApiRefusal";
  /** The protocol's code. */
  readonly code: number;

  constructor(method: string, code: number, message: string) {
    const meaning = ERRORS[code];
    const hint = meaning === undefined ? "" : `: ${meaning}`;
    super(`the server refuses ${method}: ${message} (${code})${hint}`);
    this.code = code;
  }
}

/** Where the API is. */
export interface ApiPlace {
  /** Ends with a slash. */
  readonly url: URL;
  readonly key: string;
  /** PEM of an authority to trust besides those of the system. */
  readonly ca: string | undefined;
}

/** A client of the API; dispose it. */
export class ApiClient implements Disposable {
  readonly #place: ApiPlace;
  readonly #client: Deno.HttpClient | undefined;

  /** @param place where it is */
  constructor(place: ApiPlace) {
    this.#place = place;
    this.#client = place.ca === undefined
      ? undefined
      : Deno.createHttpClient({ caCerts: [place.ca] });
  }

  [Symbol.dispose](): void {
    this.#client?.close();
  }

  /** The result of a method. @param write writes the fields of the request @throws {CommandFailure} */
  async call(method: string, write: (json: JsonWriter) => void): Promise<Uint8Array> {
    const json = new JsonWriter(new ByteBuffer()).openObject();
    write(json);
    const { status, bytes } = await this.#post(`api/${method}`, json.closeObject().out.view());
    const where = `${this.#place.url.href}api/${method}`;
    if (status !== 200) {
      const meaning = REFUSALS[status];
      throw new CommandFailure(
        `${where} answers with status ${status}${meaning === undefined ? "" : `: ${meaning}`}`,
      );
    }
    const answer = decoded(bytes);
    if (answer?.error !== undefined) {
      const { code = 0, message = "" } = answer.error;
      throw new ApiRefusal(method, code, message);
    }
    if (answer?.result !== undefined) return answer.result;
    throw new CommandFailure(`${where} does not answer as a server of channels does`);
  }

  async #post(
    path: string,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<{ readonly status: number; readonly bytes: Uint8Array }> {
    const { url, key } = this.#place;
    try {
      const response = await fetch(new URL(path, url), {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-API-Key": key },
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(PATIENCE),
        ...(this.#client === undefined ? {} : { client: this.#client }),
      });
      const bytes = new Uint8Array(await response.arrayBuffer());
      const target = response.headers.get("location");
      if (target !== null && response.status >= 300 && response.status < 400) {
        throw new CommandFailure(redirected(url, target));
      }
      return { status: response.status, bytes };
    } catch (error) {
      if (error instanceof CommandFailure || !(error instanceof Error)) throw error;
      throw new CommandFailure(`${url.origin} does not answer: ${reasonOf(error)}`);
    }
  }
}

function decoded(bytes: Uint8Array) {
  try {
    return decodeShape({ bytes, start: 0, end: bytes.length, depth: JSON_DEPTH + 4 }, ANSWER);
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

function redirected(url: URL, target: string): string {
  const { origin } = URL.parse(target, url) ?? url;
  return `${url.origin} redirects to ${origin}: did you mean --url ${origin}?`;
}

/** The innermost cause says most; Deno's text begins with the URL, and some versions say its end twice. */
function reasonOf(error: Error): string {
  if (error.name === "TimeoutError") return `nothing came within ${PATIENCE / 1000} s`;
  if (error.cause instanceof Error) return reasonOf(error.cause);
  const reason = error.message
    .replace(/^error sending request for url \(.*?\): (?:client error \(\w+\): )?/, "")
    .replace(/(: [^:]+)\1$/, "$1");
  return `${reason}${trustHint(reason)}`;
}
