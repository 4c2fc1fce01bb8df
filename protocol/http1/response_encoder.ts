/**
 * Encoder of response heads: status line, Date, the handler's fields, framing, Connection.
 *
 * In: the handler's status and fields, and the connection's decisions (length, persistence). Out: the
 * head, appended to a ByteBuffer completely or not at all. Called by the connection and by prepared
 * responses. Only the encoder writes Date, Content-Length and Transfer-Encoding. A field with a line end
 * (response splitting) throws TypeError.
 */
import { CR, equalsLower, FIELD_TEXT, latin1Bytes, LF, SP, TOKEN } from "../ascii.ts";
import type { ByteBuffer } from "../byte_buffer.ts";
import { concatBytes } from "../join_bytes.ts";
import { writeDecimal } from "../write_decimal.ts";
import type { DateField } from "./date_field.ts";
import { statusLine } from "./status_line.ts";

/** The handler's fields, in their order. */
export type ResponseFields = readonly (readonly [name: string, value: string])[];

/** Status, fields and length of a response, from the handler. */
export interface ResponseHead {
  /** 200 to 599; 101 for `switchProtocol`. */
  readonly status: number;
  /**
   * All fields but Date, Content-Length and Transfer-Encoding. A Connection field may be `close`, which
   * closes the connection, or `upgrade` or `keep-alive`, which the encoder writes itself if necessary.
   */
  readonly fields: ResponseFields;
  /** Bytes of the body; -1 if unknown: then chunked, or until close for HTTP/1.0. */
  readonly contentLength: number;
}

/** `contentLength`: the body is chunked. */
export const IN_CHUNKS = -1;
/** `contentLength`: no framing field is written: there is no body, or the close ends it. */
export const UNFRAMED = -2;

/** `persistence`: the connection stays open, which is the default of HTTP/1.1. */
export const KEEPS_ALIVE = 0;
/** `persistence`: the connection stays open, and HTTP/1.0 needs `Connection: keep-alive`. */
export const KEEPS_ALIVE_EXPLICIT = 1;
/** `persistence`: the connection closes after this response. */
export const CLOSES = 2;

/** The connection's decisions about a response. The object is reused, so a response allocates nothing. */
export interface ResponseForm {
  /** The current date. */
  readonly date: DateField;
  /** Bytes of the body, {@link IN_CHUNKS} or {@link UNFRAMED}. */
  contentLength: number;
  /** {@link KEEPS_ALIVE}, {@link KEEPS_ALIVE_EXPLICIT} or {@link CLOSES}. */
  persistence: number;
}

const LINE_END = latin1Bytes("\r\n");
const DATE_PREFIX = latin1Bytes("Date: ");
const CONTENT_LENGTH_PREFIX = latin1Bytes("Content-Length: ");
const TRANSFER_ENCODING_LINE = latin1Bytes("Transfer-Encoding: chunked\r\n");
// Indexed by persistence, plus 3 if there is an Upgrade field (RFC 9110 section 7.8).
const CONNECTION_LINES = [
  "",
  "Connection: keep-alive\r\n",
  "Connection: close\r\n",
  "Connection: Upgrade\r\n",
  "Connection: Upgrade, keep-alive\r\n",
  "Connection: Upgrade, close\r\n",
].map(latin1Bytes);
const WITH_UPGRADE = 3;

const DATE = latin1Bytes("date");
const UPGRADE = latin1Bytes("upgrade");
const CONNECTION = latin1Bytes("connection");
const CONTENT_LENGTH = latin1Bytes("content-length");
const TRANSFER_ENCODING = latin1Bytes("transfer-encoding");

// The results of `fieldKind`.
const PLAIN_FIELD = 0;
const UPGRADE_FIELD = 1;
const CONNECTION_FIELD = 2;
const OUR_FIELD = 3;

// More than the bytes of everything but the status line and the handler's fields.
const OWN_LINES_BYTES = 192;
const FIELD_EXTRA_BYTES = 4;

/** Heads that are kept of one list. */
const MAX_HEADS = 8;

/** A head with constant fields, up to the value of Content-Length. */
interface ConstantHead {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The date in {@link bytes}, and its version. */
  date: DateField;
  version: number;
}

