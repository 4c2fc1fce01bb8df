/**
 * Reads the last event of a cache channel, for a client that has subscribed.
 *
 * In: a channel whose history keeps one publication at least. Out: the newest one, encoded as a live one.
 */

import type { Entry, EntrySink } from "../../channels/mod.ts";
import { type Soon, whenThere } from "../broker/mod.ts";
import type { PusherChannel } from "./pusher_app.ts";
import type { PusherContext } from "./pusher_context.ts";

/** An event that was published before. */
export interface CachedEvent {
  readonly offset: number;
  readonly message: string;
}

/** The event; undefined: there is none, or its time is over. */
export function readCached(
  { channels, face }: Pick<PusherContext, "channels" | "face">,
  { channel, key }: PusherChannel,
): Soon<CachedEvent | "busy" | undefined> {
  let found: CachedEvent | undefined;
  const sink: EntrySink = {
    entry: (entry: Entry) => {
      found ??= { offset: entry.offset, message: face.messageOf(channel.name, entry) };
    },
  };
  const bounds = { limit: 1, maxBytes: channels.limits.historyBytes };
  const answer = channels.broker.history(key, { ...bounds, since: undefined, reverse: true }, sink);
  return whenThere(answer, ({ status }) => status === "busy" ? status : found);
}
