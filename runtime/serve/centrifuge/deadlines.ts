/**
 * When a client is pinged first, and when what a token opened ends; for every kind of client.
 *
 * In: the times of the config and of tokens. Out: moments in the loop's milliseconds, and seconds for clients; ticks, to keep moments.
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

/** When the first ping is due. @param pingTime milliseconds between two */
export function firstPingAt(
  { loop, random }: Pick<ChannelContext, "loop" | "random">,
  pingTime: number,
): number {
  const part = LEAST_FIRST_PING + random() * (1 - LEAST_FIRST_PING);
  return loop.now + pingTime * part;
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
  { loop, limits }: Pick<ChannelContext, "loop" | "limits">,
  seconds: number,
): number {
  return loop.now + seconds * 1000 + limits.expiryGrace;
}

/** The moment of a date. @param expireAt seconds since 1970; undefined: never */
export function momentOf(
  { loop, epochSeconds }: Pick<ChannelContext, "loop" | "epochSeconds">,
  expireAt: number | undefined,
): number {
  return expireAt === undefined ? NEVER : loop.now + (expireAt - epochSeconds()) * 1000;
}
