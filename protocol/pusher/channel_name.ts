/**
 * What the name of a Pusher channel says about it: who may subscribe, and whether its last event is kept.
 *
 * In: a name as a client or a backend gives it. Out: its kind, or undefined if it is no channel's name.
 *
 *   private-encrypted-cache-orders      #server-to-user-42
 *   └──────┬────────┘└─┬──┘             for the user 42 alone
 *     who may          the last event is sent to whom subscribes
 */

import { CHANNEL_NAME_LENGTH, USER_ID_LENGTH } from "./limits.ts";

/**
 * Who may subscribe, and what else there is.
 *
 * - `public`: everybody.
 * - `private`: with a signature of the application. Members may send events.
 * - `encrypted`: the same, without events of clients; what is sent only the clients can read.
 * - `presence`: with a signature that says who the member is, whom the others are told of.
 * - `user`: the signed-in user.
 */
export type PusherChannelKind = "public" | "private" | "encrypted" | "presence" | "user";

/** A channel, by its name. */
export interface PusherChannelName {
  readonly name: string;
  readonly kind: PusherChannelKind;
  /** Whether who subscribes gets the last event. */
  readonly isCache: boolean;
  /** The user of a `user` channel; empty: it is another kind. */
  readonly user: string;
}

const NAME = /^[A-Za-z0-9_\-=@,.;]+$/;
const CACHE = /^(?:private-encrypted-|private-|presence-)?cache-/;
const SERVER_TO_USER = "#server-to-user-";

const KINDS: readonly (readonly [prefix: string, kind: PusherChannelKind])[] = [
  ["private-encrypted-", "encrypted"],
  ["private-", "private"],
  ["presence-", "presence"],
];

/** Takes a name apart. */
export function parsePusherChannel(name: string): PusherChannelName | undefined {
  if (name.startsWith(SERVER_TO_USER)) {
    const user = name.slice(SERVER_TO_USER.length);
    const isUser = user !== "" && user.length <= USER_ID_LENGTH;
    return isUser ? { name, kind: "user", isCache: false, user } : undefined;
  }
  if (name.length > CHANNEL_NAME_LENGTH || !NAME.test(name)) return undefined;
  const kind = KINDS.find(([prefix]) => name.startsWith(prefix))?.[1] ?? "public";
  return { name, kind, isCache: CACHE.test(name), user: "" };
}
