/**
 * Makes the URLs of requests: scheme, host and target, in the form that the Web's Request gives them.
 *
 * In: heads of requests, and whether their clients speak https. Out: URLs. Origins are remembered, since nearly all requests name one
 * of a few hosts; so is the last URL.
 */

import type { RequestHead } from "../../../protocol/mod.ts";

/** A target that URL leaves as it is: no dot segments, nothing that has to be encoded. */
const PLAIN = /^(?:\/(?!\.)[\w\-~!$&()*+,;=:@.]*)+(?:\?[\w\-~!$&()*+,;=:@%./?]*)?$/;
/** Origins that are remembered; a client can invent as many hosts as it likes. */
const MAX_ORIGINS = 64;

/** The origins of one worker's requests. */
export class RequestOrigins {
  readonly #fallback: string;
  readonly #origins = new Map<string, string>();
  #lastHost = { isSecure: false, host: "", origin: "" };
  #last = { origin: "", target: "", url: "" };

  /** @param fallback the host of requests that name none, as HTTP/1.0 may */
  constructor(fallback: string) {
    this.#fallback = fallback;
  }

  /** The URL of a request. */
  urlOf(head: RequestHead, isSecure: boolean): string {
    const { target } = head;
    const host = head.host();
    let { origin } = this.#lastHost;
    if (host !== this.#lastHost.host || isSecure !== this.#lastHost.isSecure || origin === "") {
      origin = this.#originOf(isSecure ? "https://" : "http://", host);
      this.#lastHost = { isSecure, host, origin };
    }
    const last = this.#last;
    if (last.target === target && last.origin === origin) return last.url;
    const url = urlOf(origin, head);
    this.#last = { origin, target, url };
    return url;
  }

  #originOf(scheme: string, host: string): string {
    const key = scheme + host;
    const known = this.#origins.get(key);
    if (known !== undefined) return known;
    const origin = URL.canParse(key) ? new URL(key).origin : scheme + this.#fallback;
    if (this.#origins.size >= MAX_ORIGINS) this.#origins.clear();
    this.#origins.set(key, origin);
    return origin;
  }
}

function urlOf(origin: string, { authority, path, query, target }: RequestHead): string {
  // A target in absolute form names its host itself.
  const rest = authority === "" ? target : query === "" ? path : `${path}?${query}`;
  return PLAIN.test(rest) ? origin + rest : new URL(origin + rest).href;
}
