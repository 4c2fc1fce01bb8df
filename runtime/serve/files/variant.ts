/**
 * One version of a file in one coding, ready to be sent (RFC 9110 section 8: a representation).
 *
 * In: where its bytes are, in memory or in an open file, and its fields. Out: prepared answers, 200 and
 * 304, made when they are first wanted. Two codings of one file are two of these: each has a tag of
 * its own (RFC 9110 section 8.8.3.3).
 */

import {
  type DateField,
  formatHttpDate,
  PreparedResponse,
  type Representation,
  type ResponseFields,
} from "../../../protocol/mod.ts";
import type { BodyPart, Exchange } from "../session/mod.ts";

/** Up to here a body lies behind its head, ready to be sent as one run of bytes. */
export const PREPARED_BODY = 16 * 1024;

const NOTHING = new Uint8Array(0);

/** What a variant is made of. */
export interface VariantParts extends Representation {
  /** The bytes: the whole of them. */
  readonly source: BodyPart["source"];
  /** The value of Content-Type. */
  readonly contentType: string;
  /** The value of Content-Encoding; undefined: none. */
  readonly contentEncoding?: "br" | "zstd" | "gzip";
  /** The value of Vary; undefined: every client gets the same. */
  readonly vary: string | undefined;
  /** Cache-Control, and what every answer of the site has. */
  readonly siteFields: ResponseFields;
  readonly date: DateField;
}

/** A representation. */
export class Variant implements Representation {
  readonly etag: string;
  readonly lastModified: number | undefined;
  readonly size: number;
  /** The whole body. */
  readonly part: BodyPart;
  readonly contentType: string;
  /** Fields of 200 and 206 but for those of a range. */
  readonly fields: ResponseFields;
  /** Fields of 304 and 416. */
  readonly validators: ResponseFields;
  readonly #date: DateField;
  #whole: PreparedResponse | null = null;
  #notModified: PreparedResponse | null = null;

  constructor(parts: VariantParts) {
    this.etag = parts.etag;
    this.lastModified = parts.lastModified;
    this.size = parts.size;
    this.part = { source: parts.source, start: 0, end: parts.size };
    this.contentType = parts.contentType;
    this.#date = parts.date;
    const lastModified = parts.lastModified === undefined
      ? undefined
      : formatHttpDate(parts.lastModified);
    this.validators = [
      ["ETag", parts.etag],
      ...(lastModified === undefined ? [] : [["Last-Modified", lastModified] as const]),
      ...(parts.vary === undefined ? [] : [["Vary", parts.vary] as const]),
      ...parts.siteFields,
    ];
    this.fields = [
      ["Content-Type", parts.contentType],
      ...(parts.contentEncoding === undefined
        ? []
        : [["Content-Encoding", parts.contentEncoding] as const]),
      ["Accept-Ranges", "bytes"],
      ...this.validators,
    ];
  }

  /** Bytes of memory that it holds, or will when it has been sent; the body is there twice if it is small. */
  get memoryBytes(): number {
    if (!(this.part.source instanceof Uint8Array)) return 0;
    return this.#isWhole ? 2 * this.size : this.size;
  }

  /** Answers 200 with all of it. */
  sendWhole(exchange: Exchange): void {
    const prepared = this.#whole ??= this.#prepare();
    if (prepared.bytesOutside > 0) exchange.respondPreparedPart(prepared, this.part);
    else exchange.respondPrepared(prepared);
  }

  /** Answers 304: the client has it already. */
  sendNotModified(exchange: Exchange): void {
    const fields = this.validators;
    this.#notModified ??= new PreparedResponse({ status: 304, fields }, NOTHING, this.#date);
    exchange.respondPrepared(this.#notModified);
  }

  /** Whether head and body lie ready as one run of bytes. */
  get #isWhole(): boolean {
    return this.size === 0 ||
      (this.size <= PREPARED_BODY && this.part.source instanceof Uint8Array);
  }

  #prepare(): PreparedResponse {
    const { fields, size } = this;
    if (!this.#isWhole) {
      const response = { status: 200, fields, bytesOutside: size };
      return new PreparedResponse(response, NOTHING, this.#date);
    }
    const body = this.part.source instanceof Uint8Array ? this.part.source : NOTHING;
    return new PreparedResponse({ status: 200, fields }, body, this.#date);
  }
}
