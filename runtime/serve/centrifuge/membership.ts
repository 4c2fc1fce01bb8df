/**
 * What a subscription gets in its channel, and how its client becomes a member there.
 *
 * In: a client that may subscribe. Out: the plan of the subscription by the rules of the channel; a member in the store, whom
 * the answers about presence list, and whose joining others see, if the plan says so.
 */

import { CLIENT_ERRORS, type ClientError } from "../../../protocol/centrifuge/mod.ts";
import {
  type Channel,
  mayAct,
  planSubscription,
  type SubscriptionPlan,
  type SubscriptionWishes,
} from "../channels/mod.ts";
import { type Soon, whenThere } from "../broker/mod.ts";
import type { SubscriptionOverride } from "../tokens/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import type { ClientIdentity } from "./client_identity.ts";
import { encodeClientInfo } from "./publication_fields.ts";

const UTF8 = new TextEncoder();

/** What a subscription of this client gets. */
export function planFor(
  { isInsecure }: Pick<ChannelContext, "isInsecure">,
  client: ClientIdentity,
  { channel, wishes, override }: {
    readonly channel: Channel;
    readonly wishes: SubscriptionWishes;
    readonly override: SubscriptionOverride;
  },
): SubscriptionPlan {
  const may = (action: "history" | "presence") =>
    isInsecure || mayAct(channel, client, { action, isSubscribed: true });
  const permissions = { history: may("history"), presence: may("presence") };
  return planSubscription(channel.options, override, { wishes, may: permissions });
}

/** Whether the subscriber is a member of the channel. */
export function isMemberBy({ presence, emitJoinLeave }: SubscriptionPlan): boolean {
  return presence || emitJoinLeave;
}

/** Makes the client a member, if the plan says so. */
export function enterPresence(
  { store, broker }: Pick<ChannelContext, "store" | "broker">,
  client: ClientIdentity,
  { key, plan, info }: {
    readonly key: Uint8Array;
    readonly plan: SubscriptionPlan;
    /** JSON that others see beside the subscriber. */
    readonly info: Uint8Array | undefined;
  },
): Soon<ClientError | undefined> {
  if (!isMemberBy(plan)) return undefined;
  const encoded = encodeClientInfo(client.infoIn(info));
  if (encoded.length > store.maxEntryBytes) return CLIENT_ERRORS.LIMIT_EXCEEDED;
  const answer = broker.join(key, {
    client: UTF8.encode(client.id),
    user: UTF8.encode(client.user),
    info: encoded,
    announce: plan.emitJoinLeave,
  });
  return whenThere(answer, (joined) => joined === "joined" ? undefined : CLIENT_ERRORS.INTERNAL);
}

/** The client, a member already in the process before this one, becomes one of this worker. Returns false if it is none. */
export function rejoinPresence(
  { broker, watch }: Pick<ChannelContext, "broker" | "watch">,
  { id, user }: Pick<ClientIdentity, "id" | "user">,
  key: Uint8Array,
): boolean {
  const client = UTF8.encode(id);
  if (!broker.rejoin(key, client)) return false;
  watch?.joined(key, client, UTF8.encode(user));
  return true;
}

/** The member leaves. */
export function leavePresence(
  { broker }: Pick<ChannelContext, "broker">,
  { id }: ClientIdentity,
  key: Uint8Array,
): void {
  broker.leave(key, UTF8.encode(id));
}
