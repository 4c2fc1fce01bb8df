/** Heads that clients repeat: found by all of their bytes and by nothing else. The fuzz test compares them with parsed ones. */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  HEAD_SLOT_BYTES,
  HEAD_SLOTS,
  HeadCache,
  parseRequestHead,
  RequestHead,
} from "../../../protocol/http1/mod.ts";
import { HTTP1_LIMITS } from "../../../protocol/limits.ts";
import { bytesOf } from "../../support/protocol_cases.ts";

const TEXT = "GET /a?b HTTP/1.1\r\nHost: x\r\nCookie: one\r\n\r\n";

function parse(text: string): { head: RequestHead; bytes: Uint8Array } {
  const [head, bytes] = [new RequestHead(), bytesOf(text)];
  assertEquals(parseRequestHead(bytes, 0, bytes.length, head, HTTP1_LIMITS), bytes.length);
  return { head, bytes };
}

function kept(cache: HeadCache, text: string): number {
  const { head, bytes } = parse(text);
  const slot = cache.keep(head, bytes, 0, bytes.length);
  bytes.fill(0); // the cache has a copy
  return slot;
}

/** How many bytes of `text` at `start` are the head in the slot; twice, as an array that comes again is compared by words. */
function found(cache: HeadCache, slot: number, text: string, start = 0): number {
  const [head, bytes] = [new RequestHead(), bytesOf(text)];
  const first = cache.find(slot, bytes, start, bytes.length, head);
  assertEquals(cache.find(slot, bytes, start, bytes.length, head), first);
  return first;
}

Deno.test("head cache: a head is found at any offset, whatever follows it", () => {
  for (const extra of ["", "1", "12", "123"]) { // lengths that are no multiples of a word
    const text = TEXT.replace("one", `one${extra}`);
    const cache = new HeadCache();
    const slot = kept(cache, text);
    assertEquals(found(cache, slot, text), text.length);
    assertEquals(found(cache, slot, `${"x".repeat(5)}${text}GET`, 5), text.length);
  }
});

Deno.test("head cache: one changed byte anywhere, or a missing one, and it is not found", () => {
  const cache = new HeadCache();
  const slot = kept(cache, TEXT);
  for (let at = 0; at < TEXT.length; at++) {
    const changed = `${TEXT.slice(0, at)}\x01${TEXT.slice(at + 1)}`;
    assertEquals(found(cache, slot, changed), 0, `byte ${at}`);
    assertEquals(found(cache, slot, TEXT.slice(0, at)), 0, `the first ${at} bytes`);
  }
  assertEquals([found(cache, slot + 1, TEXT), found(cache, -1, TEXT)], [0, 0]);
});

Deno.test("head cache: what it shows is complete, and a clone of it lasts", () => {
  const cache = new HeadCache();
  const slot = kept(cache, TEXT);
  const [head, bytes] = [new RequestHead(), bytesOf(TEXT)];
  cache.find(slot, bytes, 0, bytes.length, head);
  const clone = head.clone();
  // The next head of the worker is parsed, and then kept in every slot.
  const other = "POST /other HTTP/1.0\r\nContent-Length: 3\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n";
  const otherBytes = bytesOf(other);
  parseRequestHead(otherBytes, 0, otherBytes.length, head, HTTP1_LIMITS);
  assertEquals([head.method, head.fields.length, head.contentLength], ["POST", 4, 3]);
  assertEquals(found(cache, slot, TEXT), TEXT.length);
  for (let i = 0; i < HEAD_SLOTS; i++) kept(cache, other.replace("other", `other${i}`));
  assertEquals(found(cache, slot, TEXT), 0);
  const { method, path, query, contentLength } = clone;
  assertEquals([method, path, query, contentLength], ["GET", "/a", "b", -1]);
  assertEquals([...clone.fields], [["Host", "x"], ["Cookie", "one"]]);
});

