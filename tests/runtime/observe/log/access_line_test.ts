/** Lines of the access log keep their form for every text, and can be parsed. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { RequestHead } from "../../../../protocol/mod.ts";
import { type AccessEntry, accessLine } from "../../../../runtime/observe/log/access_line.ts";
import { escapeText, jsonText } from "../../../../runtime/observe/log/escape.ts";
import { Random } from "../../../support/random.ts";

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
  const rest = {
    id: "0-1-1",
    address: "::1",
    user: null,
    request,
    status: 200,
    bytes: 2,
    worker: 0,
  };
  const times: [string, string][] = [
    ["2026-12-31T23:59:59.007Z", "31/Dec/2026:23:59:59 +0000"],
    ["2027-01-01T00:00:00.000Z", "01/Jan/2027:00:00:00 +0000"],
    ["2027-01-01T00:00:00.999Z", "01/Jan/2027:00:00:00 +0000"],
    ["2026-02-03T04:05:06.070Z", "03/Feb/2026:04:05:06 +0000"],
  ];
  for (const [iso, combined] of times) {
    const access: AccessEntry = { ...rest, time: Date.parse(iso), microseconds: 5 };
    assertEquals(JSON.parse(accessLine(access, "json")).time, iso);
    assert(
      accessLine(access, "combined").includes(` [${combined}] "GET / HTTP/1.1" 200 2 "-" "-" `),
    );
  }
});

Deno.test("access line: every user name is one word of the combined format", () => {
  const rest = { time: 0, id: "0-1-1", address: "::1", request: null, status: 200, bytes: 2 };
  const rows: [user: string | null, combined: string][] = [
    [null, "-"],
    ["alice", "alice"],
    ['a b"\n\\', "a\\x20b\\x22\\x0a\\x5c"],
    ["\u00e9\u20ac", "\\xe9\\u20ac"],
    ["u".repeat(2000), `${"u".repeat(1024)}...`],
  ];
  for (const [user, combined] of rows) {
    const access: AccessEntry = { ...rest, user, microseconds: 5, worker: 0 };
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
    const rest = { id: "0-1-1", address: "::1", user: null, status: 200, bytes: 2, worker: 0 };
    const access: AccessEntry = { ...rest, request, time: 0, microseconds: 5 };
    assertEquals(JSON.parse(accessLine(access, "json")).path, logged);
    assert(accessLine(access, "combined").includes(`"GET ${logged} HTTP/1.1"`), target);
  }
});
