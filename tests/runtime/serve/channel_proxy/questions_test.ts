/** The JSON of the proxy: bodies, and what every kind of answer means. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { JsonError } from "../../../../protocol/json/mod.ts";
import {
  bodyOf,
  readConnect,
  readPublish,
  readRpc,
  readSubscribe,
  settle,
  type Settled,
} from "../../../../runtime/serve/channel_proxy/questions.ts";
import { Random } from "../../../support/random.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

function resultOf<Result>(settled: Settled<Result>): Result {
  if (!("result" in settled) || settled.result === undefined) throw new Error("there is no result");
  return settled.result;
}

Deno.test("questions: a body has what is there, and payloads as they are", () => {
  const payloads = { data: utf8('{"n":12345678901234567890, "f":1.0}'), meta: undefined };
  assertEquals(
    bodyOf({ client: 'a"b', name: undefined }, payloads),
    '{"client":"a\\"b","data":{"n":12345678901234567890, "f":1.0}}',
  );
  assertEquals(bodyOf({ client: "a" }), '{"client":"a"}');
});

Deno.test("questions: results, and answers without one", () => {
  const connect = settle(
    utf8('{"result":{"user":"ann","data":{"f":1.0},"other":[1]}}'),
    readConnect,
  );
  const { user, data } = resultOf(connect);
  assertEquals([user, textOf(data)], ["ann", '{"f":1.0}']);
  const subscribe = settle(
    utf8('{"result":{"expire_at":5,"override":{"presence":{"value":true},"join_leave":{}}}}'),
    readSubscribe,
  );
  const { override, expireAt } = resultOf(subscribe);
  assertEquals([override.presence, override.joinLeave, expireAt], [true, false, 5]);
  assertEquals(override.forceRecovery, undefined);
  const rpc = settle(utf8('{"result":{"data":null}}'), readRpc);
  assertEquals(textOf(resultOf(rpc).data), "null");
  for (const nothing of ["{}", '{"result":null}', '{"error":null,"disconnect":null}']) {
    assertEquals(settle(utf8(nothing), readPublish), { result: undefined });
  }
});

Deno.test("questions: refusals, of which the end of the connection comes first", () => {
  const rows: [text: string, refusal: unknown][] = [
    ['{"error":{"code":400,"message":"no"}}', {
      error: { code: 400, message: "no", temporary: false },
    }],
    ['{"error":{"code":100,"temporary":true},"result":{}}', {
      error: { code: 100, message: "", temporary: true },
    }],
    ['{"error":{"code":400},"disconnect":{"code":4501,"reason":"out"}}', {
      disconnect: { code: 4501, reason: "out" },
    }],
    ['{"disconnect":{"code":3500}}', { disconnect: { code: 3500, reason: "disconnected" } }],
  ];
  for (const [text, refusal] of rows) assertEquals(settle(utf8(text), readPublish), refusal, text);
});

Deno.test("questions: what is no answer", () => {
  const malformed = ["", "x", "[]", "null", '{"result":1}', '{"result":{}', '{"error":"no"}'];
  for (const text of [...malformed, '{"error":{"code":-1}}', '{"result":{"skip_history":1}}']) {
    assertThrows(() => settle(utf8(text), readPublish), JsonError, undefined, text);
  }
  for (const text of ['{"error":{}}', '{"error":{"code":3000}}', '{"disconnect":{"code":1000}}']) {
    assertThrows(() => settle(utf8(text), readPublish), RangeError, "has the code", text);
  }
});

Deno.test("questions: any bytes are an answer, or malformed", () => {
  const random = new Random(13);
  const seeds = [
    '{"result":{"user":"ann","channels":["a","b"],"subs":{"c":{"data":1,"override":{}}},"meta":{}}}',
    '{"error":{"code":400,"message":"\\u00e4","temporary":true},"disconnect":{"code":4000}}',
  ].map(utf8);
  const runs = Number(Deno.env.get("FUZZ_RUNS") ?? 10_000);
  for (let i = 0; i < runs; i++) {
    const bytes = seeds[i % seeds.length]!.slice();
    for (let n = 0; n < 1 + i % 3; n++) bytes[random.below(bytes.length)] = random.below(256);
    try {
      settle(bytes, readConnect);
    } catch (error) {
      assert(error instanceof JsonError || error instanceof RangeError, `${i}: ${error}`);
    }
  }
});