/** What is kept of a list that {@link constantFields} was given. */
interface ConstantFields {
  readonly lines: Uint8Array;
  /** By status. */
  readonly heads: Map<number, ConstantHead>;
}

const CONSTANT_FIELDS = new WeakMap<ResponseFields, ConstantFields>();
// The last list that was found there: most responses have the same one.
let lastFields: ResponseFields | null = null;
let lastConstant: ConstantFields | undefined = undefined;

/**
 * Fields that many responses have: they are checked and encoded once, and a head with them is copied. Returns the same list, which must not
 * change any more.
 *
 * @throws TypeError for an invalid field, and for one that says something about the connection
 */
export function constantFields(fields: ResponseFields): ResponseFields {
  const bytes = new Uint8Array(fieldsBytes(fields));
  let at = 0;
  for (const [name, value] of fields) {
    const after = writeName(bytes, at, name);
    if (fieldKind(bytes, at, after) !== PLAIN_FIELD) {
      throw new TypeError(`Cannot keep ${name}: it depends on the connection`);
    }
    at = writeLineEnd(bytes, writeValue(bytes, after, value));
  }
  CONSTANT_FIELDS.set(fields, { lines: bytes, heads: new Map() });
  return fields;
}

function constantOf(fields: ResponseFields): ConstantFields | undefined {
  if (fields === lastFields) return lastConstant;
  const found = CONSTANT_FIELDS.get(fields);
  if (found === undefined) return undefined;
  lastFields = fields;
  return lastConstant = found;
}

/** The offset of the date in a head with this status. */
export function datePosition(status: number): number {
  return statusLine(status).length + DATE_PREFIX.length;
}

/**
 * Appends the head of `response` in the given form.
 *
 * @returns whether the handler's fields contain `Connection: close`
 * @throws TypeError for an invalid field, RangeError for an invalid status or length; `out` is unchanged then
 */
export function encodeResponseHead(
  out: ByteBuffer,
  response: ResponseHead,
  form: ResponseForm,
): boolean {
  const constant = constantOf(response.fields);
  if (constant !== undefined && form.contentLength >= 0) {
    appendConstantHead(out, headOf(constant, response.status, form.date), form);
    return false;
  }
  const line = statusLine(response.status);
  let at = out.reserve(line.length + OWN_LINES_BYTES + fieldsBytes(response.fields));
  const bytes = out.bytes;
  at = writeBytes(bytes, at, line);
  at = writeBytes(bytes, at, DATE_PREFIX);
  at = writeLineEnd(bytes, writeBytes(bytes, at, form.date.bytes));

  let connection = form.persistence;
  let saysClose = false;
  for (const [name, value] of response.fields) {
    const after = writeName(bytes, at, name);
    const kind = fieldKind(bytes, at, after);
    if (kind === OUR_FIELD) throw new TypeError(`Cannot send ${name}: the connection writes it`);
    if (kind === CONNECTION_FIELD) {
      if (readOption(value) === CLOSES) saysClose = true;
      continue;
    }
    if (kind === UPGRADE_FIELD && connection < WITH_UPGRADE) connection += WITH_UPGRADE;
    at = writeLineEnd(bytes, writeValue(bytes, after, value));
  }
  if (saysClose) connection = connection < WITH_UPGRADE ? CLOSES : CLOSES + WITH_UPGRADE;
  at = writeFraming(bytes, at, form.contentLength);
  at = writeBytes(bytes, at, CONNECTION_LINES[connection]!);
  // The length is set last: if anything above throws, no partial head is left.
  out.length = writeLineEnd(bytes, at);
  return saysClose;
}

/** The head with these fields, with the present date. */
function headOf({ lines, heads }: ConstantFields, status: number, date: DateField): ConstantHead {
  let head = heads.get(status);
  if (head === undefined) {
    const parts = [statusLine(status), DATE_PREFIX, date.bytes, LINE_END, lines];
    head = { bytes: concatBytes([...parts, CONTENT_LENGTH_PREFIX]), date, version: date.version };
    if (heads.size >= MAX_HEADS) heads.clear();
    heads.set(status, head);
  }
  if (head.version !== date.version || head.date !== date) {
    head.bytes.set(date.bytes, datePosition(status));
    head.date = date;
    head.version = date.version;
  }
  return head;
}

