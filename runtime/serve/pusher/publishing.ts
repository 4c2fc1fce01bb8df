/**
 * Publishes events of the Pusher protocol, so that subscribers of every protocol get them.
 *
 * In: an event with its data as a text, and who is not to get it. Out: what `publishTo` answers. The name of the event is the tag
 * `event` of the publication; the data is the text itself if it is JSON, and a JSON string otherwise.
 */

import type { ClientError } from "../../../protocol/centrifuge/mod.ts";
import { jsonDataOf } from "../../../protocol/pusher/mod.ts";
import { ENTRY_FORM } from "../../channels/mod.ts";
import type { PublishAnswer, Soon } from "../broker/mod.ts";
import { publishTo } from "../centrifuge/mod.ts";
import type { PusherChannel } from "./pusher_app.ts";
import type { PusherContext } from "./pusher_context.ts";

/** What is published. */
export interface PusherPublication {
  readonly event: string;
  /** As clients get it. */
  readonly data: string;
  /** The connection that has sent it, or is not to get it for another reason; empty: there is none. */
  readonly socketId: string;
  /** The member who has sent it; empty: nobody whom the channel knows. */
  readonly user: string;
  readonly source: "client" | "api";
}

/** Publishes. */
export function publishEvent(
  { channels }: Pick<PusherContext, "channels">,
  { channel }: PusherChannel,
  { event, data, socketId, user, source }: PusherPublication,
): Soon<PublishAnswer | ClientError> {
  const { json, form } = jsonDataOf(data);
  return publishTo(channels, channel, {
    source,
    data: json,
    form: ENTRY_FORM[form],
    tags: new Map([["event", event]]),
    info: socketId === "" ? undefined : { user, client: socketId },
    // What clients send each other is for the moment, and is not what a cache channel keeps.
    skipHistory: source === "client",
  });
}
