/**
 * What functions under `channels` return and throw, and what their clients then get: what is no answer allows nothing.
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { CLIENT_ERRORS } from "../../../../protocol/centrifuge/mod.ts";
import { CHANNEL_LIMITS, CHANNEL_OPTIONS, NO_TOKENS } from "../../../../runtime/config/mod.ts";
import { errorText } from "../../../../runtime/observe/log/mod.ts";
import type { App } from "../../../../runtime/serve/app/app.ts";
import { AppClientHooks } from "../../../../runtime/serve/app/app_client_hooks.ts";
import { ClientIdentity, isRefusal } from "../../../../runtime/serve/centrifuge/mod.ts";

type Function = "connect" | "subscribe" | "publish" | "refresh" | "subRefresh";
const FUNCTIONS: readonly Function[] = [
  "connect",
  "subscribe",
  "publish",
  "refresh",
  "subRefresh",
];

const CHANNELS = {
  options: CHANNEL_OPTIONS,
  namespaces: { chat: CHANNEL_OPTIONS },
  allowAnonymousConnect: false,
  token: NO_TOKENS,
  apiKey: undefined,
};
const LIMITS = { ...CHANNEL_LIMITS, channelsPerConnection: 3, publicationBytes: 100 };
const DATA = new TextEncoder().encode("{}");
const FAILED = { error: CLIENT_ERRORS.INTERNAL };

/** What a client is told if a function does this, and what the operator is told. */
async function told(name: Function, act: () => unknown): Promise<[unknown, string]> {
  let report = "";
  const hooks = new AppClientHooks({
    app: () => ({ module: { channels: { [name]: act } }, timeout: 0 } as unknown as App),
    channels: CHANNELS,
    limits: LIMITS,
    report: (what, error) => report = `${what}: ${errorText(error)}`,
  });
  const caller = { identity: new ClientIdentity(), transport: "websocket" } as const;
  const texts = { channel: "chat:a", token: "", name: "", version: "", data: DATA };
  const ask = { ...caller, ...texts, claims: undefined, headers: new Map<string, string>() };
  return [await hooks[name]?.(ask), report];
}

const NO_ANSWERS = [0, 5, "", "yes", [], [{}], () => ({}), 1n, Symbol("x")];

for (const name of FUNCTIONS) {
  Deno.test(`app client hooks: ${name} allows by an object or true, and by nothing else`, async () => {
    for (const value of NO_ANSWERS) {
      for (const act of [() => value, () => Promise.resolve(value)]) {
        const [answer, report] = await told(name, act);
        assertEquals(answer, FAILED);
        assertStringIncludes(report, `channels.${name}: TypeError: it must return an object`);
      }
    }
    for (const value of [{}, true, Object.create(null)]) {
      const [answer, report] = await told(name, () => value);
      assertEquals([isRefusal(answer), answer === undefined, report], [false, false, ""]);
    }
    assertEquals(await told(name, () => null), [undefined, ""]);
    assertEquals(await told(name, () => false), [{ error: CLIENT_ERRORS.PERMISSION_DENIED }, ""]);
  });
}

/** Things that code throws, some of which fail when they are looked at. */
const THROWN: readonly unknown[] = [
  null,
  undefined,
  "text",
  Symbol("x"),
  Object.create(null),
  { code: "403" },
  { code: NaN },
  { code: 4000, message: Object.create(null) },
  {
    get code() {
      throw new Error("of the getter");
    },
  },
  new Proxy({}, {
    has() {
      throw new Error("of the trap");
    },
  }),
];

Deno.test("app client hooks: whatever is thrown, the client is told that the server failed", async () => {
  for (const thrown of THROWN) {
    for (const act of [() => fail(thrown), () => Promise.reject(thrown)]) {
      const [answer, report] = await told("subscribe", act);
      assertEquals(answer, FAILED);
      assertStringIncludes(report, "channels.subscribe: ");
    }
  }
});

function fail(thrown: unknown): never {
  throw thrown;
}

/** Answers that cannot be carried out, and why. */
const IMPOSSIBLE: readonly [name: Function, answer: unknown, why: string][] = [
  ["connect", { channels: ["chat:a", "other:b"] }, '"other:b", whose namespace'],
  ["connect", { channels: [""] }, "which is empty"],
  ["connect", { channels: [`chat:${"x".repeat(300)}`] }, "longer than --max-channel-name"],
  ["connect", { channels: ["a", "b", "c", "d"] }, "4 channels, and --max-channels is 3"],
  ["connect", { channels: "chat:a" }, "channels must be an array"],
  ["connect", { user: {} }, "user must be a string"],
  ["connect", { expireAt: "soon" }, "expireAt must be seconds"],
  ["connect", { info: () => {} }, "no value that JSON has"],
  ["subscribe", { expireAt: NaN }, "expireAt must be seconds"],
  ["subscribe", { data: 1n }, "BigInt"],
  ["publish", { data: "x".repeat(200) }, "202 bytes, and --max-publication is 100"],
  ["publish", { key: 5 }, "key of a publication"],
  ["refresh", { expireAt: Date.now() }, "expireAt must be seconds"],
];

Deno.test("app client hooks: what cannot be carried out is the app's fault, and told to the operator", async () => {
  for (const [name, value, why] of IMPOSSIBLE) {
    const [answer, report] = await told(name, () => value);
    assertEquals(answer, FAILED);
    assertStringIncludes(report, why);
  }
});
