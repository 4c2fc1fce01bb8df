/**
 * The behaviour of a connection: pausing, 100 (Continue), switching protocols, closing, releasing views.
 */
import { assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ByteBuffer } from "../../../protocol/byte_buffer.ts";
import { NEED_DATA, ProtocolError } from "../../../protocol/errors.ts";
import { HTTP1_LIMITS } from "../../../protocol/limits.ts";
import {
  CLOSED,
  DATA,
  DateField,
  END_OF_MESSAGE,
  Http1Connection,
  PAUSED,
  PreparedResponse,
  REQUEST,
  RequestHead,
  SWITCHED_PROTOCOL,
} from "../../../protocol/http1/mod.ts";
import { arrivalsOf, bytesOf, piecesOf, textOf } from "../../support/protocol_cases.ts";
import { Dialogue, TEST_TIME } from "./dialogue.ts";

const GET = bytesOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
const UPGRADE = bytesOf(
  "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
);
const EXPECTING = bytesOf(
  "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
);
const NOTHING = new Uint8Array(0);
const EMPTY_200 = { status: 200, fields: [], contentLength: 0 };
const SWITCH = { status: 101, fields: [["Upgrade", "websocket"]], contentLength: -1 } as const;
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

function joined(...parts: (Uint8Array | string)[]): Uint8Array {
  return bytesOf(parts.map((part) => typeof part === "string" ? part : textOf(part)));
}

function fed(...parts: (Uint8Array | string)[]): Dialogue {
  const dialogue = new Dialogue({ answers: false });
  dialogue.feed(joined(...parts));
  return dialogue;
}

function answer({ connection, out }: Dialogue): void {
  connection.sendWhole(out, EMPTY_200, NOTHING, 0, 0);
}

Deno.test("while a request is unanswered, later bytes stay unread", () => {
  const dialogue = fed(GET, GET);
  assertEquals(dialogue.last, PAUSED);
  dialogue.feed(GET);
  assertEquals(dialogue.heads.length, 1);
  assertEquals(dialogue.connection.buffered, 2 * GET.length);
  for (let requests = 2; requests <= 3; requests++) {
    answer(dialogue);
    dialogue.takeEvents();
    assertEquals(dialogue.heads.length, requests);
  }
  answer(dialogue);
  dialogue.takeEvents();
  assertEquals(dialogue.last, NEED_DATA);
});

Deno.test("a response may be sent before next() has returned the end of the message", () => {
  const dialogue = new Dialogue();
  const { connection, out } = dialogue;
  connection.receive(GET, 0, GET.length);
  assertEquals(connection.next(), REQUEST);
  connection.sendWhole(out, EMPTY_200, NOTHING, 0, 0);
  assertEquals(connection.next(), END_OF_MESSAGE);
  assertEquals(connection.next(), NEED_DATA);
  assertEquals([connection.clientState, connection.serverState], ["IDLE", "IDLE"]);
});

Deno.test("a body that the handler did not read is still consumed", () => {
  const dialogue = fed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
  answer(dialogue);
  dialogue.takeEvents();
  assertEquals(dialogue.last, NEED_DATA);
  dialogue.feed(joined("cd", GET));
  assertEquals(dialogue.close(), ["POST /", "data abcd", "end", "GET /", "end", "paused"]);
});

Deno.test("half-close: the current request is answered, then the connection closes", () => {
  const dialogue = fed(GET);
  dialogue.end();
  assertEquals(dialogue.last, PAUSED);
  assertEquals(dialogue.connection.ended, true);
  answer(dialogue);
  dialogue.takeEvents();
  assertEquals(dialogue.close(), ["GET /", "end", "closed"]);
  assertEquals(dialogue.connection.serverState, "CLOSED");
});

Deno.test("body data is a view of the received bytes", () => {
  const dialogue = fed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  const piece = bytesOf("..hello..");
  const { connection } = dialogue;
  connection.receive(piece, 2, 7);
  assertEquals(connection.next(), DATA);
  assertStrictEquals(connection.data, piece);
  assertEquals([connection.dataStart, connection.dataEnd], [2, 7]);
  connection.retain();
  assertNotStrictEquals(connection.data, piece);
  assertEquals(connection.buffered, 0);
});

