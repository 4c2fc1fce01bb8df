/**
 * A fixed response, encoded once: head and body as one byte array in which only the date changes.
 *
 * In: the arguments of the response encoder. Out: the bytes to send, for GET or HEAD, keep-alive or
 * close, HTTP/1.1 or HTTP/1.0. Made by routes, one per worker, and sent by `Http1Connection.sendPrepared`.
 * The response encoder makes each form when it is first needed, so the two always agree; later only the
 * date is rewritten, when it has changed. Meant for short bodies: every form but those for HEAD holds a
 * copy of the body.
 */
import { ByteBuffer } from "../byte_buffer.ts";
import type { DateField } from "./date_field.ts";
import {
  CLOSES,
  datePosition,
  encodeResponseHead,
  KEEPS_ALIVE,
  type ResponseFields,
  UNFRAMED,
} from "./response_encoder.ts";

interface EncodedForm {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The version of the date in {@link bytes}. */
  version: number;
}

const PERSISTENCES = 3;
const HEAD_FORMS = PERSISTENCES;

/** The response to prepare. */
export interface FixedResponse {
  /** 200 to 599. */
  readonly status: number;
  /** As in `ResponseHead`. */
  readonly fields: ResponseFields;
  /**
   * Length of a body that is stored elsewhere, for example in a file, and sent with `sendDataOutside`. Only
   * the head is prepared then.
   */
  readonly bytesOutside?: number;
}

/** A response that is encoded once. */
export class PreparedResponse {
  /** The status. */
  readonly status: number;
  /** Whether its fields contain `Connection: close`. */
  readonly closes: boolean;
  /** Bytes of a body that is stored elsewhere. */
  readonly bytesOutside: number;
  readonly #response: FixedResponse;
  readonly #body: Uint8Array;
  readonly #date: DateField;
  readonly #datePosition: number;
  readonly #forms: (EncodedForm | undefined)[] = new Array(2 * PERSISTENCES).fill(undefined);

  /**
   * @param body is kept; the caller must not change it
   * @param date the worker's date
   * @throws TypeError or RangeError if the response cannot be sent
   */
  constructor(response: FixedResponse, body: Uint8Array, date: DateField) {
    if (response.status < 200) {
      throw new RangeError(
        `Cannot prepare a response with status ${response.status}: it must be from 200 to 599`,
      );
    }
    if (body.length > 0 && hasNoBody(response.status)) {
      throw new TypeError(`Cannot send a body with status ${response.status}`);
    }
    const bytesOutside = response.bytesOutside ?? 0;
    if (bytesOutside > 0 && (body.length > 0 || hasNoBody(response.status))) {
      throw new TypeError(
        `Cannot prepare ${bytesOutside} bytes outside: the response has another body or none`,
      );
    }
    this.status = response.status;
    this.bytesOutside = bytesOutside;
    this.#response = response;
    this.#body = body;
    this.#date = date;
    this.#datePosition = datePosition(response.status);
    const form = { date, contentLength: UNFRAMED, persistence: KEEPS_ALIVE };
    this.closes = encodeResponseHead(
      new ByteBuffer(),
      { ...response, contentLength: UNFRAMED },
      form,
    );
  }

  /** Bytes of the body in an answer to GET. */
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
    const index = headOnly ? wanted + HEAD_FORMS : wanted;
    const encoded = this.#forms[index] ?? this.#encode(index);
    if (encoded.version !== this.#date.version) {
      encoded.bytes.set(this.#date.bytes, this.#datePosition);
      encoded.version = this.#date.version;
    }
    return encoded.bytes;
  }

  #encode(index: number): EncodedForm {
    const { status, fields } = this.#response;
    const contentLength = hasNoBody(status) ? UNFRAMED : this.#body.length + this.bytesOutside;
    const form = { date: this.#date, contentLength, persistence: index % PERSISTENCES };
    const out = new ByteBuffer();
    encodeResponseHead(out, { status, fields, contentLength }, form);
    if (index < HEAD_FORMS) out.append(this.#body);
    const encoded = { bytes: out.view().slice(), version: this.#date.version };
    this.#forms[index] = encoded;
    return encoded;
  }
}

/** Whether responses with this status never have a body (RFC 9112 section 6.3 rule 1). */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}
