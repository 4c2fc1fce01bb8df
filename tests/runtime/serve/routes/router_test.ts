/** An exception in a look-up, or in a guard, fails only that request. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { parseRequestHead } from "../../../../protocol/http1/request_parser.ts";
import { DateField, HTTP1_LIMITS, RequestHead } from "../../../../protocol/mod.ts";
import { DEFAULT_CONFIG } from "../../../../runtime/config/mod.ts";
import type { Site } from "../../../../runtime/serve/files/mod.ts";
import { serverRouter } from "../../../../runtime/serve/routes/mod.ts";
import { ANYBODY, type Exchange, type Guard } from "../../../../runtime/serve/session/mod.ts";

const date = new DateField(0);
const CLIENT = { clientAddress: "", hasLeft: false, hasEnded: false };
const FAULT = new RangeError("a fault of ours");

function fail(): never {
  throw FAULT;
}

Deno.test("router: an exception in the folder's look-up is handled like a handler's", () => {
  const site = { find: fail, answerFailure: () => false, close() {} } as unknown as Site;
  const router = serverRouter({ config: DEFAULT_CONFIG, date, site });
  const route = router.find("/a\x01b");
  assertEquals(route?.label.text, "/a\\x01b (failed)");
  assertThrows(() => route?.handle({} as Exchange), RangeError, FAULT.message);
  assert(router.find("/healthz") !== undefined);
});

Deno.test("router: an exception in a guard becomes a rejected promise", async () => {
  const guard: Guard = { judge: fail, refuse() {} };
  const router = serverRouter({ config: DEFAULT_CONFIG, date, guard });
  const head = new RequestHead();
  head.path = "/";
  await assertRejects(
    async () => await router.guard?.judge(head, CLIENT),
    RangeError,
    FAULT.message,
  );
  head.path = "/healthz";
  assertEquals(router.guard?.judge(head, CLIENT), ANYBODY);
});

Deno.test("router: a guard lets pass preflights of endpoints that answer them, and no others", () => {
  const guard: Guard = { judge: () => "refused", refuse() {} };
  const route = { ...serverRouter({ config: DEFAULT_CONFIG, date }).find("/healthz")! };
  const channels = [
    ["/channels/sse", { ...route, methods: ["GET", "OPTIONS"] }],
    ["/api/info", { ...route, methods: ["POST"] }],
  ] as const;
  const router = serverRouter({ config: DEFAULT_CONFIG, date, guard, channels });
  const judged = (path: string, method = "OPTIONS") => {
    const head = new RequestHead();
    const text =
      `${method} ${path} HTTP/1.1\r\nHost: a\r\nAccess-Control-Request-Method: GET\r\n\r\n`;
    const bytes = new TextEncoder().encode(text);
    parseRequestHead(bytes, 0, bytes.length, head, HTTP1_LIMITS);
    return router.guard?.judge(head, CLIENT) === ANYBODY;
  };
  assertEquals(judged("/channels/sse"), true);
  assertEquals(judged("/channels/sse", "GET"), false);
  assertEquals([judged("/api/info"), judged("/echo"), judged("/nothing")], [false, false, false]);
});
