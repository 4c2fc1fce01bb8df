/**
 * Parser of the request line, RFC 9112 section 3.
 *
 * In: bytes from the start of the line to `stop`: the end of the received bytes, or the line's limit. Out:
 * method, target, its parts and version in the head, and the offset after the line's CRLF; NEED_DATA if
 * `stop` comes first. Called by the head parser.
 * The line is read from left to right, and each byte is checked against those before it. So the result
 * does not depend on how the line is split into pieces.
 */
import { charClass, CR, DIGIT, LF, SP, TOKEN } from "../ascii.ts";
import { NEED_DATA } from "../errors.ts";
import { http1Error } from "./errors.ts";
import type { RequestHead } from "./request_head.ts";
import { ASTERISK_FORM, INVALID_FORM } from "./request_target.ts";
import { hashByte } from "./text_cache.ts";

/**
 * The bytes of a request target. RFC 9112 section 3.2 uses the grammar of RFC 3986, which excludes
 * `"<>\^{|}` and the backquote. Browsers send those in queries, and they are not delimiters, so they are
 * accepted. "#" is not: clients never send a fragment, and recipients differ on where the path then ends.
 */
const TARGET: Uint8Array<ArrayBuffer> = charClass({ ranges: [[0x21, 0x22], [0x24, 0x7e]] });

/** `HTTP-name "/"`, RFC 9112 section 2.3; case-sensitive. */
const VERSION_PREFIX = Uint8Array.of(0x48, 0x54, 0x54, 0x50, 0x2f);
const PREFIX_LENGTH = VERSION_PREFIX.length;
const ONE = 0x31;

/** Parses `method SP request-target SP HTTP-version CRLF` from `start`. */
export function parseRequestLine(
  bytes: Uint8Array,
  start: number,
  stop: number,
  head: RequestHead,
): number {
  let at = start;
  let hash = 0;
  for (; at < stop; at++) {
    const byte = bytes[at]!;
    if (TOKEN[byte] === 0) break;
    hash = hashByte(hash, byte);
  }
  if (at >= stop) return NEED_DATA;
  if (bytes[at] !== SP || at === start) throw http1Error("HTTP_BAD_METHOD", bytes[at]);
  head.method = head.methods.read(bytes, start, at, hash);

  const targetStart = at + 1;
  hash = 0;
  for (at = targetStart; at < stop; at++) {
    const byte = bytes[at]!;
    if (TARGET[byte] === 0) break;
    hash = hashByte(hash, byte);
  }
  if (at >= stop) return NEED_DATA;
  if (bytes[at] !== SP || at === targetStart) throw http1Error("HTTP_BAD_TARGET", bytes[at]);
  const form = head.targets.read(bytes, targetStart, at, hash, head);

  const after = parseVersion(bytes, at + 1, stop, head);
  if (after !== NEED_DATA) judgeForm(form, head.method);
  return after;
}

/** Parses `HTTP-version CRLF` and returns the offset after it, or NEED_DATA. */
function parseVersion(bytes: Uint8Array, start: number, stop: number, head: RequestHead): number {
  for (let i = 0; i < PREFIX_LENGTH; i++) {
    if (start + i >= stop) return NEED_DATA;
    const byte = bytes[start + i]!;
    if (byte !== VERSION_PREFIX[i]) throw http1Error("HTTP_BAD_VERSION", byte);
  }
  for (let i = PREFIX_LENGTH; i < PREFIX_LENGTH + 5; i++) {
    if (start + i >= stop) return NEED_DATA;
    const byte = bytes[start + i]!;
    if (!isVersionByte(i - PREFIX_LENGTH, byte)) throw http1Error("HTTP_BAD_VERSION", byte);
  }
  if (bytes[start + PREFIX_LENGTH] !== ONE) throw http1Error("HTTP_VERSION_NOT_SUPPORTED");
  // RFC 9110 section 2.5: a higher minor version is handled as the highest supported one.
  head.minorVersion = bytes[start + PREFIX_LENGTH + 2]! >= ONE ? 1 : 0;
  return start + PREFIX_LENGTH + 5;
}

/** Whether `byte` is valid at `index` of `DIGIT "." DIGIT CR LF`. */
function isVersionByte(index: number, byte: number): boolean {
  switch (index) {
    case 1:
      return byte === 0x2e;
    case 3:
      return byte === CR;
    case 4:
      return byte === LF;
    default:
      return DIGIT[byte] === 1;
  }
}

/** Refuses a target whose form is invalid for the method. */
function judgeForm(form: number, method: string): void {
  const wrong = form === INVALID_FORM ||
    // RFC 9112 section 3.2.4: only OPTIONS may use the asterisk form.
    (form === ASTERISK_FORM && method !== "OPTIONS") ||
    // RFC 9112 section 3.2.3: CONNECT uses only the authority form, which is for proxies.
    method === "CONNECT";
  if (wrong) throw http1Error("HTTP_BAD_TARGET_FORM");
}
