/**
 * What a channel's name says about the channel: its namespace, whether it needs a token, and whom it is for.
 *
 * In: a name as a client or backend gives it. Out: its parts. Nothing is looked up.
 *
 *   $chat:room#17,42      $: a subscription token is needed
 *   │└┬─┘ └─┬┘ └─┬─┘      before the first `:`: the namespace
 *   │ namespace  users    behind the last `#`: the users, if the namespace allows it
 */

const PRIVATE = "$";
const NAMESPACE_END = ":";
const USERS = "#";
const USER_SEPARATOR = ",";

/** The parts of a name. */
export interface ChannelName {
  /** Empty: the channel has none. */
  readonly namespace: string;
  /** What is behind the namespace, or the whole name: what `channel_regex` must match. */
  readonly rest: string;
  /** Whether it begins with `$`. */
  readonly isPrivate: boolean;
  /** The users behind `#`; undefined: the name has no `#`. */
  readonly users: readonly string[] | undefined;
}

/** Takes a name apart. */
export function parseChannelName(name: string): ChannelName {
  const isPrivate = name.startsWith(PRIVATE);
  const end = name.indexOf(NAMESPACE_END);
  // V8 searches forwards in compiled code, and backwards not.
  const users = name.includes(USERS) ? name.lastIndexOf(USERS) : -1;
  return {
    namespace: end < 0 ? "" : name.slice(isPrivate ? PRIVATE.length : 0, end),
    rest: end < 0 ? name : name.slice(end + NAMESPACE_END.length),
    isPrivate,
    users: users < 0 ? undefined : name.slice(users + USERS.length).split(USER_SEPARATOR),
  };
}
