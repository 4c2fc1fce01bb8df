/**
 * The endpoints of channels for clients without a library.
 *
 * In: the channels of this worker. Out: routes, which pages of the origins of `--origin` may use too.
 */

import type { Config } from "../../config/mod.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import type { ChannelContext, ClientDirectory } from "../centrifuge/mod.ts";
import { type CrossOriginEndpoint, crossOriginRoute, type Route } from "../session/mod.ts";
import { historyHandler } from "./history_route.ts";
import { SSE_PATH } from "./channel_stream.ts";
import { streamEndpoint } from "./stream_route.ts";

const HISTORY_PATH = "/channels/history";

/** What the routes work with. */
export interface ChannelStreamRouteParts {
  readonly context: ChannelContext;
  /** Where backends find the streams. */
  readonly directory: ClientDirectory;
  /** Other origins whose pages may read. */
  readonly origins: Config["origins"];
}

/** The routes. */
export function channelStreamRoutes(
  { context, directory, origins }: ChannelStreamRouteParts,
): (readonly [path: string, route: Route])[] {
  const route = (
    path: string,
    own: Pick<CrossOriginEndpoint, "handle" | "resume" | "isFreezable">,
  ): [string, Route] => {
    const label = new LogLabel(`${path} (channels)`);
    const endpoint = { label, methods: ["GET", "HEAD"], wantsBody: false, ...own };
    return [path, crossOriginRoute(endpoint, origins)];
  };
  return [
    route(SSE_PATH, { ...streamEndpoint(context, directory), isFreezable: true }),
    route(HISTORY_PATH, { handle: historyHandler(context) }),
  ];
}
