/**
 * Sends a folder's listing: a page to browsers, JSON to programs.
 *
 * In: the finished listing. Out: one answer. Its policy replaces the site's, as the page is ours and not the
 * operator's.
 */

import type { ResponseFields } from "../../../protocol/mod.ts";
import type { Exchange } from "../session/mod.ts";
import type { ListingAnswer } from "./listing.ts";

/** Answers with a listing; `fields` are those of every answer of the site. */
export function respondWithListing(
  exchange: Exchange,
  { contentType, contentSecurityPolicy, body }: ListingAnswer,
  fields: ResponseFields,
): void {
  const policy = contentSecurityPolicy === undefined
    ? []
    : [["Content-Security-Policy", contentSecurityPolicy] as const];
  const kept = fields.filter(([name]) => {
    return policy.length === 0 || name.toLowerCase() !== "content-security-policy";
  });
  const all: ResponseFields = [
    ["Content-Type", contentType],
    ["Cache-Control", "no-cache"],
    ["Vary", "Accept"],
    ...policy,
    ...kept,
  ];
  exchange.respondConstant({ status: 200, fields: all, contentLength: body.length }, body);
}
