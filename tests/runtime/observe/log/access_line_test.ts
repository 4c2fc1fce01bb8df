/** Lines of the access log keep their form for every text, and can be parsed. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { HeadCache, HTTP1_LIMITS, RequestHead } from "../../../../protocol/mod.ts";
import { parseRequestHead } from "../../../../protocol/http1/mod.ts";
import type { AccessFormat } from "../../../../runtime/config/mod.ts";
import { AccessLog, type AnsweredRequest, LineStamp } from "../../../../runtime/observe/log/mod.ts";
import { escapeText, jsonText } from "../../../../runtime/observe/log/escape.ts";
import { loggedTarget } from "../../../../runtime/observe/log/logged_target.ts";
import { createLogMemory, LogBuffer, LogReader } from "../../../../runtime/ring/mod.ts";
import { bytesOf } from "../../../support/protocol_cases.ts";
import { Random } from "../../../support/random.ts";

const FORMATS = ["combined", "json"] as const;
const ANSWERED: AnsweredRequest = {
  request: null,
  address: "::1",
  user: null,
  status: 200,
  bytes: 2,
  microseconds: 5,
  connection: 1,
  requestNumber: 1,
};

/** The access log of worker 0 with a clock that the test sets. */
class Log {
  readonly access: AccessLog;
  readonly #reader: LogReader;
  readonly #loop = { now: 0 };

  constructor(format: AccessFormat) {
    const memory = createLogMemory(1);
    const lines = new LogBuffer(memory, 0, () => {});
    const clock = new LineStamp({
      now: () => this.#loop.now,
      epochMilliseconds: () => this.#loop.now,
      writer: null,
    });
    this.access = new AccessLog({ lines, clock, format, worker: 0 });
    this.#reader = new LogReader(memory, 0);
  }

  /** The line of an answer at `time`. */
  line(of: AnsweredRequest, time = 0): string {
    this.#loop.now = time;
    this.access.answered(of);
    this.access.flush();
    const lines = this.#reader.take() ?? new Uint8Array();
    this.#reader.consume(lines.length);
    return new TextDecoder().decode(lines.slice());
  }
}

function accessLine(of: AnsweredRequest, format: AccessFormat, time = 0): string {
  return new Log(format).line(of, time);
}

/** Texts of bytes, with and without characters that need escapes. */
function* texts(): Generator<string> {
  const random = new Random(11);
  for (let i = 0; i < 2_000; i++) {
    const [first, span] = i % 2 === 0 ? [0x20, 0x5f] : [0, 256];
    yield String.fromCharCode(
      ...Array.from({ length: random.below(40) }, () => first + random.below(span)),
    );
  }
}

Deno.test("access line: a text in JSON is ASCII, and parses back to the same text", () => {
  for (const text of texts()) {
    const quoted = jsonText(text, 100);
    assertMatch(quoted, /^"[\x20-\x7e]*"$/);
    assertEquals(JSON.parse(quoted), text);
  }
  assertEquals(jsonText("x".repeat(9), 4), '"xxxx..."');
});

Deno.test("access line: an escaped text has no quote, can be reversed, and is unchanged if plain", () => {
  for (const text of texts()) {
    const escaped = escapeText(text);
    assertMatch(escaped, /^[\x20\x21\x23-\x7e]*$/);
    const back = escaped.replace(
      /\\x(..)/g,
      (_, hex: string) => String.fromCharCode(parseInt(hex, 16)),
    );
    assertEquals(back, text);
  }
});

