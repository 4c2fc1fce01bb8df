/** What a subscription gets: by its channel, by its wishes, by its token. */

import { assertEquals } from "@std/assert";
import { CHANNEL_OPTIONS, type ChannelOptions } from "../../../../runtime/config/mod.ts";
import {
  planSubscription,
  type ReadPermissions,
  type SubscriptionPlan,
  type SubscriptionWishes,
} from "../../../../runtime/serve/channels/mod.ts";
import type { SubscriptionOverride } from "../../../../runtime/serve/tokens/mod.ts";

const NO_WISHES = { positioned: false, recoverable: false, joinLeave: false, delta: "" };
const NOTHING = { history: false, presence: false };
const HISTORY = { historySize: 10, historyTime: 1000 };

interface Case {
  readonly options?: Partial<ChannelOptions>;
  readonly override?: SubscriptionOverride;
  readonly wishes?: Partial<SubscriptionWishes>;
  readonly may?: Partial<ReadPermissions>;
}

/** The names of what is true in the plan. */
function plan({ options, override = {}, wishes, may }: Case): string {
  const found: SubscriptionPlan = planSubscription({ ...CHANNEL_OPTIONS, ...options }, override, {
    wishes: { ...NO_WISHES, ...wishes },
    may: { ...NOTHING, ...may },
  });
  return Object.entries(found).filter(([_, value]) => value === true).map(([name]) => name).join(
    " ",
  );
}

Deno.test("subscription plan: nothing by default, whatever is asked for", () => {
  const wishes = { positioned: true, recoverable: true, joinLeave: true, delta: "fossil" };
  assertEquals(plan({}), "");
  assertEquals(plan({ wishes, may: { history: true, presence: true } }), "");
});

Deno.test("subscription plan: recovery and positions", () => {
  const recoverable = "positioned recoverable";
  const rows: [Case, string][] = [
    [{ options: { ...HISTORY, forceRecovery: true } }, recoverable],
    [{ options: { ...HISTORY, forcePositioning: true } }, "positioned"],
    [{ options: { ...HISTORY, allowRecovery: true } }, ""],
    [{ options: { ...HISTORY, allowRecovery: true }, wishes: { recoverable: true } }, recoverable],
    [
      { options: { ...HISTORY, allowPositioning: true }, wishes: { positioned: true } },
      "positioned",
    ],
    [{ options: HISTORY, wishes: { recoverable: true, positioned: true } }, ""],
    [{ options: HISTORY, wishes: { recoverable: true }, may: { history: true } }, recoverable],
    [{ options: HISTORY, wishes: { positioned: true }, may: { history: true } }, "positioned"],
    [{ options: HISTORY, override: { forceRecovery: true } }, recoverable],
    [{ options: { ...HISTORY, forceRecovery: true }, override: { forceRecovery: false } }, ""],
    [{ override: { forceRecovery: true, forcePositioning: true } }, ""],
  ];
  for (const [one, expected] of rows) assertEquals(plan(one), expected, JSON.stringify(one));
});

Deno.test("subscription plan: presence, joins and leaves", () => {
  const joinLeave = { joinLeave: true };
  const rows: [Case, string][] = [
    [{ options: { presence: true } }, "presence"],
    [{ options: { presence: true }, override: { presence: false } }, ""],
    [{ override: { presence: true } }, "presence"],
    [{ options: joinLeave }, "emitJoinLeave"],
    [{ options: { joinLeave: true, forcePushJoinLeave: true } }, "emitJoinLeave pushJoinLeave"],
    [{ options: joinLeave, wishes: joinLeave }, "emitJoinLeave"],
    [
      { options: joinLeave, wishes: joinLeave, may: { presence: true } },
      "emitJoinLeave pushJoinLeave",
    ],
    [{ wishes: joinLeave, may: { presence: true } }, ""],
    [{ override: { joinLeave: true } }, "emitJoinLeave"],
    [
      { options: joinLeave, override: { joinLeave: false, forcePushJoinLeave: true } },
      "pushJoinLeave",
    ],
  ];
  for (const [one, expected] of rows) assertEquals(plan(one), expected, JSON.stringify(one));
});

Deno.test("subscription plan: deltas of an allowed kind", () => {
  const allowed = { allowedDeltaTypes: ["fossil"] } as const;
  assertEquals(plan({ options: allowed }), "");
  assertEquals(plan({ options: allowed, wishes: { delta: "fossil" } }), "delta");
  assertEquals(plan({ options: allowed, wishes: { delta: "other" } }), "");
});

Deno.test("subscription plan: where publications are merged nobody counts offsets, whatever a token forces", () => {
  const merged = { ...HISTORY, conflationInterval: 100 };
  for (const override of [{}, { forceRecovery: true, forcePositioning: true }]) {
    const { recoverable, positioned, whenSlow } = planSubscription(
      { ...CHANNEL_OPTIONS, ...merged, slowPolicy: "skip" },
      override,
      {
        wishes: { ...NO_WISHES, recoverable: true, positioned: true },
        may: { history: true, presence: true },
      },
    );
    assertEquals([recoverable, positioned, whenSlow], [false, false, "newest"]);
  }
});

Deno.test("subscription plan: a slow subscriber is closed, recovers or gets the newest", () => {
  const whenSlow = (options: Partial<ChannelOptions>, wishes: Partial<SubscriptionWishes> = {}) =>
    planSubscription({ ...CHANNEL_OPTIONS, ...options }, {}, {
      wishes: { ...NO_WISHES, ...wishes },
      may: { history: true, presence: true },
    }).whenSlow;
  const skip = { slowPolicy: "skip" } as const;
  assertEquals(whenSlow({}), "close");
  assertEquals(whenSlow({ ...HISTORY, forceRecovery: true }), "close");
  assertEquals(whenSlow(skip), "newest");
  assertEquals(whenSlow({ ...skip, ...HISTORY }), "newest");
  assertEquals(whenSlow({ ...skip, ...HISTORY }, { positioned: true }), "recover");
  assertEquals(whenSlow({ ...skip, ...HISTORY }, { recoverable: true }), "recover");
  assertEquals(whenSlow({ ...skip, joinLeave: true }, { joinLeave: true }), "recover");
});
