/** The claims of tokens whose signature was verified: what they mean, and what makes them invalid. */

import { assertEquals } from "@std/assert";
import {
  checkConnectionClaims,
  checkSubscriptionClaims,
  type ClaimRules,
  isCapable,
  type TokenFault,
} from "../../../../runtime/serve/tokens/mod.ts";
import { withoutBytes } from "../../../support/json_tables.ts";

const NOW = 1_800_000_000;
const ANY: ClaimRules = { now: NOW, audience: undefined, issuer: undefined };
const UTF8 = new TextEncoder();

const bytesOf = (claims: unknown) =>
  UTF8.encode(typeof claims === "string" ? claims : JSON.stringify(claims));

function connection(claims: unknown, rules: Partial<ClaimRules> = {}) {
  return checkConnectionClaims(bytesOf(claims), { ...ANY, ...rules });
}

function subscription(claims: unknown, rules: Partial<ClaimRules> = {}) {
  return checkSubscriptionClaims(bytesOf(claims), { ...ANY, ...rules });
}

function faultOf(found: object): TokenFault["fault"] | "valid" {
  return "fault" in found ? (found as TokenFault).fault : "valid";
}

Deno.test("claims: a connection with everything, its payloads as they were signed", () => {
  const claims =
    '{"sub":"42","exp":1800000060,"iat":1,"info":{"n":12345678901234567890,"x": 1.0},' +
    '"meta":{"a":[]},"subs":{"a":{"info":{"b": 1.0},"data":null,"override":{"presence":{"value":true},' +
    '"join_leave":{"value":false},"force_recovery":{}}},"b":{}},"channels":["ignored"],"later":{}}';
  assertEquals(withoutBytes(connection(claims)), {
    user: "42",
    expireAt: 1_800_000_060,
    info: 'json:{"n":12345678901234567890,"x": 1.0}',
    meta: 'json:{"a":[]}',
    subscriptions: {
      a: {
        info: 'json:{"b": 1.0}',
        override: { presence: true, joinLeave: false, forceRecovery: false },
      },
      b: { override: {} },
    },
    capabilities: [],
  });
});

Deno.test("claims: an empty token is a client without a user that never expires", () => {
  const expected = { user: "", subscriptions: {}, capabilities: [] };
  assertEquals(withoutBytes(connection({})), expected);
});

Deno.test("claims: channels are server-side subscriptions", () => {
  const found = connection({ sub: "1", channels: ["a", "b", "a"] });
  if ("fault" in found) throw new Error(found.reason);
  assertEquals([...found.subscriptions.keys()], ["a", "b"]);
});

Deno.test("claims: the connection may live longer or shorter than the token", () => {
  const rows: [object, number | undefined][] = [
    [{}, undefined],
    [{ exp: NOW + 5 }, NOW + 5],
    [{ exp: NOW + 5, expire_at: NOW + 9 }, NOW + 9],
    [{ exp: NOW + 5, expire_at: 0 }, undefined],
    [{ expire_at: NOW + 9 }, NOW + 9],
    [{ exp: NOW + 0.5 }, NOW + 0.5],
  ];
  for (const [claims, expected] of rows) {
    const found = connection(claims);
    if ("fault" in found) throw new Error(found.reason);
    assertEquals(found.expireAt, expected, JSON.stringify(claims));
  }
});

Deno.test("claims: times are checked to the second, on or after exp and before nbf", () => {
  const rows: [object, TokenFault["fault"] | "valid"][] = [
    [{ exp: NOW }, "expired"],
    [{ exp: NOW + 1 }, "valid"],
    [{ exp: NOW - 1, expire_at: NOW + 9 }, "expired"],
    [{ exp: 0 }, "expired"],
    [{ nbf: NOW }, "valid"],
    [{ nbf: NOW + 1 }, "expired"],
    [{ iat: NOW + 1000 }, "valid"],
    [{ exp: "never" }, "invalid"],
    [{ exp: null }, "valid"],
    [{ nbf: [] }, "invalid"],
    [{ iat: "now" }, "invalid"],
    [{ expire_at: "x" }, "invalid"],
  ];
  for (const [claims, expected] of rows) {
    assertEquals(faultOf(connection(claims)), expected, JSON.stringify(claims));
    assertEquals(faultOf(subscription({ channel: "a", ...claims })), expected);
  }
});

