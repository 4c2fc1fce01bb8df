/**
 * Everything about the Pusher protocol in one worker: its apps, with their clients and backends.
 *
 * In: the channels of the worker, the config and the secrets of the apps. Out: routes, by paths of which a part is a key, an id or a
 * name. Made once in a thread, behind its channels.
 */

import type { ChannelsConfig } from "../../config/mod.ts";
import type { ChannelService } from "../centrifuge/mod.ts";
import type { Route } from "../session/mod.ts";
import { PusherApi } from "./api_route.ts";
import { pusherSocketRoute, UNKNOWN_APP_ROUTE } from "./client_sockets.ts";
import { PresenceRooms } from "./presence_rooms.ts";
import { PusherApp } from "./pusher_app.ts";
import type { PusherContext, PusherReporter } from "./pusher_context.ts";
import { PusherDirectory } from "./pusher_directory.ts";
import { PusherFace } from "./pusher_face.ts";

/** What a service is made with. */
export interface PusherServiceParts {
  readonly service: Pick<
    ChannelService,
    "addControlHandler" | "context" | "control" | "servers"
  >;
  readonly config: Pick<ChannelsConfig, "namespaces" | "pusher">;
  /** In the order of the config. */
  readonly secrets: readonly Uint8Array[];
  /** Is told of events of clients; absent: nobody is. */
  readonly reporter?: PusherReporter | undefined;
}

/** The apps of one worker. */
export class PusherService {
  readonly #sockets = new Map<string, Route>();
  readonly #apis = new Map<string, PusherApi>();

  constructor(
    { service, config: { pusher = [], namespaces }, secrets, reporter }: PusherServiceParts,
  ) {
    const { context: channels, control, servers } = service;
    pusher.forEach((config, i) => {
      const app = new PusherApp({
        config,
        secret: secrets[i]!, // one for each
        options: namespaces[config.name],
        rules: channels.rules,
        nameBytes: channels.limits.nameBytes,
      });
      const rooms = new PresenceRooms(channels);
      const face = new PusherFace(app, rooms, channels.meter);
      const directory = new PusherDirectory(config.id);
      service.addControlHandler(directory);
      const parts = { app, channels, face, rooms, directory, control, servers };
      const context: PusherContext = { ...parts, reporter };
      this.#sockets.set(config.key, pusherSocketRoute(context));
      this.#apis.set(config.id, new PusherApi(context));
    });
  }

  /** The route of a path; undefined: it is none of these. */
  find(path: string): Route | undefined {
    const [, first, second = "", ...rest] = path.split("/");
    if (first === "app") return rest.length === 0 ? this.#sockets.get(second) : undefined;
    if (first !== "apps") return undefined;
    const parts = rest.map(decoded);
    return parts.includes(undefined) ? undefined : this.#apis.get(second)?.find(parts as string[]);
  }

  /** The route of a path that nothing else has: for clients with a wrong key. */
  findUnknown(path: string): Route | undefined {
    return /^\/app\/[^/]+$/.test(path) ? UNKNOWN_APP_ROUTE : undefined;
  }
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
