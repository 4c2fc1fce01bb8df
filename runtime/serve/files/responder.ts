/**
 * Answers a request with a file: evaluates conditions, then ranges (RFC 9110 sections 13 and 14).
 *
 * In: a request and the file that its path leads to. Out: one answer: 200, 206, 304, 406, 412 or 416. The hot
 * path is a request without conditions for a file in memory: it allocates nothing and makes no system call.
 */

import {
  type ByteRange,
  contentRange,
  evaluatePreconditions,
  FULL,
  multipartByteranges,
  NOT_ACCEPTABLE,
  NOT_MODIFIED,
  PRECONDITION_FAILED,
  type ResponseFields,
  selectRanges,
  UNSATISFIABLE,
  unsatisfiedContentRange,
} from "../../../protocol/mod.ts";
import type { BodyPart, Exchange } from "../session/mod.ts";
import type { SiteFile } from "./site_file.ts";
import type { Variant } from "./variant.ts";

/** Fields that make a request conditional, or ask for a part. */
const CONDITIONS = [
  "if-none-match",
  "if-modified-since",
  "if-match",
  "if-unmodified-since",
  "range",
];

/** Answers GET and HEAD with a file. */
export function respondWithFile(exchange: Exchange, file: SiteFile): void | Promise<void> {
  const variant = file.choose(exchange.request.field("accept-encoding"));
  if (variant === NOT_ACCEPTABLE) return refuseCodings(exchange, file.identity);
  if (!(variant instanceof Promise)) return send(exchange, variant);
  return sendLater(exchange, file, variant);
}

/** Keeps the file open while its compressed form is made: if compression saves too little, it is sent as it is. */
async function sendLater(
  exchange: Exchange,
  file: SiteFile,
  making: Promise<Variant>,
): Promise<void> {
  file.hold();
  try {
    send(exchange, await making);
  } finally {
    file.release();
  }
}

function send(exchange: Exchange, variant: Variant): void {
  const { request } = exchange;
  if (!CONDITIONS.some((name) => request.fields.has(name))) return variant.sendWhole(exchange);
  const now = Math.floor(Date.now() / 1000);
  const verdict = evaluatePreconditions(request, variant, now);
  if (verdict === NOT_MODIFIED) return variant.sendNotModified(exchange);
  if (verdict === PRECONDITION_FAILED) {
    return exchange.respondText(412, "The file has changed\n", variant.validators);
  }
  sendRanges(exchange, variant, now);
}

function sendRanges(exchange: Exchange, variant: Variant, now: number): void {
  const ranges = selectRanges(exchange.request, variant, now);
  if (ranges === FULL) return variant.sendWhole(exchange);
  if (ranges === UNSATISFIABLE) {
    return exchange.respondText(416, `The file has ${variant.size} bytes\n`, [
      ["Content-Range", unsatisfiedContentRange(variant.size)],
      ...variant.validators,
    ]);
  }
  const [only, ...more] = ranges;
  if (only !== undefined && more.length === 0) return sendRange(exchange, variant, only);
  sendMultipart(exchange, variant, ranges);
}

function sendRange(exchange: Exchange, variant: Variant, range: ByteRange): void {
  const fields = [...variant.fields, ["Content-Range", contentRange(range, variant.size)] as const];
  const contentLength = range.end - range.start;
  exchange.respondParts({ status: 206, fields, contentLength }, [partOf(variant, range)]);
}

/** Several ranges (RFC 9110 section 14.6); the boundary is random, so that no file contains it. */
function sendMultipart(exchange: Exchange, variant: Variant, ranges: readonly ByteRange[]): void {
  const { size, contentType } = variant;
  const boundary = crypto.randomUUID();
  const multipart = multipartByteranges(ranges, { size, contentType, boundary });
  const parts = ranges.flatMap((range, i) => [
    whole(multipart.heads[i] ?? multipart.closing), // there is a head for each range
    partOf(variant, range),
  ]);
  const fields: ResponseFields = [
    ["Content-Type", multipart.contentType],
    ...variant.fields.filter(([name]) => name !== "Content-Type"),
  ];
  const { contentLength } = multipart;
  exchange.respondParts({ status: 206, fields, contentLength }, [
    ...parts,
    whole(multipart.closing),
  ]);
}

/** RFC 9110 section 15.5.7: the client accepts none of the codings, and not the unencoded file either. */
function refuseCodings(exchange: Exchange, identity: Variant): void {
  const fields = identity.validators.filter(([name]) =>
    name !== "ETag" && name !== "Last-Modified"
  );
  exchange.respondText(406, "The file is in no coding that the client accepts\n", fields);
}

function partOf(variant: Variant, { start, end }: ByteRange): BodyPart {
  return { source: variant.part.source, start, end };
}

function whole(bytes: Uint8Array): BodyPart {
  return { source: bytes, start: 0, end: bytes.length };
}
