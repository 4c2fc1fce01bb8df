/**
 * What the peers of a warm-up say: see warm_up.ts.
 *
 * In: nothing. Out: conversations that go the usual ways through a connection, and come to the usual ends.
 */

/** What a peer sends at once. */
export interface Step {
  readonly bytes: Uint8Array;
  /** Whether the peer waits for bytes of the server before it goes on. */
  readonly isAnswered: boolean;
  /** Whether it leaves without having read them; absent: it reads them. */
  readonly leaves?: boolean;
}

/** The steps of one connection. After the last one its peer closes it, unless the server has. */
export type Talk = readonly Step[];

/** A request without its end. */
const GET = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n";
const BROWSER = "GET /healthz HTTP/1.1\r\n" +
  "Host: localhost\r\n" +
  "Connection: keep-alive\r\n" +
  "Cache-Control: max-age=0\r\n" +
  "Upgrade-Insecure-Requests: 1\r\n" +
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n" +
  "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n" +
  "Accept-Encoding: gzip, deflate, br\r\n" +
  "Accept-Language: en-US,en;q=0.9\r\n";
const FIRST_TEXT = 0x81;
const FIRST_CLOSE = 0x88;
const NORMAL_CLOSURE = [1000 >> 8, 1000 & 0xff];
const MASK = [1, 2, 3, 4];

// The end of a WebSocket.
const CLOSES: Step = answered(frame(FIRST_CLOSE, NORMAL_CLOSURE));

/** The conversations over HTTP. */
const HTTP: readonly Talk[] = [
  [answered(`${GET}\r\n`), answered(`${BROWSER}\r\n`)],
  [answered(`${GET}\r\n`.repeat(3))],
  [unanswered(GET), answered("\r\n")],
  [unanswered(GET)],
  [answered(`${GET}Connection: close\r\n\r\n`)],
];

/**
 * The peers of a round: enough that a worker has more connections than it takes without a look at the others. A start
 * waits for them: the one over WebSocket takes a sixth of the time, and a second one as much again.
 */
export const TALKS: readonly Talk[] = [
  ...HTTP.map(leavingEarly),
  ...HTTP,
  ...HTTP,
  [handshake("/echo"), said("a".repeat(16)), CLOSES],
];

/** Its peer leaves before it has read the last answer, which resets the connection. */
function leavingEarly(talk: Talk): Talk {
  return talk.map((step, i) => i < talk.length - 1 ? step : { ...step, leaves: true });
}

/** Asks for a WebSocket. */
export function handshake(path: string): Step {
  return answered(
    `GET ${path} HTTP/1.1\r\n` +
      "Host: localhost\r\n" +
      "Upgrade: websocket\r\n" +
      "Connection: Upgrade\r\n" +
      "Sec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
}

/** A text message of less than 126 bytes. */
export function said(text: string): Step {
  return answered(frame(FIRST_TEXT, new TextEncoder().encode(text)));
}

/** Something that is answered. */
export function answered(bytes: string | Uint8Array): Step {
  return {
    bytes: typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes,
    isAnswered: true,
  };
}

function unanswered(text: string): Step {
  return { ...answered(text), isAnswered: false };
}

/** A masked frame of RFC 6455 with less than 126 bytes. */
function frame(firstByte: number, payload: Iterable<number>): Uint8Array {
  const masked = [...payload].map((byte, i) => byte ^ MASK[i & 3]!); // four
  return Uint8Array.from([firstByte, 0x80 | masked.length, ...MASK, ...masked]);
}
