/**
 * The module that the executor starts in each worker's Web Worker.
 *
 * In: the start message. Out: the built-in endpoints, served until the server stops. Started by the
 * executor; no module imports it.
 */

import { DateField } from "../../protocol/mod.ts";
import { channelsOf, type Config, isUnrestricted } from "../config/mod.ts";
import { hasLibc, LinuxFiles, PortableFiles } from "../os/mod.ts";
import type { App, AppCopies, HeapWatch } from "../serve/app/mod.ts";
import type { ChannelService } from "../serve/centrifuge/mod.ts";
import type { PusherService } from "../serve/pusher/mod.ts";
import { loadDemo, serverRouter } from "../serve/routes/mod.ts";
import type { ChannelReporter } from "../serve/webhooks/mod.ts";
import type { RouterLoader } from "../serve/worker/mod.ts";
import { postToMain } from "../thread/mod.ts";
import { KeySetRequests } from "./key_set_requests.ts";
import { placesOf } from "./secret_texts.ts";
import { type OrderForApp, serveThread } from "./serve_thread.ts";

const date = new DateField(Date.now());

const NOTHING = {
  secrets: undefined,
  engine: undefined,
  webhooks: undefined,
  app: undefined,
  keepsFfi: true,
};
const NO_CLIENTS = "the functions under channels of the app are never called: the config has no " +
  "section [channels], so there are no clients of channels";

/** One in a thread: a reload of the config keeps it, with its clients. */
let service: ChannelService | undefined;
let channelRoutes: ChannelService["routes"] | undefined;
let pusher: PusherService | undefined;
let reporter: ChannelReporter | undefined;
let app: App | undefined;
let copies: AppCopies | undefined;
const keySet = new KeySetRequests();