Deno.test("claims: audience and issuer", () => {
  const rows: [object, Partial<ClaimRules>, TokenFault["fault"] | "valid"][] = [
    [{ aud: "b" }, {}, "valid"],
    [{ aud: "a" }, { audience: "a" }, "valid"],
    [{ aud: ["b", "a"] }, { audience: "a" }, "valid"],
    [{ aud: ["b"] }, { audience: "a" }, "invalid"],
    [{ aud: "ab" }, { audience: "a" }, "invalid"],
    [{ aud: [] }, { audience: "a" }, "invalid"],
    [{}, { audience: "a" }, "invalid"],
    [{ aud: 1 }, {}, "invalid"],
    [{ aud: ["a", 1] }, { audience: "a" }, "invalid"],
    [{ iss: "a" }, { issuer: "a" }, "valid"],
    [{ iss: "A" }, { issuer: "a" }, "invalid"],
    [{}, { issuer: "a" }, "invalid"],
    [{ iss: ["a"] }, { issuer: "a" }, "invalid"],
    // What a stranger signed is not called expired.
    [{ iss: "b", exp: 0 }, { issuer: "a" }, "invalid"],
  ];
  for (const [claims, rules, expected] of rows) {
    assertEquals(faultOf(connection(claims, rules)), expected, JSON.stringify(claims));
  }
});

Deno.test("claims: the two kinds of tokens are not taken for each other", () => {
  assertEquals(faultOf(connection({ sub: "1", channel: "a" })), "invalid");
  assertEquals(faultOf(subscription({ sub: "1" })), "invalid");
  assertEquals(faultOf(subscription({ sub: "1", channel: "" })), "invalid");
  assertEquals(withoutBytes(subscription({ sub: "1", channel: "a", client: "c", info: [1] })), {
    user: "1",
    channel: "a",
    client: "c",
    info: "json:[1]",
    override: {},
  });
});

Deno.test("claims: wrong types and malformed payloads are invalid", () => {
  const wrong = [
    "",
    "[]",
    '"sub"',
    "{",
    '{"sub":"1","sub":"2"}',
    { sub: 1 },
    { channels: "a" },
    { channels: [1] },
    { subs: ["a"] },
    { subs: { a: 1 } },
    { subs: { a: { override: { presence: true } } } },
    { caps: {} },
    { caps: [{ channels: "a" }] },
    { caps: [{ channels: ["a"], match: "glob", allow: ["sub"] }] },
    { caps: [{ channels: ["("], match: "regex", allow: ["sub"] }] },
    { caps: [{ channels: ["a".repeat(257)], match: "wildcard", allow: ["sub"] }] },
  ];
  for (const claims of wrong) {
    assertEquals(faultOf(connection(claims)), "invalid", JSON.stringify(claims));
  }
});

function allows(caps: unknown, channel: string): string {
  const found = connection({ caps });
  if ("fault" in found) throw new Error(found.reason);
  const actions = ["sub", "pub", "prs", "hst"] as const;
  return actions.filter((action) => isCapable(found.capabilities, channel, action)).join(" ");
}

Deno.test("capabilities: names are exact unless they say otherwise", () => {
  const caps = [{ channels: ["chat:*", "news"], allow: ["sub", "hst", "dance"] }];
  assertEquals(allows(caps, "news"), "sub hst");
  assertEquals(allows(caps, "chat:*"), "sub hst");
  for (const name of ["chat:a", "News", "news2", "", "dance"]) assertEquals(allows(caps, name), "");
});

Deno.test("capabilities: wildcards", () => {
  const rows: [string, string, boolean][] = [
    ["chat:*", "chat:", true],
    ["chat:*", "chat:a:b#c", true],
    ["chat:*", "chat", false],
    ["chat:*", "xchat:a", false],
    ["*", "", true],
    ["*:*", "a:b", true],
    ["*:*", "ab", false],
    ["a*b*c", "abc", true],
    ["a*b*c", "aXbXbYc", true],
    ["a*b*c", "acb", false],
    ["**a", "bba", true],
    ["a.c", "abc", false],
    ["(a)", "(a)", true],
    ["é*", "é😀", true],
    ["", "", true],
    ["", "a", false],
  ];
  for (const [pattern, name, expected] of rows) {
    const caps = [{ channels: [pattern], match: "wildcard", allow: ["pub"] }];
    assertEquals(allows(caps, name), expected ? "pub" : "", `${pattern} ${name}`);
  }
});

Deno.test("capabilities: a wildcard of many stars does not go back through all of them", () => {
  // With backtracking this would not end.
  const caps = [{ channels: ["*a".repeat(128)], match: "wildcard", allow: ["sub"] }];
  assertEquals(allows(caps, "a".repeat(127) + "b".repeat(128)), "");
});

Deno.test("capabilities: a regular expression matches the whole name", () => {
  const caps = [{ channels: ["user_\\d+", "^a|b$"], match: "regex", allow: ["sub", "pub"] }];
  assertEquals(allows(caps, "user_1"), "sub pub");
  assertEquals(allows(caps, "a"), "sub pub");
  for (const name of ["xuser_1", "user_1x", "user_1\n", "ac", "cb"]) {
    assertEquals(allows(caps, name), "", name);
  }
});

Deno.test("capabilities: several add up", () => {
  const caps = [
    { channels: ["a"], allow: ["sub"] },
    { channels: ["*"], match: "wildcard", allow: ["prs"] },
    { channels: ["a"] },
    { allow: ["pub"] },
    {},
  ];
  assertEquals(allows(caps, "a"), "sub prs");
  assertEquals(allows(caps, "b"), "prs");
});
