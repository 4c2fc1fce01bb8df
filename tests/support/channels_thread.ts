/**
 * A worker thread with the endpoints of channels and two more: `/dies` ends the thread, and `/sets-back` sets its wall clock back by an
 * hour. Started by tests of channels.
 */

import { DateField } from "../../protocol/mod.ts";
import { placesOf } from "../../runtime/executor/secret_texts.ts";
import { serveThread } from "../../runtime/executor/serve_thread.ts";
import { LogLabel } from "../../runtime/observe/log/mod.ts";
import { ChannelService } from "../../runtime/serve/centrifuge/mod.ts";
import { channelStreamRoutes } from "../../runtime/serve/channel_streams/mod.ts";
import { createRouter } from "../../runtime/serve/routes/mod.ts";
import type { Route } from "../../runtime/serve/session/mod.ts";
import { loadChannelSecrets } from "../../runtime/serve/tokens/mod.ts";
import { DYING_ROUTE } from "./dying_route.ts";

const HOUR = 3_600_000;

const SETS_BACK: Route = {
  label: new LogLabel("test"),
  methods: null,
  wantsBody: false,
  webSocket: null,
  handle: (exchange) => {
    const now = Date.now.bind(Date);
    Date.now = () => now() - HOUR;
    exchange.respondText(200, new Date(Date.now()).toISOString());
  },
};

serveThread(
  async (
    { channels: config, channelLimits: limits, limits: { queuedBytes, drainTime } },
    given,
  ) => {
    const secrets = await loadChannelSecrets(config!, placesOf(given!.secrets!));
    return ({ loop, channels: wiring }) => {
      const rules = { config: config!, secrets, limits, queuedBytes, drainTime, origins: [] };
      const service = new ChannelService({ ...rules, wiring: wiring!, loop });
      const streams = channelStreamRoutes({ ...service, origins: [] });
      return createRouter([...service.routes, ...streams, ["/dies", DYING_ROUTE], [
        "/sets-back",
        SETS_BACK,
      ]]);
    };
  },
  new DateField(Date.now()),
);
