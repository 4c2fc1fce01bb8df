/**
 * Sends what is in a folder: a page to people, JSON to programs.
 *
 * In: the folder and its entries. Out: one answer, made for this request; nothing of it is kept. Its policy
 * takes the place of the site's, as the page is ours and not the operator's.
 */

import type { ResponseFields } from "../../../protocol/mod.ts";
import type { Exchange } from "../session/mod.ts";
import { type FolderContent, listFolder } from "./listing.ts";

const encoder = new TextEncoder();

/** Answers with a list; `fields` are those of every answer of the site. */
export function respondWithListing(
  exchange: Exchange,
  folder: FolderContent,
  fields: ResponseFields,
): void {
  const { contentType, contentSecurityPolicy, body } = listFolder(
    folder,
    exchange.request.field("accept"),
  );
  const bytes = encoder.encode(body);
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
  const response = { status: 200, fields: all, contentLength: bytes.length };
  exchange.respond(response, bytes, 0, bytes.length);
}