Deno.test("chunk data is a view too, without the framing", () => {
  const dialogue = fed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const piece = bytesOf("2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n");
  const { connection } = dialogue;
  connection.receive(piece, 0, piece.length);
  const seen: string[] = [];
  while (connection.next() === DATA) {
    assertStrictEquals(connection.data, piece);
    seen.push(textOf(piece.subarray(connection.dataStart, connection.dataEnd)));
  }
  assertEquals(seen, ["ab", "cde"]);
});

Deno.test("100 is sent once, if the client expects it and the handler asks for it", () => {
  const dialogue = fed(EXPECTING);
  const { connection, out } = dialogue;
  assertEquals(dialogue.heads[0]!.expectContinue, true);
  assertEquals(connection.sendContinue(out), true);
  assertEquals(connection.sendContinue(out), false);
  assertEquals(textOf(out.view()), CONTINUE);
  dialogue.feed(bytesOf("ab"));
  answer(dialogue);
  dialogue.takeEvents();
  assertEquals(dialogue.close(), ["POST /", "data ab", "end", "need data"]);
});

Deno.test("100 is not sent if not expected, or if the body or response has started, or the stream ended", () => {
  const out = new ByteBuffer();
  assertEquals(fed(GET).connection.sendContinue(out), false);
  assertEquals(fed(EXPECTING, "a").connection.sendContinue(out), false);
  const waiting = new Dialogue();
  const early = joined(EXPECTING, "a");
  waiting.connection.receive(early, 0, early.length);
  assertEquals(waiting.connection.next(), REQUEST);
  assertEquals(waiting.connection.sendContinue(out), false);
  const answered = fed(EXPECTING);
  answer(answered);
  assertEquals(answered.connection.sendContinue(out), false);
  const ended = fed(EXPECTING);
  ended.end();
  assertEquals(ended.connection.sendContinue(out), false);
  assertEquals(out.length, 0);
});

Deno.test("a final response without 100 closes the connection (RFC 9110 section 10.1.1)", () => {
  const prepared = new PreparedResponse(EMPTY_200, NOTHING, new DateField(TEST_TIME));
  for (const quick of [false, true]) {
    const dialogue = fed(EXPECTING);
    const { connection, out } = dialogue;
    if (quick) connection.sendPrepared(out, prepared);
    else answer(dialogue);
    assertEquals(textOf(out.view()).includes("\r\nConnection: close\r\n"), true);
    dialogue.feed(bytesOf("GET /not-a-request HTTP/1.1\r\n\r\n"));
    assertEquals(dialogue.close(), ["POST /", "closed"]);
  }
});

Deno.test("a final response without 100 keeps the connection open if the body has started", () => {
  const dialogue = fed(EXPECTING, "a");
  answer(dialogue);
  dialogue.feed(joined("b", GET));
  assertEquals(dialogue.close(), ["POST /", "data ab", "end", "GET /", "end", "paused"]);
});

Deno.test("an upgrade returns the bytes after the request, however they arrive", () => {
  const trailing = "\x81\x85abcdhello";
  const bytes = joined(UPGRADE, trailing);
  for (const { name, cuts } of arrivalsOf(bytes.length)) {
    const dialogue = new Dialogue({ answers: false });
    for (const piece of piecesOf(bytes, cuts)) dialogue.feed(piece);
    const { connection, out } = dialogue;
    assertEquals(connection.clientState, "MIGHT_SWITCH_PROTOCOL", name);
    connection.switchProtocol(out, SWITCH);
    assertEquals(connection.next(), SWITCHED_PROTOCOL, name);
    assertEquals(textOf(connection.takeTrailing()), trailing, name);
    assertEquals(connection.takeTrailing().length, 0, name);
    assertEquals(connection.buffered, 0, name);
  }
});

Deno.test("an upgrade may be answered before next() has returned the end of the message", () => {
  const { connection, out } = new Dialogue();
  connection.receive(UPGRADE, 0, UPGRADE.length);
  assertEquals(connection.next(), REQUEST);
  connection.switchProtocol(out, SWITCH);
  assertEquals(connection.next(), SWITCHED_PROTOCOL);
  assertEquals(
    textOf(out.view()),
    "HTTP/1.1 101 Switching Protocols\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n" +
      "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
  );
});

Deno.test("after a declined upgrade the connection continues with HTTP", () => {
  const dialogue = fed(UPGRADE, GET);
  assertEquals(dialogue.last, PAUSED);
  answer(dialogue);
  dialogue.takeEvents();
  assertEquals(dialogue.close(), ["GET /ws", "end", "GET /", "end", "paused"]);
});

