/** What clients may do: every combination that matters, and nothing by default. */

import { assertEquals } from "@std/assert";
import {
  type Access,
  CHANNEL_ACTIONS,
  CHANNEL_OPTIONS,
  type ChannelOptions,
  NO_ACCESS,
} from "../../../../runtime/config/mod.ts";
import {
  type Channel,
  type ChannelClient,
  ChannelRules,
  mayAct,
  maySubscribe,
  refusalOfAction,
} from "../../../../runtime/serve/channels/mod.ts";
import type { Capability } from "../../../../runtime/serve/tokens/mod.ts";

const KNOWN: ChannelClient = { user: "42", capabilities: [] };
const ANONYMOUS: ChannelClient = { user: "", capabilities: [] };

function capable(...allow: string[]): ChannelClient {
  const capability: Capability = { allow, covers: () => true };
  return { user: "42", capabilities: [capability] };
}

function channel(name: string, changes: Partial<ChannelOptions> = {}): Channel {
  const options = { ...CHANNEL_OPTIONS, allowUserLimitedChannels: true, ...changes };
  const answer = new ChannelRules({ options, namespaces: {} }, { nameBytes: 255 }).resolve(name);
  if ("error" in answer) throw new Error(answer.error.message);
  return answer.channel;
}

function access(changes: Partial<Access>): Partial<ChannelOptions> {
  const same: Access = { ...NO_ACCESS, ...changes };
  return { access: { subscribe: same, publish: same, history: same, presence: same } };
}

Deno.test("permissions: by default a client may do nothing", () => {
  for (const client of [KNOWN, ANONYMOUS]) {
    for (const name of ["a", "$a", "a#17"]) {
      assertEquals(maySubscribe(channel(name), client), false, name);
      for (const action of ["publish", "history", "presence"] as const) {
        for (const isSubscribed of [false, true]) {
          assertEquals(mayAct(channel(name), client, { action, isSubscribed }), false, name);
        }
      }
    }
  }
});

Deno.test("permissions: subscribe for clients, and for clients without a user", () => {
  const rows: [Partial<Access>, boolean, boolean][] = [
    [{ client: true }, true, false],
    [{ client: true, anonymous: true }, true, true],
    [{ anonymous: true }, false, false],
    [{ subscriber: true }, false, false],
  ];
  for (const [changes, known, anonymous] of rows) {
    const one = channel("a", access(changes));
    assertEquals([maySubscribe(one, KNOWN), maySubscribe(one, ANONYMOUS)], [known, anonymous]);
  }
});

Deno.test("permissions: actions for clients, for subscribers, and without a user", () => {
  // Known outside, known subscribed, anonymous outside, anonymous subscribed.
  const rows: [Partial<Access>, boolean[]][] = [
    [{ client: true }, [true, true, false, false]],
    [{ subscriber: true }, [false, true, false, false]],
    [{ client: true, anonymous: true }, [true, true, true, true]],
    [{ subscriber: true, anonymous: true }, [false, true, false, true]],
    [{ anonymous: true }, [false, false, false, false]],
  ];
  for (const [changes, expected] of rows) {
    for (const action of CHANNEL_ACTIONS) {
      if (action === "subscribe") continue;
      const found = [KNOWN, ANONYMOUS].flatMap((client) =>
        [false, true].map((isSubscribed) =>
          mayAct(channel("a", access(changes)), client, { action, isSubscribed })
        )
      );
      assertEquals(found, expected, `${action} ${JSON.stringify(changes)}`);
    }
  }
});

Deno.test("permissions: only a subscription token opens a channel that begins with $", () => {
  const open = access({ client: true, anonymous: true, subscriber: true });
  assertEquals(maySubscribe(channel("$a", open), KNOWN), false);
  assertEquals(maySubscribe(channel("$a", open), capable("sub")), false);
  for (
    const [action, word] of [["publish", "pub"], ["presence", "prs"], ["history", "hst"]] as const
  ) {
    for (const client of [KNOWN, ANONYMOUS, capable(word)]) {
      const outside = { action, isSubscribed: false };
      assertEquals(mayAct(channel("$a", open), client, outside), false, action);
      assertEquals(
        mayAct(channel("$a", open), client, { action, isSubscribed: true }),
        true,
        action,
      );
    }
  }
});

Deno.test("permissions: a channel for some users is for them alone", () => {
  const open = access({ client: true, anonymous: true });
  const one = channel("a#17,42", open);
  const other = { user: "4", capabilities: [] };
  assertEquals(maySubscribe(one, KNOWN), true);
  assertEquals(maySubscribe(channel("a#17,42"), KNOWN), true, "no option is needed");
  for (const client of [other, ANONYMOUS, { ...capable("sub"), user: "4" }]) {
    assertEquals(maySubscribe(one, client), false);
  }
  // The empty name behind # is not every client without a user.
  assertEquals(maySubscribe(channel("a#", open), ANONYMOUS), false);
  const outside = { action: "publish", isSubscribed: false } as const;
  assertEquals(mayAct(one, KNOWN, outside), true);
  assertEquals(mayAct(one, other, outside), false);
  assertEquals(mayAct(one, { ...capable("pub"), user: "4" }, outside), false);
  // A subscription token made it a subscriber.
  assertEquals(mayAct(one, other, { action: "publish", isSubscribed: true }), true);
});

Deno.test("permissions: if names with # are not limited, # is a character", () => {
  const one = channel("a#17", { ...access({ client: true }), allowUserLimitedChannels: false });
  assertEquals(maySubscribe(one, KNOWN), true);
});

Deno.test("permissions: capabilities allow what they name", () => {
  assertEquals(maySubscribe(channel("a"), capable("sub")), true);
  assertEquals(maySubscribe(channel("a"), capable("pub", "prs", "hst")), false);
  const rows = [["publish", "pub"], ["presence", "prs"], ["history", "hst"]] as const;
  for (const [action, word] of rows) {
    for (const isSubscribed of [false, true]) {
      assertEquals(mayAct(channel("a"), capable(word), { action, isSubscribed }), true);
      assertEquals(mayAct(channel("a"), capable("sub"), { action, isSubscribed }), false);
    }
  }
});

Deno.test("permissions: what is switched off is not available to anybody", () => {
  const all = access({ client: true });
  const ask = (action: "presence" | "history" | "publish", changes: Partial<ChannelOptions>) =>
    refusalOfAction(channel("a", changes), KNOWN, { action, isSubscribed: true })?.code;
  assertEquals(ask("presence", all), 108);
  assertEquals(ask("history", all), 108);
  assertEquals(ask("publish", all), undefined);
  assertEquals(ask("presence", { ...all, presence: true }), undefined);
  assertEquals(ask("history", { ...all, historySize: 1 }), undefined);
  assertEquals(ask("presence", { presence: true }), 103);
  assertEquals(ask("publish", {}), 103);
});
