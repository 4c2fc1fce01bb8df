/**
 * Which channels have publications of the same key merged, and what a publication's key is.
 *
 * In: the options of namespaces, and entries. Out: what the hub asks for. The key is the tag `key`: it travels with a publication through
 * an engine, and subscribers see it.
 */

import type { Loop } from "../../net/mod.ts";
import type { ChannelRules } from "../channels/mod.ts";
import type { ConflationRules } from "../hub/mod.ts";
import type { ChannelMeter } from "./channel_meter.ts";
import { tagsOf } from "./publication_fields.ts";

const TAG = "key";
const MAX_KEY_BYTES = 255;
const UTF8 = new TextEncoder();

/** Whether a key is longer than a key may be: 255 bytes. */
export function isLongKey(key: string): boolean {
  return key.length > MAX_KEY_BYTES || UTF8.encode(key).length > MAX_KEY_BYTES;
}

/** Tags with the key of a publication. */
export function withKey(
  tags: ReadonlyMap<string, string> | undefined,
  key: string,
): ReadonlyMap<string, string> {
  return new Map([...tags ?? [], [TAG, key]]);
}

/** What the hub of a worker merges. */
export function conflationRules(
  { rules, meter, os }: {
    readonly rules: Pick<ChannelRules, "resolve">;
    readonly meter: Pick<ChannelMeter, "conflated" | "conflationEndedEarly">;
    readonly os: Pick<Loop["os"], "preciseMilliseconds">;
  },
): ConflationRules {
  return {
    intervalOf: (name) => {
      const found = rules.resolve(name);
      return "channel" in found ? found.channel.options.conflationInterval : 0;
    },
    keyOf: (entry) => tagsOf(entry).get(TAG) || undefined,
    now: () => os.preciseMilliseconds(),
    merged: () => meter.conflated(),
    endedEarly: () => meter.conflationEndedEarly(),
  };
}