Deno.test("access line: times of both formats, across a second, a day and a year", () => {
  const request = new RequestHead();
  request.method = "GET";
  request.target = "/";
  const access = { ...ANSWERED, request };
  const [combinedLog, jsonLog] = [new Log("combined"), new Log("json")];
  const times: [string, string][] = [
    ["2026-12-31T23:59:59.007Z", "31/Dec/2026:23:59:59 +0000"],
    ["2027-01-01T00:00:00.000Z", "01/Jan/2027:00:00:00 +0000"],
    ["2027-01-01T00:00:00.999Z", "01/Jan/2027:00:00:00 +0000"],
    ["2027-01-01T00:00:00.050Z", "01/Jan/2027:00:00:00 +0000"],
    ["2026-02-03T04:05:06.070Z", "03/Feb/2026:04:05:06 +0000"],
  ];
  for (const [iso, combined] of times) {
    const time = Date.parse(iso);
    assertEquals(JSON.parse(jsonLog.line(access, time)).time, iso);
    const line = combinedLog.line(access, time);
    assert(line.includes(` [${combined}] "GET / HTTP/1.1" 200 2 "-" "-" `), line);
  }
});

Deno.test("access line: every user name is one word of the combined format", () => {
  const rows: [user: string | null, combined: string][] = [
    [null, "-"],
    ["alice", "alice"],
    ['a b"\n\\', "a\\x20b\\x22\\x0a\\x5c"],
    ["\u00e9\u20ac", "\\xe9\\u20ac"],
    ["u".repeat(2000), `${"u".repeat(1024)}...`],
  ];
  for (const [user, combined] of rows) {
    const access = { ...ANSWERED, user };
    assertEquals(accessLine(access, "combined").split(" ").slice(1, 4), [
      "-",
      combined,
      "[01/Jan/1970:00:00:00",
    ]);
    const { user: found } = JSON.parse(accessLine(access, "json"));
    assertEquals(found, user !== null && user.length > 1024 ? combined : user);
  }
});

Deno.test("access line: secrets in queries are left out, however their names are written", () => {
  const rows: [target: string, logged: string][] = [
    ["/api/publish?api_key=KEY", "/api/publish?api_key=***"],
    ["/wrong?a=1&api%5Fkey=KEY&b=2", "/wrong?a=1&api%5Fkey=***&b=2"],
    [
      "/connection/sse?cf_connect=%7B%22token%22%3A%22KEY%22%7D",
      "/connection/sse?cf_connect=***",
    ],
    [
      "/channels/sse?channel=a&token=KEY&subscription_token=KEY&subscription_token=KEY",
      "/channels/sse?channel=a&token=***&subscription_token=***&subscription_token=***",
    ],
    ["/a?api_key", "/a?api_key=***"],
    ["/a?key=%ff&api_keys=1", "/a?key=%ff&api_keys=1"],
    ["/api_key=1", "/api_key=1"],
  ];
  for (const [target, logged] of rows) {
    const request = new RequestHead();
    request.method = "GET";
    request.target = target;
    const access = { ...ANSWERED, request };
    assertEquals(JSON.parse(accessLine(access, "json")).path, logged);
    assert(accessLine(access, "combined").includes(`"GET ${logged} HTTP/1.1"`), target);
  }
});

/** As the log did it at first: every parameter's name is decoded. */
function decodedTarget(target: string): string {
  const secrets = ["api_key", "auth_signature", "cf_connect", "subscription_token", "token"];
  const [path, query] = [target.split("?", 1)[0]!, target.split("?").slice(1).join("?")];
  if (query === "") return target;
  const parts = query.split("&").map((part) => {
    const [name] = new URLSearchParams(part).keys();
    return name !== undefined && secrets.includes(name) ? `${part.split("=", 1)[0]}=***` : part;
  });
  return `${path}?${parts.join("&")}`;
}

Deno.test("access line: a query that is not taken apart has no secrets", () => {
  const random = new Random(3);
  const pieces = [
    "token",
    "api",
    "_key",
    "api_key",
    "tok%65n",
    "%",
    "=",
    "&",
    "?",
    "+",
    "a",
    "%5F",
  ];
  let found = 0;
  for (let i = 0; i < 20_000; i++) {
    const length = 1 + random.below(8);
    const target = `/?${
      Array.from({ length }, () => pieces[random.below(pieces.length)]).join("")
    }`;
    assertEquals(loggedTarget(target), decodedTarget(target), target);
    if (loggedTarget(target) !== target) found++;
  }
  assert(found > 1_000, `${found}`);
});

