/**
 * The backend of the proxy: one HTTP request for each question, a bounded number at once.
 *
 * In: an event, a body, and header fields. Out: the bytes of its answer, or nothing if there is none that can be used; why is told to the
 * operator, at most once a minute for each event and cause. Every request is counted. Never throws.
 *
 * Requests are made in the worker, by Deno's fetch: the client's next command waits for a promise of this thread anyway, and a request
 * by way of the main thread would pass two messages between threads, and all requests through one thread. While a request is pending,
 * the worker's loop gives Deno's its turns, as it does for any handler.
 */

import { concatBytes } from "../../../protocol/mod.ts";
import type { ChannelProxyConfig, ProxyEvent } from "../../config/mod.ts";
import { CHANNEL_COLUMN, type Column, type Counters } from "../../ring/mod.ts";
import { fetchFault, TimeLimit } from "../../thread/mod.ts";

/** Bytes of an answer: as much as a client's message may have by default. */
const MOST_BYTES = 1024 * 1024;
/** Milliseconds between two warnings about one event with one cause. */
const WARNING_PAUSE = 60_000;
/** Causes that are remembered; a backend that fails in more ways is told of more often. */
const MOST_CAUSES = 100;
const COLUMNS: Readonly<Record<ProxyEvent, Column>> = {
  connect: CHANNEL_COLUMN.proxyConnect,
  refresh: CHANNEL_COLUMN.proxyRefresh,
  subscribe: CHANNEL_COLUMN.proxySubscribe,
  publish: CHANNEL_COLUMN.proxyPublish,
  sub_refresh: CHANNEL_COLUMN.proxySubRefresh,
  rpc: CHANNEL_COLUMN.proxyRpc,
};

/** What a backend is asked with. */
export interface BackendParts {
  readonly config: ChannelProxyConfig;
  readonly counters: Counters;
  /** Milliseconds of a clock that is never set back. */
  now(): number;
  /** Tells the operator. */
  warn(text: string): void;
}

/** A question. */
export interface Question {
  readonly event: ProxyEvent;
  /** JSON. */
  readonly body: string;
  readonly fields: Headers;
}

/** Why there is no answer, or none that can be used. */
export interface BackendFault {
  /** What does not differ from one question to the next. */
  readonly cause: string;
  /** For the operator. */
  readonly text: string;
}

/** The backend. */
export class Backend {
  readonly #parts: BackendParts;
  /** By event and cause. */
  readonly #quietUntil = new Map<string, number>();
  #requests = 0;

  constructor(parts: BackendParts) {
    this.#parts = parts;
  }

  /** The address that is asked; undefined: it is not asked about this. */
  endpoint(event: ProxyEvent): string | undefined {
    return this.#parts.config.endpoints[event];
  }

  /** Asks. Undefined: it has not answered, or not as it should. */
  async ask(question: Question): Promise<Uint8Array | undefined> {
    const { config: { requests }, counters, now } = this.#parts;
    if (this.#requests >= requests) {
      counters.add(CHANNEL_COLUMN.limitProxyRequests, 1);
      const text = `${requests} requests are under way (max_requests)`;
      this.#tell(question.event, { cause: "max_requests", text });
      return undefined;
    }
    this.#requests++;
    counters.add(COLUMNS[question.event], 1);
    const begun = now();
    try {
      return await this.#request(question);
    } finally {
      this.#requests--;
      counters.add(CHANNEL_COLUMN.proxySeconds, (now() - begun) / 1000);
      counters.add(CHANNEL_COLUMN.proxyEnded, 1);
    }
  }

  /** The answer cannot be used. */
  misunderstood(event: ProxyEvent, fault: BackendFault): void {
    this.#parts.counters.add(CHANNEL_COLUMN.proxyFailed, 1);
    this.#tell(event, fault);
  }

  /** Tells the operator, unless that was done just now. */
  #tell(event: ProxyEvent, { cause, text }: BackendFault): void {
    const { now, warn } = this.#parts;
    const key = `${event} ${cause}`;
    if (now() < (this.#quietUntil.get(key) ?? 0)) return;
    if (this.#quietUntil.size >= MOST_CAUSES) this.#quietUntil.clear();
    this.#quietUntil.set(key, now() + WARNING_PAUSE);
    const after = event.endsWith("refresh") ? "it is asked again" : "clients get error 100";
    warn(
      `the backend that is asked about ${event} ([channels.proxy]) has failed: ${text}; ${after}`,
    );
  }

  async #request({ event, body, fields }: Question): Promise<Uint8Array | undefined> {
    const { config: { timeout }, counters } = this.#parts;
    using limit = new TimeLimit(timeout);
    try {
      const init = { method: "POST", body, headers: fields, signal: limit.signal };
      // A redirect is not followed: cookies and tokens of clients are for this address.
      const response = await fetch(this.endpoint(event)!, { ...init, redirect: "manual" });
      const answer = await readBounded(response);
      if (answer instanceof Uint8Array) return answer;
      this.misunderstood(event, answer);
    } catch (error) {
      if (limit.isOver) {
        counters.add(CHANNEL_COLUMN.proxyLate, 1);
        this.#tell(event, { cause: "timeout", text: `no answer within ${timeout / 1000} s` });
      } else {
        const text = fetchFault(error);
        this.misunderstood(event, { cause: text, text });
      }
    }
    return undefined;
  }
}

/** The body; or what is wrong with the answer. */
async function readBounded({ body, status }: Response): Promise<Uint8Array | BackendFault> {
  if (status !== 200 || body === null) {
    await body?.cancel();
    const text = `it answered ${status}`;
    return { cause: text, text };
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    // Leaving the loop cancels the body.
    if (length > MOST_BYTES) {
      return { cause: "length", text: `its answer has more than ${MOST_BYTES} bytes` };
    }
    chunks.push(chunk);
  }
  return concatBytes(chunks);
}
