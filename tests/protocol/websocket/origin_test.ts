import { assertEquals } from "@std/assert";
import { isOriginAllowed, parseOriginPattern } from "../../../protocol/websocket/mod.ts";

type Row = [origin: string | undefined, host: string, patterns: string[], allowed: boolean];

const ROWS: readonly Row[] = [
  [undefined, "example.com", [], true],
  ["http://example.com", "example.com", [], true],
  ["http://example.com", "example.com:80", [], true],
  ["https://example.com", "example.com", [], true],
  ["https://example.com:8443", "example.com:8443", [], true],
  ["https://EXAMPLE.com", "example.COM", [], true],
  ["http://[::1]:8000", "[::1]:8000", [], true],
  ["http://example.com:8000", "example.com", [], false],
  ["http://example.com", "example.com:8000", [], false],
  ["http://evil.com", "example.com", [], false],
  ["http://example.com.evil.com", "example.com", [], false],
  ["http://evil.com/example.com", "example.com", [], false],
  ["http://example.com@evil.com", "example.com", [], false],
  ["null", "example.com", [], false],
  ["", "example.com", [], false],
  ["file://", "example.com", [], false],
  ["http://a, http://example.com", "example.com", [], false],
  ["null", "example.com", ["*"], true],
  ["http://evil.com", "example.com", ["*"], true],
  ["https://a.com", "example.com", ["https://a.com"], true],
  ["http://a.com", "example.com", ["https://a.com"], false],
  ["https://a.com:444", "example.com", ["https://a.com"], false],
  ["https://a.com:444", "example.com", ["https://a.com:444"], true],
  ["https://b.a.com", "example.com", ["https://a.com"], false],
  ["https://b.a.com", "example.com", ["*.a.com"], true],
  ["http://c.b.a.com:99", "example.com", ["*.a.com"], true],
  ["https://a.com", "example.com", ["*.a.com"], false],
  ["https://xa.com", "example.com", ["*.a.com"], false],
  ["http://localhost:3000", "example.com", ["b.com", "localhost"], true],
  ["http://localhost:3000", "example.com", ["http://localhost:3001"], false],
];

Deno.test("origin: which pages may open a WebSocket", () => {
  for (const [origin, host, texts, allowed] of ROWS) {
    const patterns = texts.map((text) => parseOriginPattern(text)!);
    assertEquals(isOriginAllowed(origin, host, patterns), allowed, `${origin} ${host} ${texts}`);
  }
});

Deno.test("origin: invalid patterns are refused", () => {
  for (const text of ["", "**", "*.", "a.com/", "http://", "a b", "*a.com", "a.*.com", "a:b"]) {
    assertEquals(parseOriginPattern(text), null, text);
  }
});
