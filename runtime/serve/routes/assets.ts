/**
 * Routes for a page and for each file that it loads.
 *
 * In: the files of the page, and the worker's Date field. Out: the embedded bytes with their caching fields;
 * 304 to clients that have them already; compressed, if the client accepts gzip. The compressed copy is made
 * at its first request, once per worker, and kept: only that answer waits, all later ones are prepared.
 */

import { ifNoneMatch } from "@std/http/etag";
import { acceptsEncodings } from "@std/http/negotiation";
import { type DateField, PreparedResponse, type RequestHead } from "../../../protocol/mod.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import type { Exchange, Route } from "../session/mod.ts";
import type { Asset } from "../assets/mod.ts";

/** For a shorter body the fields of a compressed answer take more bytes than compression saves. */
const WORTH_COMPRESSING = 1024;
/** The longest body that is copied after its head; a longer one is sent without a copy. */
const PREPARED_BODY = 16 * 1024;
/** Types that are worth compressing: text. */
const TEXT_TYPE = /^(text\/|image\/svg)/;

/** The routes of all assets of a page, by path. */
export function assetRoutes(
  assets: readonly Asset[],
  date: DateField,
): [path: string, route: Route][] {
  return assets.map((asset) => [asset.path, assetRoute(asset, date)]);
}

function assetRoute(asset: Asset, date: DateField): Route {
  const responder = new AssetResponder(asset, date);
  return {
    label: new LogLabel(`${asset.path} (${asset.logName})`),
    methods: ["GET", "HEAD"],
    wantsBody: false,
    handle: (exchange) => responder.answer(exchange),
    webSocket: null,
  };
}

/** An asset in one coding, with its own ETag, ready to be sent (a representation: RFC 9110 section 8). */
class AssetVariant {
  readonly etag: string;
  readonly body: Uint8Array;
  readonly fields: readonly (readonly [string, string])[];
  readonly notModified: PreparedResponse;
  /** The whole answer, if the body is small enough to be stored twice. */
  readonly prepared: PreparedResponse | null;

  constructor(asset: Asset, date: DateField, content: { body: Uint8Array; encoding: string }) {
    const { body, encoding } = content;
    const encoded = encoding !== "identity";
    this.body = body;
    // RFC 9110 section 8.8.3.3: another coding is another representation, so its strong tag differs.
    this.etag = encoded ? asset.etag.replace(/"$/, `-${encoding}"`) : asset.etag;
    const caching = [
      ["ETag", this.etag],
      ["Cache-Control", asset.cacheControl],
      ["Vary", "Accept-Encoding"],
    ] as const;
    this.fields = [
      ["Content-Type", asset.contentType],
      ...(encoded ? [["Content-Encoding", encoding] as const] : []),
      ...caching,
      ...asset.fields,
    ];
    // RFC 9110 section 15.4.5: the fields of the 200 answer that guide caches.
    this.notModified = new PreparedResponse({ status: 304, fields: caching }, EMPTY, date);
    const small = body.length <= PREPARED_BODY;
    this.prepared = small
      ? new PreparedResponse({ status: 200, fields: this.fields }, body, date)
      : null;
  }
}

const EMPTY = new Uint8Array(0);

class AssetResponder {
  readonly #asset: Asset;
  readonly #date: DateField;
  readonly #identity: AssetVariant;
  #compressed: AssetVariant | null = null;

  constructor(asset: Asset, date: DateField) {
    this.#asset = asset;
    this.#date = date;
    this.#identity = new AssetVariant(asset, date, { body: asset.body, encoding: "identity" });
  }

  answer(exchange: Exchange): void | Promise<void> {
    if (!this.#prefersCompressed(exchange.request)) return send(exchange, this.#identity);
    if (this.#compressed !== null) return send(exchange, this.#compressed);
    return this.#compressAndAnswer(exchange);
  }

  async #compressAndAnswer(exchange: Exchange): Promise<void> {
    const body = await gzip(this.#asset.body);
    this.#compressed ??= new AssetVariant(this.#asset, this.#date, { body, encoding: "gzip" });
    send(exchange, this.#compressed);
  }

  #prefersCompressed(request: RequestHead): boolean {
    const { body, contentType } = this.#asset;
    if (body.length < WORTH_COMPRESSING || !TEXT_TYPE.test(contentType)) return false;
    const accepted = request.field("accept-encoding");
    if (accepted === undefined) return false;
    const headers = new Headers({ "Accept-Encoding": accepted });
    return acceptsEncodings({ headers }, "gzip", "identity") === "gzip";
  }
}

function send(exchange: Exchange, variant: AssetVariant): void {
  const condition = exchange.request.field("if-none-match");
  // RFC 9110 section 13.1.2: 304 if the client has this representation.
  if (condition !== undefined && !ifNoneMatch(condition, variant.etag)) {
    return exchange.respondPrepared(variant.notModified);
  }
  if (variant.prepared !== null) return exchange.respondPrepared(variant.prepared);
  const { fields, body } = variant;
  exchange.respondConstant({ status: 200, fields, contentLength: body.length }, body);
}

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  const compressed = source.pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(compressed).arrayBuffer());
}
