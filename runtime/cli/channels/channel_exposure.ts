/**
 * What is valid and most likely not meant, about channels.
 *
 * In: the config. Out: warnings for the operator.
 */

import type { Config } from "../../config/mod.ts";

/** The warnings. */
export function channelExposure({ channelsInsecure }: Pick<Config, "channelsInsecure">): string[] {
  if (!channelsInsecure) return [];
  return [
    "--channels-insecure: every client that can reach this server may read, publish and see who is present " +
    "in every channel, without a token; remove it before others can reach the server",
  ];
}