const load: RouterLoader = async (
  loaded,
  { secrets: secretTexts, engine: engineMemory, webhooks: taken, app: source, keepsFfi } = NOTHING,
) => {
  const { app: appConfig, files: { root }, users } = loaded;
  const channelsConfig = channelsOf(loaded);
  // Loaded only if needed. Measured with 8 workers that need neither: a start takes 740 ms of CPU instead of
  // 900, and 20 MB less memory.
  const files = root === undefined ? undefined : await import("../serve/files/mod.ts");
  const apps = appConfig && await import("../serve/app/mod.ts");
  apps?.prepareThread();
  const demo = await loadDemo(loaded, date);
  const auth = users.length === 0 ? undefined : await import("../serve/auth/mod.ts");
  const centrifuge = channelsConfig && service === undefined
    ? await import("../serve/centrifuge/mod.ts")
    : undefined;
  // An app alone has topics, and no clients of channels.
  const streams = centrifuge && loaded.channels &&
    await import("../serve/channel_streams/mod.ts");
  const pushers = centrifuge && loaded.channels?.pusher &&
    await import("../serve/pusher/mod.ts");
  const proxies = centrifuge && loaded.channels?.proxy &&
    await import("../serve/channel_proxy/mod.ts");
  const webhooks = centrifuge && taken && await import("../serve/webhooks/mod.ts");
  const engines = centrifuge && engineMemory && await import("../serve/engine/mod.ts");
  const tokens = centrifuge && await import("../serve/tokens/mod.ts");
  const secrets = channelsConfig && secretTexts &&
    await tokens?.loadChannelSecrets(channelsConfig, {
      ...placesOf(secretTexts),
      fetchKeySet: appConfig === undefined || isUnrestricted(appConfig) ? undefined : keySet.fetch,
    });
  return ({ config, loop, channels: wiring, report }) => {
    const site = files === undefined || root === undefined ? undefined : new files.Site({
      ...filesOf(config, () => loop.now),
      root,
    });
    const guard = auth && new auth.BasicAuth(auth.readUsers(users, Deno.readTextFileSync));
    if (centrifuge && channelsConfig && secrets && wiring) {
      const { channelLimits: limits, channelsInsecure: isInsecure, origins } = config;
      const { queuedBytes, drainTime } = config.limits;
      const rules = { config: channelsConfig, secrets, origins, limits, isInsecure };
      const { proxy } = channelsConfig;
      const hooks = apps
        ? new apps.AppClientHooks({ app: () => app, channels: channelsConfig, limits, report })
        : proxies && proxy && new proxies.ChannelProxyHooks({
          config: proxy,
          channels: channelsConfig,
          limits,
          headBytes: config.http1.headBytes,
          counters: wiring.counters,
          now: wiring.now,
          warn: (text) => postToMain({ type: "warning", text }),
        });
      const calls = engines && engineMemory && new engines.EngineCalls({
        memory: engineMemory,
        worker: wiring.worker,
        call: () => postToMain({ type: "engine" }),
        again: () => loop.defer({ onTurn: () => {} }),
      });
      const engine = calls && {
        engine: () => new engines.EngineBroker(calls),
        peers: new engines.EnginePeers(calls),
      };
      const shared = { queuedBytes, drainTime, loop, hooks };
      reporter ??= webhooks && taken && new webhooks.ChannelReporter({
        apps: channelsConfig.pusher ?? [],
        memory: taken,
        worker: wiring.worker,
        loop,
        post: (reports) => postToMain({ type: "channels", reports }),
      });
      service ??= new centrifuge.ChannelService({
        ...rules,
        ...shared,
        wiring: { ...wiring, ...engine, watch: reporter },
      });
      // Behind the hub, which must be the first that gathers.
      if (calls) loop.gather(calls);
      if (reporter) loop.gather(reporter);
      const { context, directory, routes } = service;
      channelRoutes ??= streams && [
        ...routes,
        ...streams.channelStreamRoutes({ context, directory, origins }),
      ];
      const { pusher: pusherSecrets } = secrets;
      const ofApps = { service, config: channelsConfig, secrets: pusherSecrets, reporter };
      pusher ??= pushers && new pushers.PusherService(ofApps);
    }
    if (apps && appConfig && source && service && app === undefined) {
      const topics = new apps.Topics(service.context);
      const address = { ...config, isSecure: config.tls.cert !== undefined };
      const files = filesOf(config, () => loop.now);
      const load = async () => {
        await apps.restrictThread(appConfig, keepsFfi);
        const { module, warnings } = await apps.loadApp(source);
        for (const text of warnings) postToMain({ type: "warning", text });
        if (module.channels !== undefined && loaded.channels === undefined) {
          postToMain({ type: "warning", text: NO_CLIENTS });
        }
        return module;
      };
      app = new apps.App({ load, entry: source.entry, topics, address, files, report });
      const announce = (every: number) => postToMain({ type: "schedule", every });
      copies = new apps.AppCopies({ app, announce });
      if (appConfig.memory > 0) watchHeap(apps.HeapWatch, appConfig.memory);
    }
    app?.configure(config);
    const channels = channelRoutes;
    return serverRouter({ config, date, site, guard, demo, channels, keyed: pusher, app });
  };
};

/** The main thread replaces a worker whose app holds too much. */
function watchHeap(Watch: typeof HeapWatch, bound: number): void {
  new Watch({ bound, exceeded: (bytes) => postToMain({ type: "heavy", bytes }) });
}

/** What files are sent with. */
function filesOf(config: Config, now: () => number) {
  const files = hasLibc() ? new LinuxFiles() : new PortableFiles();
  return { config, files, date, now };
}

async function obeyForApp(order: OrderForApp): Promise<string | void> {
  if (order.type === "key set") keySet.take(order.answer);
  else if (order.type === "await channels") service?.awaitStore();
  else if (order.type === "freeze") reporter?.flushAll();
  else return await copies?.obey(order);
}

serveThread(load, date, {
  obeyForApp,
  practice: () => {
    const date = new DateField(Date.now());
    return { date, router: serverRouter({ config: { endpoints: ["echo", "health"] }, date }) };
  },
});
