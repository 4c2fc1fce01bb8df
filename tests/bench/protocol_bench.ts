/**
 * Microbenchmarks of protocol/: `deno bench tests/bench/protocol_bench.ts` prints times,
 * `deno run -A tests/bench/micro.ts` also bytes per second.
 *
 * A name that ends with a number of bytes states how many one iteration processes. Results are checked
 * before they are timed, so that no error path is measured by mistake.
 */

import { ByteBuffer } from "../../protocol/byte_buffer.ts";
import { encodeDelta } from "../../protocol/fossil/mod.ts";
import {
  DateField,
  encodeResponseHead,
  HeadCache,
  Http1Connection,
  KEEPS_ALIVE,
  parseRequestHead,
  PreparedResponse,
  REQUEST,
  RequestHead,
} from "../../protocol/http1/mod.ts";
import { HTTP1_LIMITS, WEBSOCKET_LIMITS } from "../../protocol/limits.ts";
import { Utf8Validator } from "../../protocol/utf8_validator.ts";
import { unmask } from "../../protocol/websocket/mask.ts";
import {
  computeAccept,
  FrameReaderPool,
  MESSAGE,
  MessageBufferPool,
  WebSocketConnection,
} from "../../protocol/websocket/mod.ts";
import { changingDocuments } from "../support/changing_document.ts";
import {
  asciiText,
  BROWSER_REQUEST,
  maskedFragments,
  maskedFrame,
  mixedText,
  SIZES,
  SMALL_REQUEST,
} from "./micro_inputs.ts";

function check(good: boolean, what: string): void {
  if (!good) throw new Error(`this benchmark does not measure what its name states: ${what}`);
}

const REQUESTS = [["100-byte", SMALL_REQUEST], ["browser's", BROWSER_REQUEST]] as const;
/** 2026-01-01T00:00:00Z */
const NOW = 1_767_225_600_000;
const BODY = new TextEncoder().encode("ok");
const RESPONSE = {
  status: 200,
  fields: [["Content-Type", "text/plain; charset=utf-8"]],
  contentLength: BODY.length,
} as const;

const head = new RequestHead();
const date = new DateField(NOW);
const out = new ByteBuffer();
const prepared = new PreparedResponse(RESPONSE, BODY, date);

for (const [name, bytes] of REQUESTS) {
  const size = bytes.length;
  check(parseRequestHead(bytes, 0, size, head, HTTP1_LIMITS) === size, name);
  Deno.bench(`parse a ${name} request, ${size} B`, () => {
    parseRequestHead(bytes, 0, size, head, HTTP1_LIMITS);
  });
}

const form = { date, contentLength: BODY.length, persistence: KEEPS_ALIVE };
Deno.bench("encode an answer's head", () => {
  out.clear();
  encodeResponseHead(out, RESPONSE, form);
});

// A request on a persistent connection: received, parsed, answered.
const WAYS = [["parsed", undefined], ["repeated", new HeadCache()]] as const;
for (
  const [[name, bytes], [way, heads]] of REQUESTS.flatMap((r) => WAYS.map((w) => [r, w] as const))
) {
  const options = { head, limits: HTTP1_LIMITS, date };
  const connection = new Http1Connection(heads === undefined ? options : { ...options, heads });
  const serve = (): number => {
    out.clear();
    connection.receive(bytes, 0, bytes.length);
    const event = connection.next();
    connection.sendPrepared(out, prepared);
    // END_OF_MESSAGE, then NEED_DATA.
    connection.next();
    connection.next();
    connection.retain();
    return event;
  };
  check(serve() === REQUEST && serve() === REQUEST && out.length > 100, name);
  Deno.bench(`a ${name} request ${way}, answer prepared, ${bytes.length} B`, () => {
    serve();
  });
}

for (const size of SIZES) {
  const payload = asciiText(size);
  let phase = 0;
  Deno.bench(`unmask, ${size} B`, () => {
    phase = unmask(payload, 0, size, 0x3d21fa37, phase);
  });
}

for (const [name, makeText] of [["ASCII", asciiText], ["mixed", mixedText]] as const) {
  for (const size of SIZES) {
    const text = makeText(size);
    const validator = new Utf8Validator();
    check(validator.push(text, 0, size) && validator.finish(), name);
    Deno.bench(`validate UTF-8, ${name}, ${size} B`, () => {
      validator.push(text, 0, size);
    });
  }
}

// The frame is copied in first, as the kernel would do, because the echo overwrites it.
for (const size of SIZES) {
  const frame = maskedFrame(size);
  const view = new Uint8Array(frame.length);
  const readers = new FrameReaderPool("server", WEBSOCKET_LIMITS, new MessageBufferPool());
  const connection = new WebSocketConnection(readers);
  const echo = (): number => {
    view.set(frame);
    connection.receive(view, 0, view.length);
    const event = connection.next();
    const { payload, payloadStart, payloadEnd, opcode } = connection;
    const length = payloadEnd - payloadStart;
    connection.encodeHeaderBefore(payload, payloadStart, length, opcode);
    connection.next();
    connection.retain();
    return event;
  };
  check(echo() === MESSAGE && connection.maySend, `echo of ${size} B`);
  Deno.bench(`a WebSocket message echoed, with a copy in, ${size} B`, () => {
    echo();
  });
}

// The cost of a fragment compared with a small message: the reason why their rate is not limited.
for (const size of [0, 1]) {
  const fragments = maskedFragments(1000, size);
  const view = new Uint8Array(fragments.length);
  const readers = new FrameReaderPool("server", WEBSOCKET_LIMITS, new MessageBufferPool());
  const connection = new WebSocketConnection(readers);
  const take = (): number => {
    view.set(fragments);
    connection.receive(view, 0, view.length);
    const event = connection.next();
    const { payloadStart, payloadEnd } = connection;
    check(payloadEnd - payloadStart === 1000 * size, "a message of all fragments");
    connection.next();
    connection.retain();
    return event;
  };
  check(take() === MESSAGE, `fragments of ${size} B`);
  Deno.bench(`a WebSocket message of fragments with ${size} B each, × 1000`, () => {
    take();
  });
}

const DOCUMENTS = changingDocuments(2).map((one) => new TextEncoder().encode(JSON.stringify(one)));
for (
  const [name, before, now, isMade] of [
    ["in ten places", DOCUMENTS[0]!, DOCUMENTS[1]!, true],
    ["nowhere", DOCUMENTS[0]!, DOCUMENTS[0]!, true],
    ["everywhere", DOCUMENTS[0]!, asciiText(8192), false],
  ] as const
) {
  const size = now.length;
  check((encodeDelta(before, now) !== undefined) === isMade, name);
  Deno.bench(`a delta, changed ${name}, ${size} B`, () => {
    encodeDelta(before, now);
  });
}

check(computeAccept("dGhlIHNhbXBsZSBub25jZQ==") === "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "accept key");
Deno.bench("accept key", () => {
  computeAccept("dGhlIHNhbXBsZSBub25jZQ==");
});
