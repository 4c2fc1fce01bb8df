/**
 * One version of a file in one coding, ready to be sent (a representation: RFC 9110 section 8).
 *
 * In: the bytes, in memory or in an open file, and the fields. Out: prepared answers, 200 and 304, made
 * when they are first needed. Two codings of one file are two variants, each with its own entity tag
 * (RFC 9110 section 8.8.3.3).
 */

import {
  type DateField,
  formatHttpDate,
  PreparedResponse,
  type Representation,
  type ResponseFields,
} from "../../../protocol/mod.ts";
import type { BodyPart, Exchange } from "../session/mod.ts";

/** The longest body that is stored together with its head, to be sent as one piece. */
export const PREPARED_BODY = 16 * 1024;

const NOTHING = new Uint8Array(0);

/** What a variant is made of. */
export interface VariantParts extends Representation {
  /** The whole body. */
  readonly source: BodyPart["source"];
  /** The value of Content-Type. */
  readonly contentType: string;
  /** The value of Content-Encoding; undefined if the body is not encoded. */
  readonly contentEncoding?: "br" | "zstd" | "gzip";
  /** The value of Vary; undefined if every client gets the same. */
  readonly vary: string | undefined;
  /** Cache-Control, and the fields of every answer of the site. */
  readonly siteFields: ResponseFields;
  readonly date: DateField;
}

/** A file in one coding. */
export class Variant implements Representation {
  readonly etag: string;
  readonly lastModified: number | undefined;
  readonly size: number;
  /** The whole body. */
  readonly part: BodyPart;
  readonly contentType: string;
  /** Fields of 200 and 206, without those of a range. */
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

  /** Bytes of memory that it takes once it has been sent; a small body is stored twice. */
  get memoryBytes(): number {
    if (!(this.part.source instanceof Uint8Array)) return 0;
    return this.#isWhole ? 2 * this.size : this.size;
  }

  /** Answers 200 with the whole body. */
  sendWhole(exchange: Exchange): void {
    const prepared = this.#whole ??= this.#prepare();
    if (prepared.bytesOutside > 0) exchange.respondPreparedPart(prepared, this.part);
    else exchange.respondPrepared(prepared);
  }

  /** Answers 304: the client already has it. */
  sendNotModified(exchange: Exchange): void {
    const fields = this.validators;
    this.#notModified ??= new PreparedResponse({ status: 304, fields }, NOTHING, this.#date);
    exchange.respondPrepared(this.#notModified);
  }

  /** Whether head and body are sent as one piece. */
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