Deno.test("an upgrade waits for the request's body", () => {
  const dialogue = fed(
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\na",
  );
  const { connection, out } = dialogue;
  assertThrows(() => connection.switchProtocol(out, SWITCH), TypeError);
  dialogue.feed(bytesOf("b"));
  connection.switchProtocol(out, SWITCH);
  assertEquals(connection.next(), SWITCHED_PROTOCOL);
});

Deno.test("misuse of switchProtocol is a TypeError and sends nothing", () => {
  const { connection, out } = fed(GET);
  assertThrows(() => connection.switchProtocol(out, SWITCH), TypeError);
  assertThrows(() => connection.switchProtocol(out, EMPTY_200), TypeError);
  assertThrows(() => connection.takeTrailing(), TypeError);
  assertEquals(out.length, 0);
});

Deno.test("sending in the wrong state is a TypeError and sends nothing", () => {
  const dialogue = fed(GET);
  const { connection, out } = dialogue;
  assertThrows(() => connection.sendData(out, GET, 0, 1), TypeError);
  assertThrows(() => connection.sendDataOutside(1), TypeError);
  assertThrows(() => connection.sendEnd(out), TypeError);
  assertEquals(out.length, 0);
  answer(dialogue);
  const length = out.length;
  const prepared = new PreparedResponse(EMPTY_200, NOTHING, new DateField(TEST_TIME));
  assertThrows(() => answer(dialogue), TypeError);
  assertThrows(() => connection.sendPrepared(out, prepared), TypeError);
  assertThrows(() => connection.sendEnd(out), TypeError);
  assertEquals(out.length, length);
});

