/**
 * Capabilities: what a connection token allows for many channels at once.
 *
 * In: the claim `caps` of a verified token. Out: capabilities that say whether they cover an action on a channel. Pure. A
 * pattern always matches a name as a whole, also a regular expression without `^` and `$`, so that `user_1` does not
 * open `user_12`. Wildcards are matched without going back more than one star; regular expressions are the
 * issuer's responsibility, and bounded in length as names are.
 */

import type { Decoded, Shape } from "../../../protocol/json/mod.ts";
import { readList, readText, text } from "../../../protocol/json/mod.ts";
import { matchesWildcard } from "./wildcard.ts";

/** Subscribe, publish, presence, history. */
export type CapabilityAction = "sub" | "pub" | "prs" | "hst";

/** What one entry of `caps` allows. */
export interface Capability {
  /** Words that are not known here allow nothing. */
  readonly allow: readonly string[];
  /** Whether it is about this channel. */
  readonly covers: (channel: string) => boolean;
}

/** One entry of `caps`, as it is written. */
export const CAPABILITY = {
  channels: { wire: "channels", read: readList(readText) },
  /** How `channels` are meant: as they are, `wildcard` or `regex`. */
  match: text("match"),
  allow: { wire: "allow", read: readList(readText) },
} as const satisfies Shape;

const LONGEST_PATTERN = 256;

/** Compiles one entry; undefined if `match` is unknown, or a pattern is no regular expression or too long. */
export function compileCapability(
  { channels = [], match, allow = [] }: Decoded<typeof CAPABILITY>,
): Capability | undefined {
  const make = matcherMaker(match);
  if (make === undefined || channels.some(({ length }) => length > LONGEST_PATTERN)) {
    return undefined;
  }
  try {
    const matchers = channels.map(make);
    return { allow, covers: (channel) => matchers.some((matches) => matches(channel)) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whether any of them allows the action on the channel. */
export function isCapable(
  capabilities: readonly Capability[],
  channel: string,
  action: CapabilityAction,
): boolean {
  return capabilities.some(({ allow, covers }) => allow.includes(action) && covers(channel));
}

type Matcher = (channel: string) => boolean;

function matcherMaker(match: string | undefined): ((pattern: string) => Matcher) | undefined {
  switch (match) {
    case undefined:
    case "":
      return (pattern) => (channel) => channel === pattern;
    case "wildcard":
      return (pattern) => (channel) => matchesWildcard(pattern, channel);
    case "regex":
      return (pattern) => {
        const regex = new RegExp(`^(?:${pattern})$`, "u");
        return (channel) => regex.test(channel);
      };
    default:
      return undefined;
  }
}
