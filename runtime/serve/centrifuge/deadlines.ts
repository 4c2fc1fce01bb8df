/**
 * When a client is pinged first, and when what a token opened ends; for every kind of client.
 *
 * In: the times of the config and of tokens. Out: moments in the loop's milliseconds, and seconds for clients; ticks, to keep moments.
 * The clock is read: most of this is decided in promises, while the worker waits, and the loop's `now` is as old as the wait then.
 */

import { NEVER } from "../../net/mod.ts";
import type { ChannelContext } from "./channel_context.ts";

/** The first ping comes after this part of the time between two, at least; so pings are spread. */
const LEAST_FIRST_PING = 0.5;

/** Milliseconds of a tick: those of the wheel, which calls no earlier and no later than that. */
const TICK = 128;

/** No tick. */
export const NEVER_TICK = 2 ** 30 - 1;

/** A moment of the loop, as it is stored by the thousand: a small integer in the field itself, and no heap number. Rounded up. */
export function tickOf(moment: number): number {
  return moment >= NEVER_TICK * TICK ? NEVER_TICK : Math.ceil(moment / TICK);
}

/** The moment of a tick; {@link NEVER} if there is none. */
export function momentOfTick(tick: number): number {
  return tick === NEVER_TICK ? NEVER : tick * TICK;
}

/** The loop's clock. */
type Clock = Pick<ChannelContext["loop"], "os">;

/** The present moment, in a promise too. */
export function presentOf({ loop }: { readonly loop: Clock }): number {
  return loop.os.preciseMilliseconds();
}

/** When the first ping is due. @param pingTime milliseconds between two */
export function firstPingAt(
  context: Pick<ChannelContext, "random"> & { readonly loop: Clock },
  pingTime: number,
): number {
  const part = LEAST_FIRST_PING + context.random() * (1 - LEAST_FIRST_PING);
  return presentOf(context) + pingTime * part;
}

/** The seconds until a token expires, for clients; undefined: it does not. @param expireAt seconds since 1970 */
export function secondsUntil(
  { epochSeconds }: Pick<ChannelContext, "epochSeconds">,
  expireAt: number | undefined,
): number | undefined {
  return expireAt === undefined ? undefined : Math.ceil(expireAt - epochSeconds());
}

/** When what a token opened ends, if nobody refreshes it. @param seconds until the token expires */
export function endAfter(
  context: Pick<ChannelContext, "limits"> & { readonly loop: Clock },
  seconds: number,
): number {
  return presentOf(context) + seconds * 1000 + context.limits.expiryGrace;
}

/** The moment of a date. @param expireAt seconds since 1970; undefined: never */
export function momentOf(
  context: Pick<ChannelContext, "epochSeconds"> & { readonly loop: Clock },
  expireAt: number | undefined,
): number {
  if (expireAt === undefined) return NEVER;
  return presentOf(context) + (expireAt - context.epochSeconds()) * 1000;
}
