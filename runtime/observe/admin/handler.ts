/**
 * What the admin server answers.
 *
 * In: a request. Out: metrics as text, health, readiness, the live page and its event stream, to GET and
 * HEAD; the methods, to OPTIONS. Does nothing but answer: no state of the server changes here.
 */

import { ifNoneMatch } from "@std/http/etag";
import { isHost } from "../../../protocol/mod.ts";
import type { SharedState } from "../../ring/mod.ts";
import type { Asset } from "../../serve/assets/mod.ts";
import { encodeFamilies, EXPOSITION_TYPE } from "./exposition.ts";
import { collectFamilies, type ServerFacts } from "./families.ts";
import { ASSETS } from "./pages/mod.ts";
import type { Viewers } from "./viewers.ts";

/** What the answers are made of. */
export interface HandlerParts {
  readonly state: SharedState;
  readonly viewers: Viewers;
  /** The address that the server listens on. */
  readonly hostname: string;
  /** What is not in the shared memory, as it is now. */
  facts(): ServerFacts;
}

type Answer = (request: Request) => Response;

const TEXT_TYPE = "text/plain; charset=utf-8";
const COMMON_HEADERS = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Resource-Policy": "same-origin",
} as const;
const ALLOW = { Allow: "GET, HEAD, OPTIONS" } as const;
/** What Deno makes of `OPTIONS *`, a question to the server as a whole (RFC 9110 section 9.3.7). */
const ASTERISK = "/*";

/** A handler for Deno.serve. */
export function createHandler(parts: HandlerParts): Answer {
  const { state, viewers, facts } = parts;
  const answers = new Map<string, Answer>([
    ["/metrics", () => text(200, encodeFamilies(collectFamilies(state, facts())), EXPOSITION_TYPE)],
    ["/healthz", () => text(200, "ok")],
    ["/readyz", () => facts().ready ? text(200, "ready") : text(503, "not ready")],
    ["/events", () => eventStream(viewers)],
    ...ASSETS.map((asset) => [asset.path, answerWith(asset)] as const),
  ]);
  return (request) => {
    // Deno puts the Host into it as it came: one that is none would be an error of ours, told on stderr, or
    // lead to another path.
    if (!hasValidHost(request) || !URL.canParse(request.url)) {
      return text(400, "Host names no host\n");
    }
    const { pathname, hostname } = new URL(request.url);
    if (isLoopback(parts.hostname) && !isLoopback(hostname)) {
      return text(403, "Ask for it as localhost or by its address\n");
    }
    const isOptions = request.method === "OPTIONS";
    if (isOptions && pathname === ASTERISK) return new Response(null, { status: 204 });
    const answer = answers.get(pathname);
    if (answer === undefined) return text(404, "Not found\n");
    if (request.method === "GET") return answer(request);
    if (request.method === "HEAD") return withoutBody(answer(request));
    if (isOptions) return new Response(null, { status: 204, headers: ALLOW });
    return text(405, `Method not allowed; allowed here: ${ALLOW.Allow}\n`, TEXT_TYPE, ALLOW);
  };
}

/** The check that the server's own requests pass; an empty Host is valid, as there. */
function hasValidHost({ headers }: Request): boolean {
  const host = new TextEncoder().encode(headers.get("host") ?? "");
  return host.length === 0 || isHost(host, 0, host.length);
}

/**
 * Who listens on loopback means this machine alone. A page from elsewhere could have its own name resolve to
 * 127.0.0.1 and read the answers as its own (DNS rebinding): its name is not one of these.
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
  if (stream === null) return text(503, "Too many pages are open\n");
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
    // RFC 9110 section 13.1.2: 304 where the client has this very representation.
    if (condition !== null && !ifNoneMatch(condition, etag)) {
      return new Response(null, { status: 304, headers: all });
    }
    return new Response(body as Uint8Array<ArrayBuffer>, { headers: all });
  };
}

/** RFC 9110 section 9.3.2; a stream is ended, as nobody will read it. */
function withoutBody(response: Response): Response {
  const { status, headers, body } = response;
  void body?.cancel();
  return new Response(null, { status, headers });
}
