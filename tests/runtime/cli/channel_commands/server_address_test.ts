import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  parseServerUrl,
  urlOfConfig,
} from "../../../../runtime/cli/channel_commands/server_address.ts";
import { UsageError } from "../../../../runtime/cli/usage_error.ts";
import { type Config, DEFAULT_CONFIG } from "../../../../runtime/config/mod.ts";

Deno.test("server address: http, https, ws and wss, with a path in front of the endpoints", () => {
  const rows = [
    ["http://127.0.0.1:8000", "http://127.0.0.1:8000/"],
    ["https://example.com/live", "https://example.com/live/"],
    ["ws://[::1]:80/", "http://[::1]/"],
    ["WSS://example.com", "https://example.com/"],
  ] as const;
  for (const [text, url] of rows) assertEquals(parseServerUrl(text).href, url);
});

Deno.test("server address: what is none is refused with what was most likely meant", () => {
  const rows = [
    ["localhost:8000", "did you mean http://localhost:8000?"],
    ["127.0.0.1", "did you mean http://127.0.0.1?"],
    ["ftp://a", 'begins with http:// or https://, not "ftp://a"'],
    ["a b", 'not "a b"'],
    ["http://ann:secret@a", "must not have a password"],
    ["http://a/?b", "must end with a host, a port or a path"],
  ] as const;
  for (const [text, says] of rows) {
    assertStringIncludes(assertThrows(() => parseServerUrl(text), UsageError).message, says);
  }
});

Deno.test("server address: that of a config is where its own machine reaches it", () => {
  const of = (more: Partial<Config>) => {
    return urlOfConfig({ ...DEFAULT_CONFIG, workers: 1, ...more }).href;
  };
  assertEquals(of({}), "http://127.0.0.1:8000/");
  assertEquals(of({ hostname: "::", port: 81 }), "http://[::1]:81/");
  assertEquals(of({ hostname: "192.0.2.1", port: 80 }), "http://192.0.2.1/");
  const tls = { ...DEFAULT_CONFIG.tls, cert: "a.pem" };
  assertEquals(of({ tls, port: 443 }), "https://127.0.0.1/");
  assertStringIncludes(assertThrows(() => of({ port: 0 }), UsageError).message, "--url");
  const unix = { ...DEFAULT_CONFIG.unix, path: "/run/a.sock" };
  assertStringIncludes(assertThrows(() => of({ unix }), UsageError).message, "/run/a.sock");
});
