/**
 * How often clients may do something in the channels of a namespace, on all workers together.
 *
 * In: what a client is about to do, once it is permitted. Out: nothing, if it may; otherwise the error to answer with. A user has one
 * budget in each namespace, whatever its connections and protocols are; a client without a user has one for each connection, which
 * is kept here, so that no number of such connections takes room from users. Without limits nothing is stored.
 */

import { CLIENT_ERRORS, type ClientError } from "../../../protocol/centrifuge/mod.ts";
import { microseconds, takeToken, type TokenBucket } from "../../channels/mod.ts";
import { type ChannelAction, RATE_LIMITS, type RateLimitName } from "../../config/mod.ts";
import type { Channel } from "../channels/mod.ts";
import type { ChannelContext, ClientStore } from "./channel_context.ts";

/** Who does it. */
export interface RateHolder {
  /** Empty: it has none. */
  readonly user: string;
}

const PER_USER: Readonly<Record<ChannelAction, RateLimitName>> = {
  subscribe: "subscribe_limit_per_user",
  publish: "publish_limit_per_user",
  history: "history_limit_per_user",
  presence: "presence_limit_per_user",
};
const UTF8 = new TextEncoder();

interface LimitedBucket extends TokenBucket {
  readonly name: RateLimitName;
}

/** The limits of all clients of one worker. */
export class RateLimiter {
  readonly #store: Pick<ClientStore, "takeTokens">;
  readonly #meter: Pick<ChannelContext["meter"], "limitExceeded">;
  readonly #loop: Pick<ChannelContext["loop"], "now">;
  /** Of connections without a user: when each of their buckets is full again. */
  readonly #connections = new WeakMap<RateHolder, Map<string, number>>();

  constructor(
    { store, meter, loop }: {
      readonly store: Pick<ClientStore, "takeTokens">;
      readonly meter: Pick<ChannelContext["meter"], "limitExceeded">;
      readonly loop: Pick<ChannelContext["loop"], "now">;
    },
  ) {
    this.#store = store;
    this.#meter = meter;
    this.#loop = loop;
  }

  /**
   * Counts what a client does, unless it is too much; then nothing is counted.
   *
   * @param holder the same object for everything that one connection does
   */
  refusalOf(
    channel: Channel,
    holder: RateHolder,
    action: ChannelAction,
  ): ClientError | undefined {
    const { rateLimits } = channel.options;
    const name = PER_USER[action];
    const perUser = rateLimits[name];
    const perChannel = action === "publish" ? rateLimits.publish_limit_per_channel : undefined;
    if (perUser === undefined && perChannel === undefined) return undefined;
    const buckets: LimitedBucket[] = [];
    const { user } = holder;
    if (perUser !== undefined && user !== "") {
      buckets.push({ ...perUser, name, key: keyOf(name, `${channel.namespace}\0${user}`) });
    }
    if (perChannel !== undefined) {
      const ofChannel = "publish_limit_per_channel";
      buckets.push({ ...perChannel, name: ofChannel, key: keyOf(ofChannel, channel.name) });
    }
    if (perUser === undefined || user !== "") return this.#take(buckets);
    // The two are on this thread alone: nothing happens in between.
    const own = this.#ownBuckets(holder);
    const key = `${name}\0${channel.namespace}`;
    const fullAt = takeToken(perUser, own.get(key) ?? 0, microseconds(this.#loop.now));
    if (fullAt === undefined) return this.#refuse(name);
    const refusal = this.#take(buckets);
    if (refusal === undefined) own.set(key, fullAt);
    return refusal;
  }

  /** The buckets of a connection without a user, with the microseconds until each is full again; for {@link goOn} in another process. */
  bucketsOf(holder: RateHolder): readonly (readonly [key: string, left: number])[] {
    const now = microseconds(this.#loop.now);
    const buckets = [...this.#connections.get(holder) ?? []];
    return buckets.map(([key, fullAt]) => [key, fullAt - now] as const)
      .filter(([, left]) => left > 0);
  }

  /** Goes on with the buckets of a connection that another process has had. */
  goOn(holder: RateHolder, buckets: ReturnType<RateLimiter["bucketsOf"]>): void {
    const now = microseconds(this.#loop.now);
    const own = this.#ownBuckets(holder);
    for (const [key, left] of buckets) own.set(key, now + left);
  }

  #take(buckets: readonly LimitedBucket[]): ClientError | undefined {
    if (buckets.length === 0) return undefined;
    const answer = this.#store.takeTokens(buckets);
    if (answer === "taken") return undefined;
    if (answer === "full" || answer === "busy") return CLIENT_ERRORS.INTERNAL;
    return this.#refuse((answer as LimitedBucket).name);
  }

  #refuse(name: RateLimitName): ClientError {
    this.#meter.limitExceeded(name);
    return CLIENT_ERRORS.TOO_MANY_REQUESTS;
  }

  #ownBuckets(holder: RateHolder): Map<string, number> {
    const known = this.#connections.get(holder);
    if (known !== undefined) return known;
    const buckets = new Map<string, number>();
    this.#connections.set(holder, buckets);
    return buckets;
  }
}

/** No two limits have a bucket with the same key. */
function keyOf(name: RateLimitName, of: string): Uint8Array {
  return UTF8.encode(`${RATE_LIMITS.indexOf(name)}${of}`);
}
