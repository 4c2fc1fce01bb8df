/**
 * The terminal's page and what it loads, a route each.
 *
 * In: the path that the page is at, and the worker's Date field. Out: the embedded bytes with their caching fields, 304 to who has them already, and compressed to
 * who accepts gzip. The compressed copy is made at its first request, once per worker, and kept:
 * only that one answer waits, all later ones are ready as they lie.
 */

import { ifNoneMatch } from "@std/http/etag";
import { acceptsEncodings } from "@std/http/negotiation";
import { type DateField, PreparedResponse, type RequestHead } from "../../../protocol/mod.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import type { Exchange, Route } from "../session/mod.ts";
import { type Asset, pageAssets } from "./pages/mod.ts";

/** Below this the fields of a compressed answer weigh more than what is saved. */
const WORTH_COMPRESSING = 1024;
/** Up to here a body is copied behind its head; a longer one is sent from where it lies. */
const PREPARED_BODY = 16 * 1024;
/** What is worth compressing is text; nothing embedded is compressed already. */
const TEXT_TYPE = /^(text\/|image\/svg)/;

/** A route for every asset of the page at `home`, by path. */
export function assetRoutes(home: string, date: DateField): [path: string, route: Route][] {
  return pageAssets(home).map((asset) => [asset.path, assetRoute(asset, date)]);
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

/** One representation of an asset (RFC 9110 section 8): its own ETag, ready to be sent. */
class Representation {
  readonly etag: string;
  readonly body: Uint8Array;
  readonly fields: readonly (readonly [string, string])[];
  readonly notModified: PreparedResponse;
  /** The whole answer, where it is small enough to lie ready twice. */
  readonly prepared: PreparedResponse | null;

  constructor(asset: Asset, date: DateField, content: { body: Uint8Array; encoding: string }) {
    const { body, encoding } = content;
    const encoded = encoding !== "identity";
    this.body = body;
    // RFC 9110 section 8.8.3.3: another encoding is another entity, so its strong tag differs.
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
    // RFC 9110 section 15.4.5: the fields that would have been sent with 200 and guide caches.
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
  readonly #identity: Representation;
  #compressed: Representation | null = null;

  constructor(asset: Asset, date: DateField) {
    this.#asset = asset;
    this.#date = date;
    this.#identity = new Representation(asset, date, { body: asset.body, encoding: "identity" });
  }

  answer(exchange: Exchange): void | Promise<void> {
    if (!this.#prefersCompressed(exchange.request)) return send(exchange, this.#identity);
    if (this.#compressed !== null) return send(exchange, this.#compressed);
    return this.#compressAndAnswer(exchange);
  }

  async #compressAndAnswer(exchange: Exchange): Promise<void> {
    const body = await gzip(this.#asset.body);
    this.#compressed ??= new Representation(this.#asset, this.#date, { body, encoding: "gzip" });
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

function send(exchange: Exchange, of: Representation): void {
  const condition = exchange.request.field("if-none-match");
  // RFC 9110 section 13.1.2: 304 where the client has this very representation.
  if (condition !== undefined && !ifNoneMatch(condition, of.etag)) {
    return exchange.respondPrepared(of.notModified);
  }
  if (of.prepared !== null) return exchange.respondPrepared(of.prepared);
  const { fields, body } = of;
  exchange.respondConstant({ status: 200, fields, contentLength: body.length }, body);
}

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  const compressed = source.pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(compressed).arrayBuffer());
}