function appendConstantHead(
  out: ByteBuffer,
  head: ConstantHead,
  { contentLength, persistence }: ResponseForm,
): void {
  if (!Number.isSafeInteger(contentLength)) throw noLength(contentLength);
  const start = out.reserve(head.bytes.length + OWN_LINES_BYTES);
  const { bytes } = out;
  bytes.set(head.bytes, start);
  let at = writeLineEnd(bytes, writeDecimal(bytes, start + head.bytes.length, contentLength));
  at = writeBytes(bytes, at, CONNECTION_LINES[persistence]!);
  out.length = writeLineEnd(bytes, at);
}

function writeFraming(bytes: Uint8Array, at: number, contentLength: number): number {
  if (contentLength === UNFRAMED) return at;
  if (contentLength === IN_CHUNKS) return writeBytes(bytes, at, TRANSFER_ENCODING_LINE);
  if (!Number.isSafeInteger(contentLength) || contentLength < 0) throw noLength(contentLength);
  const digits = writeBytes(bytes, at, CONTENT_LENGTH_PREFIX);
  return writeLineEnd(bytes, writeDecimal(bytes, digits, contentLength));
}

function noLength(contentLength: number): RangeError {
  return new RangeError(`Cannot send Content-Length: ${contentLength}`);
}

/** Writes `name: `; RFC 9110 section 5.1. */
function writeName(bytes: Uint8Array, at: number, name: string): number {
  if (name.length === 0) throw new TypeError("Cannot send a field without a name");
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code > 0xff || TOKEN[code] === 0) {
      throw new TypeError(`Cannot send the field ${JSON.stringify(name)}: its name is not a token`);
    }
    bytes[at + i] = code;
  }
  bytes[at + name.length] = 0x3a;
  bytes[at + name.length + 1] = SP;
  return at + name.length + 2;
}

/** Writes a field's value; RFC 9110 section 5.5. */
function writeValue(bytes: Uint8Array, at: number, value: string): number {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code > 0xff || FIELD_TEXT[code] === 0) {
      throw new TypeError(`Cannot send the field value ${JSON.stringify(value)}`);
    }
    bytes[at + i] = code;
  }
  return at + value.length;
}

/** The kind of the field name at `[start, end)`; `end` is after its colon and space. */
function fieldKind(bytes: Uint8Array, start: number, end: number): number {
  const nameEnd = end - 2;
  switch (nameEnd - start) {
    case 4:
      return equalsLower(bytes, start, nameEnd, DATE) ? OUR_FIELD : PLAIN_FIELD;
    case 7:
      return equalsLower(bytes, start, nameEnd, UPGRADE) ? UPGRADE_FIELD : PLAIN_FIELD;
    case 10:
      return equalsLower(bytes, start, nameEnd, CONNECTION) ? CONNECTION_FIELD : PLAIN_FIELD;
    case 14:
      return equalsLower(bytes, start, nameEnd, CONTENT_LENGTH) ? OUR_FIELD : PLAIN_FIELD;
    case 17:
      return equalsLower(bytes, start, nameEnd, TRANSFER_ENCODING) ? OUR_FIELD : PLAIN_FIELD;
    default:
      return PLAIN_FIELD;
  }
}

/** Parses the handler's Connection field. The encoder writes the field itself, once. */
function readOption(value: string): number {
  switch (value.toLowerCase()) {
    case "close":
      return CLOSES;
    case "upgrade":
    case "keep-alive":
      return KEEPS_ALIVE;
    default:
      throw new TypeError(`Cannot send the connection option ${JSON.stringify(value)}`);
  }
}

function fieldsBytes(fields: ResponseFields): number {
  let count = 0;
  for (const [name, value] of fields) count += name.length + value.length + FIELD_EXTRA_BYTES;
  return count;
}

function writeLineEnd(bytes: Uint8Array, at: number): number {
  bytes[at] = CR;
  bytes[at + 1] = LF;
  return at + 2;
}

/** Copies bytes in a loop: below about 60 bytes that is faster than `set()`. */
function writeBytes(bytes: Uint8Array, at: number, source: Uint8Array): number {
  for (let i = 0; i < source.length; i++) bytes[at + i] = source[i]!;
  return at + source.length;
}
