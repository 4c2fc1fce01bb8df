/**
 * The endpoints with which a worker rehearses an upgrade: native/rehearsal.ts.
 *
 * In: the config. Out: endpoints of the same code as those of the config, with channels and an app of their own. Loaded only in a server that
 * replaces another one.
 */

import { DateField } from "../../protocol/mod.ts";
import { createChannelMemory, openChannelStore } from "../channels/mod.ts";
import { CHANNEL_OPTIONS, type ChannelsConfig, channelsOf, type Config } from "../config/mod.ts";
import type { RehearsedChannels, RehearsedPaths } from "../native/mod.ts";
import { LinuxFiles, preciseClock } from "../os/mod.ts";
import type { AppModule } from "../serve/app/mod.ts";
import { serverRouter } from "../serve/routes/mod.ts";
import type { Router } from "../serve/session/mod.ts";
import type { RouterMaker } from "../serve/worker/mod.ts";

/** Bytes of the memory of its channels. */
const MEMORY_BYTES = 1024 * 1024;
const APP_PATH = "/app";
const NO_SECRETS = { verifier: undefined, apiKey: undefined, pusher: [] };

/** Channels of a client that may do everything, with the means of recovery. */
const CHANNELS: ChannelsConfig = {
  options: {
    ...CHANNEL_OPTIONS,
    historySize: 8,
    historyTime: 60_000,
    allowRecovery: true,
    allowPositioning: true,
  },
  namespaces: {},
  allowAnonymousConnect: true,
  token: {
    hmacSecrets: [],
    publicKeyFiles: [],
    jwksEndpoint: undefined,
    audience: undefined,
    issuer: undefined,
  },
  apiKey: undefined,
};

const APP: AppModule = {
  fetch: (request, server) => void server.upgrade(request),
  websocket: {
    move: true,
    message: (socket, message) => void socket.send(message),
  },
};

/** What a rehearsal is made with, besides the parts of the worker. */
export interface RehearsedEndpoints {
  readonly date: DateField;
  readonly router: Router | RouterMaker;
  readonly paths: RehearsedPaths;
  readonly channels?: RehearsedChannels | undefined;
}

/** The endpoints for a config. */
export async function rehearsedEndpoints(config: Config): Promise<RehearsedEndpoints> {
  const date = new DateField(Date.now());
  const own = { config: { endpoints: ["echo", "health"] as const }, date };
  if (channelsOf(config) === undefined) return { date, router: serverRouter(own), paths: {} };
  const { ChannelService, WEBSOCKET_PATH } = await import("../serve/centrifuge/mod.ts");
  const streams = config.channels && await import("../serve/channel_streams/mod.ts");
  const apps = config.app && await import("../serve/app/mod.ts");
  const random = crypto.getRandomValues(new Uint32Array(7));
  const memory = createChannelMemory({ bytes: MEMORY_BYTES, workers: 1, random });
  const store = openChannelStore(memory, { writer: 1, now: preciseClock(), ring: () => {} });
  const router: RouterMaker = ({ config, loop, channels: wiring, report }) => {
    if (wiring === undefined) throw new TypeError("a rehearsal of channels needs their memory");
    const { channelLimits: limits, limits: { queuedBytes, drainTime } } = config;
    const service = new ChannelService({
      config: CHANNELS,
      secrets: NO_SECRETS,
      wiring,
      loop,
      origins: [],
      limits,
      queuedBytes,
      drainTime,
      isInsecure: true,
    });
    const { context, directory, routes } = service;
    const app = apps && new apps.App({
      load: () => Promise.resolve(APP),
      entry: APP_PATH,
      topics: new apps.Topics(context),
      address: { ...config, isSecure: false },
      files: { config, files: new LinuxFiles(), date, now: () => loop.now },
      report,
    });
    if (app !== undefined) {
      app.module = APP;
      app.configure({ ...config, app: config.app && { ...config.app, path: APP_PATH } });
    }
    const channels = streams === undefined
      ? undefined
      : [...routes, ...streams.channelStreamRoutes({ context, directory, origins: [] })];
    return serverRouter({ ...own, channels, app });
  };
  return {
    date,
    router,
    paths: {
      app: apps && APP_PATH,
      clients: streams && WEBSOCKET_PATH,
      stream: streams && "/channels/sse",
    },
    channels: {
      memory,
      server: { name: "rehearsal", version: "", startedAt: 0 },
      seal: () => void store.seal(),
      unseal: () => store.unseal(),
    },
  };
}