Deno.test("body bytes that the caller sends itself are counted", () => {
  const sent = fed(GET);
  sent.connection.sendResponse(sent.out, { ...EMPTY_200, contentLength: 5 });
  const headEnd = sent.out.length;
  assertEquals(sent.connection.sendDataOutside(3), true);
  assertThrows(() => sent.connection.sendEnd(sent.out), TypeError);
  assertThrows(() => sent.connection.sendDataOutside(3), RangeError);
  assertEquals(sent.connection.sendDataOutside(2), true);
  sent.connection.sendEnd(sent.out);
  assertEquals(sent.out.length, headEnd);
  const dropped = fed("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  dropped.connection.sendResponse(dropped.out, { ...EMPTY_200, contentLength: 5 });
  assertEquals(dropped.connection.sendDataOutside(5), false);
  const chunked = fed(GET);
  chunked.connection.sendResponse(chunked.out, { ...EMPTY_200, contentLength: -1 });
  assertThrows(() => chunked.connection.sendDataOutside(5), TypeError);
});

Deno.test("an error is answered with text, and the connection closes", () => {
  const dialogue = fed("GET / HTTP/3.0\r\n");
  const { connection, out } = dialogue;
  const error = new ProtocolError("HTTP_X", "No", { status: 405 });
  connection.sendError(out, error, "n\u00f6\n", [["Allow", "GET"]]);
  assertEquals(
    textOf(out.view()),
    "HTTP/1.1 405 Method Not Allowed\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n" +
      "Content-Type: text/plain; charset=utf-8\r\nAllow: GET\r\nContent-Length: 4\r\n" +
      "Connection: close\r\n\r\nn\u00c3\u00b6\n",
  );
  assertEquals(connection.next(), CLOSED);
  dialogue.feed(GET);
  assertEquals(connection.buffered, 0);
  assertEquals(connection.next(), CLOSED);
});

Deno.test("an error in the body is answered unless the response has started", () => {
  const request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz";
  const error = new ProtocolError("HTTP_X", "No", { status: 400 });
  const before = fed(request);
  before.connection.sendError(before.out, error);
  assertEquals(before.connection.serverState, "MUST_CLOSE");
  const after = fed(request.slice(0, -1));
  after.connection.sendResponse(after.out, { ...EMPTY_200, contentLength: -1 });
  after.feed(bytesOf("z"));
  assertEquals(after.connection.clientState, "ERROR");
  assertThrows(() => after.connection.sendError(after.out, error), TypeError);
  assertEquals(after.connection.next(), CLOSED);
});

Deno.test("the answer to an error after a HEAD request has a body", () => {
  const dialogue = new Dialogue();
  dialogue.feed(joined("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "BAD\r\n"));
  dialogue.out.clear();
  dialogue.connection.sendError(
    dialogue.out,
    new ProtocolError("HTTP_X", "No", { status: 400 }),
    "why",
  );
  assertEquals(textOf(dialogue.out.view()).endsWith("\r\n\r\nwhy"), true);
});

Deno.test("a response before any request closes the connection, for example if a client is too slow", () => {
  const dialogue = fed("GET / HT");
  const { connection, out } = dialogue;
  connection.sendWhole(out, { ...EMPTY_200, status: 408 }, NOTHING, 0, 0);
  assertEquals(textOf(out.view()).includes("\r\nConnection: close\r\n"), true);
  assertEquals(connection.next(), CLOSED);
});

Deno.test("after a response before any request nothing is read", () => {
  const { connection, out } = new Dialogue();
  connection.sendResponse(out, { ...EMPTY_200, status: 503 });
  connection.receive(GET, 0, GET.length);
  assertEquals(connection.next(), PAUSED);
  connection.sendEnd(out);
  assertEquals(connection.next(), CLOSED);
});

Deno.test("mustClose on an idle connection: the next response closes, pipelined requests are not read", () => {
  const dialogue = new Dialogue();
  dialogue.connection.mustClose();
  assertEquals(dialogue.connection.next(), NEED_DATA);
  dialogue.feed(joined(GET, GET));
  assertEquals(dialogue.close(), ["GET /", "end", "closed"]);
  assertEquals(textOf(dialogue.out.view()).includes("\r\nConnection: close\r\n"), true);
});

Deno.test("mustClose after the head of a response still closes the connection", () => {
  const dialogue = fed(GET, GET);
  const { connection, out } = dialogue;
  connection.sendResponse(out, EMPTY_200);
  connection.mustClose();
  assertEquals(connection.keepAlive, false);
  connection.sendEnd(out);
  assertEquals(connection.next(), CLOSED);
});

Deno.test("other connections may use the scratch head while a request is in progress", () => {
  const worker = { head: new RequestHead(), limits: HTTP1_LIMITS, date: new DateField(TEST_TIME) };
  const first = new Http1Connection(worker);
  const second = new Http1Connection(worker);
  const head = bytesOf("HEAD /1 HTTP/1.0\r\nConnection: keep-alive\r\nA: b\r\n\r\n");
  first.receive(head, 0, head.length);
  assertEquals(first.next(), REQUEST);
  const kept = worker.head.clone();
  first.retain();
  second.receive(UPGRADE, 0, UPGRADE.length);
  assertEquals(second.next(), REQUEST);
  head.fill(0);
  const out = new ByteBuffer();
  first.sendWhole(out, EMPTY_200, GET, 0, 0);
  assertEquals(textOf(out.view()).includes("Connection: keep-alive"), true);
  assertEquals([kept.method, kept.path, kept.field("a")], ["HEAD", "/1", "b"]);
  assertEquals([...kept.fields], [["Connection", "keep-alive"], ["A", "b"]]);
  assertEquals(kept.clone().field("connection"), "keep-alive");
});

Deno.test("a head that arrives byte by byte is parsed once per line, not once per byte", () => {
  let readings = 0;
  const limits = {
    ...HTTP1_LIMITS,
    get headBytes(): number {
      readings++;
      return HTTP1_LIMITS.headBytes;
    },
  };
  const connection = new Http1Connection({
    head: new RequestHead(),
    limits,
    date: new DateField(),
  });
  const lines = Array.from({ length: 98 }, (_, i) => `X-${i}: ${"v".repeat(310)}\r\n`).join("");
  const bytes = bytesOf(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
  assertEquals(bytes.length > 31_000 && bytes.length < 32_768, true);
  for (let i = 0; i < bytes.length - 1; i++) {
    connection.receive(bytes, i, i + 1);
    assertEquals(connection.next(), NEED_DATA);
    connection.retain();
  }
  connection.receive(bytes, bytes.length - 1, bytes.length);
  assertEquals(connection.next(), REQUEST);
  assertEquals(connection.head.fields.length, 99);
  // Each attempt reads the limit twice; there are 101 line ends and a few limits.
  assertEquals(readings < 230, true, `${readings}`);
});

Deno.test("an idle connection keeps no reference to received bytes", () => {
  const dialogue = new Dialogue();
  for (let i = 0; i < 3; i++) {
    for (const piece of piecesOf(GET, [5, 9])) dialogue.feed(piece);
  }
  assertEquals(dialogue.heads.length, 3);
  assertEquals(dialogue.connection.buffered, 0);
  assertEquals(dialogue.connection.data.length, 0);
});
