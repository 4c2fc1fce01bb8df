/**
 * Endpoints that pages of other origins may use: checks Origin, adds the fields of CORS, and answers preflights (Fetch, "CORS
 * protocol").
 *
 * In: the patterns of `--origin`, and an endpoint whose handler gets the fields for its answers. Out: a route. A page of an origin that is
 * not allowed gets 403; without patterns no answer has a field of CORS. No answer allows credentials: these endpoints
 * need no cookie.
 */

import { isOriginAllowed, type OriginPattern, type ResponseFields } from "../../../protocol/mod.ts";
import type { LogLabel } from "../../observe/log/mod.ts";
import type { Exchange, Route } from "./route.ts";

/** Such an endpoint. */
export interface CrossOriginEndpoint {
  readonly label: LogLabel;
  /** Without OPTIONS, which is answered here. */
  readonly methods: readonly string[];
  readonly wantsBody: boolean;
  /** Answers a request of an allowed page. Every answer must have `fields`. */
  handle(exchange: Exchange, fields: ResponseFields): void | Promise<void>;
  /** As that of a route. */
  readonly resume?: NonNullable<Route["resume"]>;
  /** As that of a route. */
  readonly isFreezable?: boolean;
}

const OPTIONS = "OPTIONS";
/** The answer to the same address may be another one for another page. */
const VARY = ["Vary", "Origin"] as const;
/** What scripts send: JSON, tokens, and a position. */
const SENDABLE = "Authorization, Cache-Control, Content-Type, Last-Event-ID";
/** Seconds for which a browser keeps the answer; `--origin` can change at a restart. */
const PREFLIGHT_AGE = "600";
const NO_BYTES = new Uint8Array(0);

/** The route of an endpoint. */
export function crossOriginRoute(
  { label, methods, wantsBody, handle, resume, isFreezable = false }: CrossOriginEndpoint,
  origins: readonly OriginPattern[],
): Route {
  const answered = [...methods, OPTIONS];
  return {
    label,
    methods: answered,
    wantsBody,
    webSocket: null,
    isFreezable,
    ...(resume === undefined ? {} : { resume }),
    handle: (exchange) => {
      const { request } = exchange;
      const origin = request.field("origin");
      const fields = corsFields(origin, origins);
      if (request.method === OPTIONS) {
        return answerOptions(exchange, { methods, allow: answered.join(", "), fields });
      }
      if (isOriginAllowed(origin, request.host(), origins)) return handle(exchange, fields);
      exchange.respondText(403, "This origin may not connect here: see --origin\n", fields);
    },
  };
}

function corsFields(
  origin: string | undefined,
  origins: readonly OriginPattern[],
): ResponseFields {
  if (origins.length === 0) return [];
  // No host: a page of the same origin needs no permission to read.
  const isListed = origin !== undefined && isOriginAllowed(origin, "", origins);
  return isListed ? [["Access-Control-Allow-Origin", origin], VARY] : [VARY];
}

/** 204 to every OPTIONS; a page that may not connect finds no permission in it. */
function answerOptions(
  exchange: Exchange,
  { methods, allow, fields }: {
    readonly methods: readonly string[];
    readonly allow: string;
    readonly fields: ResponseFields;
  },
): void {
  const isAllowed = fields.length > 1;
  const permissions = isAllowed
    ? [
      ["Access-Control-Allow-Methods", methods.join(", ")],
      ["Access-Control-Allow-Headers", SENDABLE],
      ["Access-Control-Max-Age", PREFLIGHT_AGE],
    ] as const
    : [];
  const response = { status: 204, fields: [["Allow", allow], ...permissions, ...fields] as const };
  exchange.respond({ ...response, contentLength: 0 }, NO_BYTES, 0, 0);
}
