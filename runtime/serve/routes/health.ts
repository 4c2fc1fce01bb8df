/**
 * `GET /healthz`: 200 and `ok`, for health checks.
 *
 * In: a request, whose fields are ignored. Out: one answer that is prepared once per worker.
 */

import { type DateField, PreparedResponse } from "../../../protocol/mod.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import { type Exchange, type Route, TEXT_PLAIN } from "../session/mod.ts";

/** The health check. */
export function healthRoute(date: DateField): Route {
  const body = new TextEncoder().encode("ok");
  const fields = [TEXT_PLAIN, ["Cache-Control", "no-store"]] as const;
  const prepared = new PreparedResponse({ status: 200, fields }, body, date);
  return {
    label: new LogLabel("/healthz (health)"),
    methods: ["GET", "HEAD"],
    wantsBody: false,
    handle: (exchange: Exchange) => exchange.respondPrepared(prepared),
    webSocket: null,
  };
}