Deno.test("head cache: clones of what it shows are no copies, and change with no later head", () => {
  const cache = new HeadCache();
  const slot = kept(cache, TEXT);
  const [head, bytes] = [new RequestHead(), bytesOf(TEXT)];
  const clones = [1, 2].map(() => {
    cache.find(slot, bytes, 0, bytes.length, head);
    return head.clone();
  });
  assertStrictEquals(clones[0], clones[1]);
  // The same slot again: what was lent stays, and is not lent again.
  for (let i = 0; i < HEAD_SLOTS; i++) kept(cache, TEXT.replace("/a?b", `/other${i}`));
  assertEquals(clones.map((clone) => [clone.path, clone.field("cookie")]), [["/a", "one"], [
    "/a",
    "one",
  ]]);
  const parsed = parse(TEXT).head;
  assert(parsed.clone() !== parsed.clone());
});

Deno.test("head cache: connections with equal heads share a slot, and long heads get none", () => {
  const cache = new HeadCache();
  const slot = kept(cache, TEXT);
  assertEquals(kept(cache, TEXT), slot);
  assert(kept(cache, TEXT.replace("one", "two")) !== slot);
  const long = (bytes: number) => TEXT.replace("one", "c".repeat(bytes - TEXT.length + 3));
  assert(kept(cache, long(HEAD_SLOT_BYTES)) >= 0);
  assertEquals(kept(cache, long(HEAD_SLOT_BYTES + 1)), -1);
});

Deno.test("head cache: a repeated head has its own host, decoded once, and the next one another", () => {
  const cache = new HeadCache();
  const { head, bytes } = parse(TEXT.replace("one", "two"));
  const host = head.host();
  const hosts = ["a.example", "b.example"].map((name) => {
    const text = TEXT.replace(/Host: .*\r\n/, `Host: ${name}\r\n`);
    const slot = kept(cache, text);
    const again = bytesOf(text);
    return () => {
      cache.find(slot, again, 0, again.length, head);
      return [head.isRepeated, head.host(), head.clone().host()];
    };
  });
  for (let i = 0; i < 2; i++) {
    assertEquals(hosts[0]!(), [true, "a.example", "a.example"]);
    assertEquals(hosts[1]!(), [true, "b.example", "b.example"]);
  }
  parseRequestHead(bytes, 0, bytes.length, head, HTTP1_LIMITS);
  assertEquals([head.isRepeated, head.host()], [false, host]);
});

Deno.test("head cache: what was derived from a head is found with it, and gone with it", () => {
  const cache = new HeadCache();
  const { head, bytes } = parse(TEXT);
  head.memo = "parsed";
  const slot = cache.keep(head, bytes, 0, bytes.length);
  const [again, other] = [bytesOf(TEXT), bytesOf(TEXT.replace("one", "two"))];
  cache.find(slot, again, 0, again.length, head);
  assertEquals([head.isRepeated, head.memo], [true, null]);
  head.memo = "kept";
  const clone = head.clone();
  const copy = parse(TEXT).head;
  copy.memo = "copied";
  assertEquals([clone.memo, copy.clone().memo], ["kept", null]);
  parseRequestHead(other, 0, other.length, head, HTTP1_LIMITS);
  assertEquals([head.isRepeated, head.memo], [false, null]);
  // Any connection of the worker finds it.
  const second = new RequestHead();
  cache.find(slot, again, 0, again.length, second);
  assertEquals([second.memo, second.clone().isRepeated], ["kept", false]);
  // Another head in the same slot.
  for (let i = 0; i < HEAD_SLOTS; i++) kept(cache, TEXT.replace("one", `${i + 100}`));
  const last = bytesOf(TEXT.replace("one", "163"));
  assert(
    cache.find(slot, last, 0, last.length, head) +
        cache.find(slot + 1, last, 0, last.length, head) > 0,
  );
  assertEquals(head.memo, null);
});
