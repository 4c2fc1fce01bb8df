/**
 * Publishes for clients and backends.
 *
 * In: a channel with its options, data as JSON, and the rest of a publication. Out: its position, or the error to answer with; at once if
 * the store keeps the channels, later if an engine does. Then the publication is stored; subscribers get it from the hubs of their
 * workers.
 */

import { lentUtf8 } from "../../../protocol/mod.ts";
import {
  CLIENT_ERRORS,
  type ClientError,
  type ClientInfo,
} from "../../../protocol/centrifuge/mod.ts";
import { withoutLineBreaks } from "../../../protocol/json/mod.ts";
import { ENTRY_FORM, type EntryForm, publishedForm, type Version } from "../../channels/mod.ts";
import type { PublishAnswer, Soon } from "../broker/mod.ts";
import type { Channel } from "../channels/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import type { PublicationSource } from "./channel_meter.ts";
import { withKey } from "./conflated_channels.ts";
import { encodeFields } from "./publication_fields.ts";

/** What is published. */
export interface PublicationWish {
  /** JSON. */
  readonly data: Uint8Array;
  /** What it stands for; default: `json`. */
  readonly form?: EntryForm;
  readonly info?: ClientInfo | undefined;
  readonly tags?: ReadonlyMap<string, string> | undefined;
  /** What it is a newer value of, where the namespace merges publications; empty: nothing. */
  readonly key?: string | undefined;
  readonly skipHistory?: boolean | undefined;
  /** Whether subscribers with deltas may get it as one, beside the `delta_publish` of the namespace. */
  readonly delta?: boolean | undefined;
  readonly idempotencyKey?: Uint8Array | undefined;
  readonly version?: Version | undefined;
  /** For counts. */
  readonly source: PublicationSource;
}

/** Publishes. The bytes of the wish are used before this returns. */
export function publishTo(
  { store, broker, limits, meter }: ChannelContext,
  { name, options }: Channel,
  wish: PublicationWish,
): Soon<PublishAnswer | ClientError> {
  const { form = ENTRY_FORM.json } = wish;
  const data = form === ENTRY_FORM.json ? withoutLineBreaks(wish.data) : wish.data;
  const tags = wish.key ? withKey(wish.tags, wish.key) : wish.tags;
  const fields = encodeFields({ info: wish.info, tags });
  // The app may publish what it likes.
  const isTooLong = (data.length > limits.publicationBytes && wish.source !== "app") ||
    data.length + fields.length > store.maxEntryBytes;
  if (isTooLong) {
    meter.limitExceeded("publication");
    return CLIENT_ERRORS.BAD_REQUEST;
  }
  const { skipHistory = false, idempotencyKey, version, delta = false } = wish;
  // Without an allowed kind of deltas nobody gets one.
  const asDelta = options.allowedDeltaTypes.length > 0 && (delta || options.deltaPublish);
  const keepsHistory = options.historySize > 0 && options.historyTime > 0;
  const { source } = wish;
  const answer = broker.publish(lentUtf8(name), {
    data,
    form: publishedForm(form, asDelta),
    fields,
    historySize: keepsHistory ? options.historySize : 0,
    historyTtlMs: options.historyTime,
    skipHistory,
    idempotencyKey,
    version,
  });
  if (!(answer instanceof Promise)) return judge(answer, meter, source);
  return answer.then((later) => judge(later, meter, source));
}

function judge(
  answer: PublishAnswer,
  meter: ChannelContext["meter"],
  source: PublicationSource,
): PublishAnswer | ClientError {
  if (answer.status === "stored") meter.published(source);
  const isRefused = answer.status === "full" || answer.status === "busy";
  return isRefused ? CLIENT_ERRORS.INTERNAL : answer;
}
