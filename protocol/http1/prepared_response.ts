/**
 * A response that never changes but for its date: head and body ready as one run of bytes.
 *
 * In: what the general encoder is given. Out: the bytes to send, for each way of asking: GET or
 * HEAD, going on or closing, HTTP/1.1 or HTTP/1.0. Made by routes, one per worker, and sent by
 * `Http1Connection.sendPrepared`. Each variant is made by the general encoder when it is first
 * wanted, so the two cannot differ; afterwards only the date is written anew, when it changed. For
 * short bodies: every variant but those for HEAD has a copy of the body.
 */
import { ByteBuffer } from "../byte_buffer.ts";
import type { DateField } from "./date_field.ts";
import {
  CLOSES,
  datePosition,
  encodeResponseHead,
  GOES_ON,
  type ResponseFields,
  UNFRAMED,
} from "./response_encoder.ts";

interface Variant {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The version of the date in {@link bytes}. */
  version: number;
}

const PERSISTENCES = 3;
const HEAD_VARIANTS = PERSISTENCES;

/** What is sent again and again. */
export interface FixedResponse {
  /** 200 to 599. */
  readonly status: number;
  /** As in `ResponseHead`. */
  readonly fields: ResponseFields;
  /**
   * Bytes of a body that lies elsewhere, as in a file, and follows by `sendDataOutside`. Only the head is
   * prepared then.
   */
  readonly bytesOutside?: number;
}

/** A whole response, encoded once. */
export class PreparedResponse {
  /** The status that it answers with. */
  readonly status: number;
  /** Whether its fields say that the connection closes. */
  readonly closes: boolean;
  /** Bytes of the body that are not in here. */
  readonly bytesOutside: number;
  readonly #response: FixedResponse;
  readonly #body: Uint8Array;
  readonly #date: DateField;
  readonly #datePosition: number;
  readonly #variants: (Variant | undefined)[] = new Array(2 * PERSISTENCES).fill(undefined);

  /**
   * @param body is kept and must not be changed
   * @param date the worker's own
   * @throws TypeError or RangeError for what cannot be sent
   */
  constructor(response: FixedResponse, body: Uint8Array, date: DateField) {
    if (response.status < 200) {
      throw new RangeError(`Cannot prepare a response of status ${response.status}`);
    }
    if (body.length > 0 && hasNoBody(response.status)) {
      throw new TypeError(`Cannot send a body with status ${response.status}`);
    }
    const bytesOutside = response.bytesOutside ?? 0;
    if (bytesOutside > 0 && (body.length > 0 || hasNoBody(response.status))) {
      throw new TypeError("Cannot prepare a response with two bodies, or with one too many");
    }
    this.status = response.status;
    this.bytesOutside = bytesOutside;
    this.#response = response;
    this.#body = body;
    this.#date = date;
    this.#datePosition = datePosition(response.status);
    const form = { date, contentLength: UNFRAMED, persistence: GOES_ON };
    this.closes = encodeResponseHead(
      new ByteBuffer(),
      { ...response, contentLength: UNFRAMED },
      form,
    );
  }

  /** Bytes of the body that GET gets. */
  get bodyLength(): number {
    return this.#body.length;
  }

  /**
   * The bytes to send, with the current date; valid until the next call.
   *
   * @param headOnly for an answer to HEAD
   * @param persistence as in `ResponseForm`
   */
  bytesFor(headOnly: boolean, persistence: number): Uint8Array<ArrayBuffer> {
    const wanted = this.closes ? CLOSES : persistence;
    const index = headOnly ? wanted + HEAD_VARIANTS : wanted;
    const variant = this.#variants[index] ?? this.#encode(index);
    if (variant.version !== this.#date.version) {
      variant.bytes.set(this.#date.bytes, this.#datePosition);
      variant.version = this.#date.version;
    }
    return variant.bytes;
  }

  #encode(index: number): Variant {
    const { status, fields } = this.#response;
    const contentLength = hasNoBody(status) ? UNFRAMED : this.#body.length + this.bytesOutside;
    const form = { date: this.#date, contentLength, persistence: index % PERSISTENCES };
    const out = new ByteBuffer();
    encodeResponseHead(out, { status, fields, contentLength }, form);
    if (index < HEAD_VARIANTS) out.append(this.#body);
    const variant = { bytes: out.view().slice(), version: this.#date.version };
    this.#variants[index] = variant;
    return variant;
  }
}

/** Whether responses of this status have no body whatever is asked (RFC 9112 section 6.3 rule 1). */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}
