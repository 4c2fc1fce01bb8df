/** What an app's functions for channels may return: what others could not read is a fault of the app, and goes to nobody. */

import { assertEquals } from "@std/assert";
import {
  CHANNEL_LIMITS,
  CHANNEL_OPTIONS,
  type ChannelsConfig,
} from "../../../../runtime/config/mod.ts";
import { JSON_DEPTH } from "../../../../protocol/json/mod.ts";
import {
  AppClientHooks,
  type AppClientHooksParts,
} from "../../../../runtime/serve/app/app_client_hooks.ts";
import { isRefusal } from "../../../../runtime/serve/centrifuge/mod.ts";

const HALF = "\ud83d";

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

/** What becomes of an answer of a function, and what the operator is told. */
function settled(name: "connect" | "subscribe" | "publish", answer: unknown) {
  const reported: string[] = [];
  const app = { module: { channels: { [name]: () => answer } }, server: {}, timeout: 0 };
  const hooks = new AppClientHooks({
    app: () => app as unknown as ReturnType<AppClientHooksParts["app"]>,
    channels: { options: CHANNEL_OPTIONS, namespaces: {} } as ChannelsConfig,
    limits: CHANNEL_LIMITS,
    report: (what, error) => reported.push(`${what}: ${(error as Error).message}`),
  });
  const identity = { id: "1", user: "" };
  const ask = { identity, transport: "websocket", channel: "a", headers: new Map() };
  const hook = hooks[name] as (given: unknown) => unknown;
  return { isRefused: isRefusal(hook({ ...ask, data: new TextEncoder().encode("1") })), reported };
}

Deno.test("app client hooks: a user, a key and an info that nobody could read are faults of the app", () => {
  const half = "half of a surrogate pair, as when a text is cut within an emoji";
  const deep = "info has more than 63 arrays and objects inside of each other";
  const rows: ["connect" | "subscribe" | "publish", unknown, string][] = [
    ["connect", { user: `ann ${HALF}` }, `user must not have ${half}`],
    ["connect", { info: nested(JSON_DEPTH) }, deep],
    ["subscribe", { info: nested(JSON_DEPTH) }, deep],
    ["publish", { key: HALF }, `The key of a publication must not have ${half}`],
  ];
  for (const [name, answer, text] of rows) {
    assertEquals(settled(name, answer), {
      isRefused: true,
      reported: [`channels.${name}: ${text}`],
    });
  }
  for (const answer of [{ user: "😀" }, { info: nested(JSON_DEPTH - 1) }, { info: HALF }]) {
    assertEquals(settled("connect", answer), { isRefused: false, reported: [] });
  }
});
