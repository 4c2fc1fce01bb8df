/**
 * Random requests to the fake server's endpoints, each with the expected response.
 *
 * In: a seeded Random. Out: requests as bytes, with every framing and method of the server, and the
 * expected responses.
 */

import type { ExpectedExchange } from "../support/fake_http_peer.ts";
import { LARGE } from "../support/fake_server.ts";
import { bytesOf } from "../support/protocol_cases.ts";
import type { Random } from "../support/random.ts";

const OK = bytesOf("ok");
/** The makers of exchanges. There is one for /large: its body is long, and many would only repeat it. */
const MAKERS = [
  echoed,
  echoed,
  chunked,
  health,
  head,
  large,
  later,
  missing,
  wrongMethod,
  expecting,
];

/** A connection's requests; if `closes`, the last one has `Connection: close`. */
export function randomExchanges(
  random: Random,
  options: { readonly count: number; readonly closes: boolean },
): ExpectedExchange[] {
  return Array.from({ length: options.count }, (_, i) => {
    const make = MAKERS[random.below(MAKERS.length)]!; // below its length
    return make(random, options.closes && i === options.count - 1);
  });
}

function exchange(
  closes: boolean,
  parts: {
    line: string;
    fields?: string;
    content?: readonly Uint8Array[];
    answer: Partial<ExpectedExchange>;
  },
): ExpectedExchange {
  const close = closes ? "Connection: close\r\n" : "";
  const head = `${parts.line} HTTP/1.1\r\nHost: a\r\n${close}${parts.fields ?? ""}\r\n`;
  const request = join([bytesOf(head), ...(parts.content ?? [])]);
  return { request, status: 200, body: null, head: false, closes, ...parts.answer };
}

function randomBody(random: Random): Uint8Array<ArrayBuffer> {
  const lengths = [0, 1, 10, 500, 5000, 70_000];
  const length = random.below(1 + lengths[random.below(lengths.length)]!); // below its length
  return scatteredBytes(random, length);
}

/** Bytes that reveal shifts and swaps, cheaper than as many random numbers. */
export function scatteredBytes(random: Random, length: number): Uint8Array<ArrayBuffer> {
  const start = random.uint32();
  return new Uint8Array(length).map((_, i) => Math.imul(start + i, 0x9e37_79b1) >>> 24);
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function withLength(random: Random, line: string, closes: boolean): ExpectedExchange {
  const body = randomBody(random);
  const fields = `Content-Length: ${body.length}\r\n`;
  return exchange(closes, { line, fields, content: [body], answer: { body } });
}

function echoed(random: Random, closes: boolean): ExpectedExchange {
  return withLength(random, "POST /echo", closes);
}

function later(random: Random, closes: boolean): ExpectedExchange {
  return withLength(random, "PUT /later", closes);
}

function chunked(random: Random, closes: boolean): ExpectedExchange {
  const body = randomBody(random);
  const content: Uint8Array[] = [];
  for (let at = 0; at < body.length;) {
    const size = Math.min(1 + random.below(20_000), body.length - at);
    const piece = body.subarray(at, at + size);
    content.push(bytesOf(`${size.toString(16)};x=y\r\n`), piece, bytesOf("\r\n"));
    at += size;
  }
  content.push(bytesOf("0\r\nTrailer: t\r\n\r\n"));
  const fields = "Transfer-Encoding: chunked\r\n";
  return exchange(closes, { line: "POST /echo", fields, content, answer: { body } });
}

function expecting(random: Random, closes: boolean): ExpectedExchange {
  const body = randomBody(random);
  const fields = `Expect: 100-continue\r\nContent-Length: ${body.length}\r\n`;
  return exchange(closes, { line: "POST /echo", fields, content: [body], answer: { body } });
}

function health(_random: Random, closes: boolean): ExpectedExchange {
  return exchange(closes, { line: "GET /healthz", answer: { body: OK } });
}

function head(_random: Random, closes: boolean): ExpectedExchange {
  return exchange(closes, { line: "HEAD /healthz", answer: { head: true } });
}

function large(_random: Random, closes: boolean): ExpectedExchange {
  return exchange(closes, { line: "GET /large", answer: { body: LARGE } });
}

function missing(_random: Random, closes: boolean): ExpectedExchange {
  return exchange(closes, { line: "GET /no-such-path", answer: { status: 404 } });
}

/** A request with a body that the server skips. */
function wrongMethod(random: Random, closes: boolean): ExpectedExchange {
  const line = "DELETE /healthz";
  return { ...withLength(random, line, closes), status: 405, body: null };
}
