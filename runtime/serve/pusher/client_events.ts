/**
 * The events that one client sends to the others of a private or a presence channel.
 *
 * In: an event, and the subscription of the client in that channel. Out: nothing, if it is published; otherwise why it is not, for the
 * developer of the client. The sender does not get it.
 */

import { CLIENT_ERRORS } from "../../../protocol/centrifuge/mod.ts";
import { EVENT_NAME_LENGTH, type PusherCommand } from "../../../protocol/pusher/mod.ts";
import { type Soon, whenThere } from "../broker/mod.ts";
import {
  CommandRate,
  type RateHolder,
  type RateLimiter,
  type SpentRate,
} from "../centrifuge/mod.ts";
import { publishEvent } from "./publishing.ts";
import type { PusherChannel } from "./pusher_app.ts";
import type { PusherContext } from "./pusher_context.ts";
import type { PusherSubscription } from "./pusher_subscription.ts";

/** An event of a client. */
export type ClientEvent = Extract<PusherCommand, { readonly name: "event" }>;

const STRING = new TextDecoder();
const QUOTE = 0x22;

/** How much a client has sent. */
export interface SentEvents {
  readonly rate: SpentRate;
  /** Of a client without a user, in limits of the namespace. */
  readonly buckets: ReturnType<RateLimiter["bucketsOf"]>;
}

/** Of an event that the server cannot take at this moment. */
const NO_ROOM = "The server has no room for it now";

/** Those of one client. */
export class ClientEvents implements RateHolder {
  /** Who the limits of the namespace take the client for: the user that has signed in, or the member of the channel. */
  user = "";
  readonly #context: PusherContext;
  readonly #socketId: string;
  readonly #rate: CommandRate;

  constructor(context: PusherContext, socketId: string) {
    this.#context = context;
    this.#socketId = socketId;
    this.#rate = new CommandRate(context.app.config.clientEventsPerSecond);
  }

  /** What counts for the limits; for {@link goOn} in another process. */
  get sent(): SentEvents {
    const { rates, loop } = this.#context.channels;
    return { rate: this.#rate.spent(loop.now), buckets: rates.bucketsOf(this) };
  }

  /** Goes on with what another process has counted. */
  goOn({ rate, buckets }: SentEvents): void {
    const { rates, loop } = this.#context.channels;
    this.#rate.goOn(rate, loop.now);
    rates.goOn(this, buckets);
  }

  /**
   * Publishes an event; returns why it was not.
   *
   * @param subscription undefined: there is none
   * @param signedIn the user; empty: it has not signed in
   */
  send(
    { event, data }: ClientEvent,
    subscription: PusherSubscription | undefined,
    signedIn: string,
  ): Soon<string | undefined> {
    if (!this.#context.app.config.clientEvents) return "The app does not let clients send events";
    if (subscription === undefined || !subscription.isOpen) {
      return "The connection is not subscribed to this channel";
    }
    const { channel, member } = subscription;
    this.user = signedIn || (member?.id ?? "");
    const refusal = this.#refusalIn(channel, event);
    if (refusal !== undefined) return refusal;
    const text = STRING.decode(data);
    const sent = {
      event,
      data: data[0] === QUOTE ? JSON.parse(text) : text,
      socketId: this.#socketId,
      user: member?.id ?? "",
    };
    const answer = publishEvent(this.#context, channel, { ...sent, source: "client" });
    return whenThere(answer, (result) => {
      if (!("code" in result)) {
        const { app, reporter } = this.#context;
        reporter?.clientEvent(app.config.name, { channel: channel.name, ...sent });
        return undefined;
      }
      return result.code === CLIENT_ERRORS.INTERNAL.code ? NO_ROOM : "The event is too long";
    });
  }

  #refusalIn({ kind, channel }: PusherChannel, event: string): string | undefined {
    if (kind !== "private" && kind !== "presence") {
      return "Clients send events in private and presence channels alone";
    }
    if (event.length > EVENT_NAME_LENGTH) {
      return `The name of an event has at most ${EVENT_NAME_LENGTH} characters`;
    }
    const { app: { config: { clientEventsPerSecond: most } }, channels } = this.#context;
    if (this.#rate.admit(channels.loop.now) !== "admitted") {
      return `The connection sends more than ${most} events in a second`;
    }
    const tooMuch = channels.rates.refusalOf(channel, this, "publish");
    if (tooMuch === CLIENT_ERRORS.INTERNAL) return NO_ROOM;
    return tooMuch && "The user, or the channel, has more events than the app allows";
  }
}
