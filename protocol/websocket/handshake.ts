/**
 * The server side of the opening handshake (RFC 6455 section 4.2).
 *
 * In: a request head. Out: the value of Sec-WebSocket-Accept, or the status, fields and text of a
 * refusal. Called by the HTTP session. Nothing is thrown: an invalid handshake is a return value. No
 * subprotocol is negotiated: the response does not contain the field, which declines it (section 4.2.2).
 * The one extension is negotiated by deflate_offer.ts. The session checks Origin; the HTTP parser has checked Host.
 */

import { decodeBase64, encodeBase64 } from "../base64.ts";
import { sha1 } from "../sha1.ts";

/** The parts of a request that the handshake uses; the HTTP/1.1 request head is one. */
export interface HandshakeRequest {
  /** As received in the request line. */
  readonly method: string;
  /** 1 in HTTP/1.1. */
  readonly minorVersion: number;
  /** A field's value by its name in lower case, several lines joined by commas. */
  field(lowerCaseName: string): string | undefined;
}

/** The request is a handshake: answer 101 with this Sec-WebSocket-Accept. */
export interface HandshakeAccepted {
  /** Value of Sec-WebSocket-Accept. */
  readonly accept: string;
}

/** The request is not an acceptable handshake. */
export interface HandshakeRefused {
  /** Status to answer with. */
  readonly status: 400 | 405 | 426;
  /** Stable code for logs and tests. */
  readonly code: string;
  /** One sentence for the body of the answer, without a final full stop. */
  readonly message: string;
  /** Fields that the status requires. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** The result of {@link judgeHandshake}. */
export type HandshakeAnswer = HandshakeAccepted | HandshakeRefused;

/** Section 1.3: the GUID that is appended to the key. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Section 4.1: the only version. */
const VERSION = "13";
/** Section 4.1: bytes of the decoded key. */
const KEY_LENGTH = 16;

const ALLOW_GET: readonly [string, string] = ["Allow", "GET"];
// RFC 9110 section 15.5.22 requires Upgrade with 426, RFC 6455 section 4.4 the version.
const UPGRADE_FIELDS: readonly (readonly [string, string])[] = [
  ["Upgrade", "websocket"],
  ["Sec-WebSocket-Version", VERSION],
];

/** Checks a request against RFC 6455 section 4.2.1. */
export function judgeHandshake(request: HandshakeRequest): HandshakeAnswer {
  return judgeRequestLine(request) ?? judgeUpgrade(request) ?? judgeVersion(request) ??
    judgeKey(request.field("sec-websocket-key"));
}

/** The value of Sec-WebSocket-Accept for a key (section 4.2.2 item 5.4). The key must be ASCII. */
export function computeAccept(key: string): string {
  const text = key + GUID;
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return encodeBase64(sha1(bytes));
}

/** Item 1: a GET request with HTTP/1.1 or higher. */
function judgeRequestLine(request: HandshakeRequest): HandshakeRefused | undefined {
  if (request.method !== "GET") {
    const message = "A WebSocket handshake is a GET request";
    return { status: 405, code: "WS_METHOD", message, fields: [ALLOW_GET] };
  }
  if (request.minorVersion >= 1) return undefined;
  return badRequest("WS_HTTP_VERSION", "A WebSocket handshake needs HTTP/1.1");
}

/** Items 3 and 4: both fields are lists of case-insensitive tokens. */
function judgeUpgrade(request: HandshakeRequest): HandshakeRefused | undefined {
  if (!listContains(request.field("upgrade"), "websocket")) {
    return badRequest("WS_UPGRADE", "The Upgrade field does not name websocket");
  }
  if (!listContains(request.field("connection"), "upgrade")) {
    return badRequest("WS_CONNECTION", "The Connection field does not name upgrade");
  }
  return undefined;
}

/** Item 6. Checked before the key, because other versions may have none. */
function judgeVersion(request: HandshakeRequest): HandshakeRefused | undefined {
  if (request.field("sec-websocket-version") === VERSION) return undefined;
  const message = "Sec-WebSocket-Version must be 13";
  return { status: 426, code: "WS_VERSION", message, fields: UPGRADE_FIELDS };
}

/**
 * Item 5. Two keys are joined by a comma, which is not Base64, and so are refused. Pad bits may have any
 * value: some clients send 22 random Base64 characters, and the accept key is computed from the text as sent.
 */
function judgeKey(key: string | undefined): HandshakeAnswer {
  if (key === undefined) return badRequest("WS_KEY", "Sec-WebSocket-Key is missing");
  if (decodeBase64(key, "any")?.length === KEY_LENGTH) return { accept: computeAccept(key) };
  return badRequest("WS_KEY", "Sec-WebSocket-Key is not the Base64 of 16 bytes");
}

function badRequest(code: string, message: string): HandshakeRefused {
  return { status: 400, code, message, fields: [] };
}

/** Whether a comma-separated list (RFC 9110 section 5.6.1) contains `token`, ignoring case. */
function listContains(list: string | undefined, token: string): boolean {
  if (list === undefined) return false;
  return list.split(",").some((element) => trimSpace(element).toLowerCase() === token);
}

/** Removes the optional white space of RFC 9110 section 5.6.3; `trim()` would remove more. */
function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charAt(start))) start++;
  while (end > start && isSpace(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(character: string): boolean {
  return character === " " || character === "\t";
}
