/**
 * The channels of a server whose endpoints include the demo chat.
 *
 * In: the config, with the channels of the file or of `--channels-insecure`, if there are any. Out: the channels with
 * those of the demo, and one line for everything in the file that the demo cannot work with.
 */

import {
  type ChannelsConfig,
  type Config,
  DEMO_NAMESPACES,
  withDemoChannels,
} from "../../config/mod.ts";
import { engineAt } from "./engine_options.ts";

/** The channels as they are served. */
export function demoChannels(
  { endpoints, channels, engine }: Pick<Config, "endpoints" | "channels" | "engine">,
): ChannelsConfig | undefined {
  if (!endpoints.includes("demo")) return channels;
  const demo = withDemoChannels(channels);
  return channels !== undefined || engine === undefined
    ? demo
    : { ...demo, engine: engineAt(engine) };
}

/** What keeps the demo from working; to be asked before {@link demoChannels}. */
export function demoConflicts(
  { endpoints, channels, channelsInsecure }: Pick<
    Config,
    "endpoints" | "channels" | "channelsInsecure"
  >,
): string[] {
  if (!endpoints.includes("demo") || channels === undefined) return [];
  const taken = Object.keys(DEMO_NAMESPACES).filter((name) =>
    Object.hasOwn(channels.namespaces, name)
  );
  const faults = taken.map((name) =>
    `--endpoints demo needs the namespace ${name} for itself: give that of the configuration file ` +
    "another name"
  );
  if (!channels.allowAnonymousConnect && !channelsInsecure) {
    faults.push(
      "--endpoints demo needs allow_anonymous_connect_without_token = true in [channels], as its " +
        "visitors have no token; other namespaces are closed to them unless these say otherwise",
    );
  }
  return faults;
}
