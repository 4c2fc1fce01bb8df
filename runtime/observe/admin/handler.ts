/**
 * The request handler of the admin server.
 *
 * In: a request. Out: for GET and HEAD, metrics as text, health, readiness, the live page and its event
 * stream; for OPTIONS, the methods. With `--admin-channels` also what channel_answers.ts answers; else it never changes the
 * state of the server.
 */

import { ifNoneMatch } from "@std/http/etag";
import { isHost } from "../../../protocol/mod.ts";
import type { SharedState } from "../../ring/mod.ts";
import type { Asset } from "../../serve/assets/mod.ts";
import { channelAnswers } from "./channel_answers.ts";
import type { ChannelDesk } from "./channel_desk.ts";
import { encodeFamilies, EXPOSITION_TYPE } from "./exposition.ts";
import { collectFamilies, type ServerFacts } from "./families.ts";
import { ASSETS } from "./pages/mod.ts";
import type { Viewers } from "./viewers.ts";

/** The sources of the responses. */
export interface HandlerParts {
  readonly state: SharedState;
  readonly viewers: Viewers;
  /** The address that the server listens on. */
  readonly hostname: string;
  /** Lists, reads and publishes; absent: nobody may. */
  readonly desk?: ChannelDesk | undefined;
  /** The current values that are not in the shared memory. */
  facts(): ServerFacts;
}

type Answer = (request: Request) => Response;

/** A handler for Deno.serve. */
export interface AdminHandler {
  handle(request: Request): Response | Promise<Response>;
  /** Ends what goes on by itself. */
  stop(): void;
}

const TEXT_TYPE = "text/plain; charset=utf-8";
const COMMON_HEADERS = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Resource-Policy": "same-origin",
} as const;
const ALLOW = { Allow: "GET, HEAD, OPTIONS" } as const;
/** The path that Deno gives to `OPTIONS *`, a request about the server as a whole (RFC 9110 section 9.3.7). */
const ASTERISK = "/*";

/** Makes the handler. */
export function createHandler(parts: HandlerParts): AdminHandler {
  const { state, viewers, facts } = parts;
  const answers = new Map<string, Answer>([
    ["/metrics", () => text(200, encodeFamilies(collectFamilies(state, facts())), EXPOSITION_TYPE)],
    ["/healthz", () => text(200, "ok")],
    ["/readyz", () => facts().ready ? text(200, "ready") : text(503, "not ready")],
    ["/events", () => eventStream(viewers)],
    ...ASSETS.map((asset) => [asset.path, answerWith(asset)] as const),
  ]);
  const desk = parts.desk && channelAnswers(parts.desk, text);
  const handle = (request: Request): Response | Promise<Response> => {
    // Deno puts the Host into the URL unchanged: an invalid one would throw, with a message on stderr, or
    // lead to another path.
    const url = hasValidHost(request) ? urlOf(request) : null;
    if (url === null) return text(400, "The Host field is not a valid host\n");
    const { pathname, hostname } = url;
    if (isLoopback(parts.hostname) && !isLoopback(hostname)) {
      return text(403, "Use localhost or the IP address as the host\n");
    }
    const isOptions = request.method === "OPTIONS";
    if (isOptions && pathname === ASTERISK) return new Response(null, { status: 204 });
    const ofChannels = desk?.answers.get(pathname);
    if (ofChannels !== undefined) {
      if (request.method === ofChannels.method) return ofChannels.answer(request, url);
      const allow = { Allow: ofChannels.method };
      return text(405, `Method not allowed; allowed here: ${allow.Allow}\n`, TEXT_TYPE, allow);
    }
    const answer = answers.get(pathname);
    if (answer === undefined) return text(404, "Not found\n");
    if (request.method === "GET") return answer(request);
    if (request.method === "HEAD") return withoutBody(answer(request));
    if (isOptions) return new Response(null, { status: 204, headers: ALLOW });
    return text(405, `Method not allowed; allowed here: ${ALLOW.Allow}\n`, TEXT_TYPE, ALLOW);
  };
  return { handle, stop: () => desk?.stop() };
}

/** Deno 2.4 has no host at all in the URL if the Host field is empty, and would take the path for one. */
function urlOf({ url }: Request): URL | null {
  return URL.parse(url.replace(/^http:\/\/\//, "http://localhost/"));
}

/** The same check as for requests to the workers; an empty Host is valid, as there. */
function hasValidHost({ headers }: Request): boolean {
  const host = new TextEncoder().encode(headers.get("host") ?? "");
  return host.length === 0 || isHost(host, 0, host.length);
}

/**
 * On loopback, only this machine may read the responses. A web site could make its own name resolve to
 * 127.0.0.1, and read them through a browser here (DNS rebinding); such a name is not one of these.
 */
function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(hostname);
}

function text(
  status: number,
  body: string,
  contentType = TEXT_TYPE,
  headers: Record<string, string> = {},
): Response {
  return new Response(body, {
    status,
    headers: { ...COMMON_HEADERS, "Content-Type": contentType, ...headers },
  });
}

function eventStream(viewers: Viewers): Response {
  const stream = viewers.open();
  if (stream === null) return text(503, "Too many live pages are open\n");
  return new Response(stream, {
    headers: { ...COMMON_HEADERS, "Content-Type": "text/event-stream" },
  });
}

function answerWith(asset: Asset): Answer {
  const { contentType, cacheControl, etag, fields, body } = asset;
  const headers = { "Content-Type": contentType, "Cache-Control": cacheControl, ETag: etag };
  const all = { ...headers, ...Object.fromEntries(fields) };
  return (request) => {
    const condition = request.headers.get("if-none-match");
    // RFC 9110 section 13.1.2: 304 if the client has this representation.
    if (condition !== null && !ifNoneMatch(condition, etag)) {
      return new Response(null, { status: 304, headers: all });
    }
    return new Response(body as Uint8Array<ArrayBuffer>, { headers: all });
  };
}

/** RFC 9110 section 9.3.2; a stream is cancelled, because nobody reads it. */
function withoutBody(response: Response): Response {
  const { status, headers, body } = response;
  void body?.cancel();
  return new Response(null, { status, headers });
}