/** The head of a request as its connection sends it for the first time, and again. */
function parsedHead(text: string): { head: RequestHead; bytes: Uint8Array } {
  const [head, bytes] = [new RequestHead(), bytesOf(text)];
  assertEquals(parseRequestHead(bytes, 0, bytes.length, head, HTTP1_LIMITS), bytes.length);
  return { head, bytes };
}

const HOSTILE = '"\\\t\xff';
const LONG = "z".repeat(300);
/** Fields of requests, and what both formats have of Referer and User-Agent. */
const FIELD_ROWS: readonly [fields: string, referer: string | null, agent: string | null][] = [
  ["", null, null],
  ["Referer:\r\nUser-Agent: \r\n", "", ""],
  ["Referer: http://a/b\r\nUser-Agent: c (d)\r\n", "http://a/b", "c (d)"],
  ["Referer: http://a/?token=K&b=1\r\n", "http://a/?token=***&b=1", null],
  ["User-Agent: one\r\nReferer: x\r\nUSER-AGENT: two\r\n", "x", "one, two"],
  [`Referer: ${HOSTILE}\r\nUser-Agent: ${HOSTILE}\r\n`, HOSTILE, HOSTILE],
  [`User-Agent: ${LONG}\r\n`, null, LONG],
];

for (const format of FORMATS) {
  Deno.test(`access line: a repeated head has the line of a parsed one, ${format}`, () => {
    const log = new Log(format);
    const cache = new HeadCache();
    for (const [fields, referer, agent] of FIELD_ROWS) {
      const { head, bytes } = parsedHead(`GET /a HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
      const answered = { ...ANSWERED, request: head };
      const line = log.line(answered);
      if (format === "json") {
        const { referer: first, user_agent: second } = JSON.parse(line);
        assertEquals([first, second], [referer, agent]);
      } else {
        const wanted = [referer, agent].map((text) => `"${escapeText(text ?? "-", 1024)}"`);
        assert(line.includes(` 200 2 ${wanted.join(" ")} 0-1-1 5 0\n`), line);
      }
      const slot = cache.keep(head, bytes, 0, bytes.length);
      for (let again = 0; again < 3; again++) {
        assertEquals(cache.find(slot, bytes, 0, bytes.length, head), bytes.length);
        assertEquals(log.line(answered), line);
      }
      // Only what depends on the head is kept.
      const other = {
        ...answered,
        status: 404,
        bytes: 12_345_678_901,
        user: "u",
        requestNumber: 2,
      };
      const text = log.line({ ...other, address: "10.0.0.1" }, 1e12);
      assert(/404.*12345678901/.test(text) && text.includes("0-1-2"), text);
      assert(text.includes("10.0.0.1") && text.includes("2001"), text);
    }
  });

  Deno.test(`access line: a longer line than any of its kind fits, ${format}`, () => {
    const worst = "\x01".repeat(2_000);
    const { head } = parsedHead("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    head.method = head.target = worst;
    const line = accessLine({ ...ANSWERED, request: head, user: worst }, format);
    assertMatch(line, /^[\x20-\x7e]*\n$/);
    assert(line.length > 3 * 4 * 1024, `${line.length}`);
  });
}

Deno.test("access line: two logs of different formats share the heads of a cache", () => {
  const cache = new HeadCache();
  const { head, bytes } = parsedHead("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  const slot = cache.keep(head, bytes, 0, bytes.length);
  for (let i = 0; i < 3; i++) {
    for (const format of FORMATS) {
      cache.find(slot, bytes, 0, bytes.length, head);
      const line = accessLine({ ...ANSWERED, request: head }, format);
      assertEquals(line.startsWith("{"), format === "json");
    }
  }
});
