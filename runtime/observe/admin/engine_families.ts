/**
 * The metrics of the engine that several servers share.
 *
 * In: its figures. Out: families for the exposition; called only if there is an engine.
 */

import type { EngineNodeFigures } from "../../serve/engine/mod.ts";
import type { Family } from "./exposition.ts";
import { single } from "./worker_metrics.ts";

/** The metrics of the engine. */
export function engineFamilies(figures: EngineNodeFigures): Family[] {
  const { isUp, probeSeconds, followed, requests, repairs, losses, offlineDeliveries } = figures;
  return [
    single("engine_up", "gauge", "Whether the engine answers.", isUp ? 1 : 0),
    single("engine_probe_seconds", "gauge", "How long the last probe took.", probeSeconds),
    single("engine_followed_channels", "gauge", "Channels taken from the engine.", followed),
    {
      name: "async_deno_engine_requests_total",
      type: "counter",
      help: "Requests of workers to the engine, by result.",
      samples: Object.entries(requests).map(([result, value]) => ({ labels: { result }, value })),
    },
    single(
      "engine_repairs_total",
      "counter",
      "Gaps that were read from the history of the engine.",
      repairs,
    ),
    single(
      "engine_channels_lost_total",
      "counter",
      "Channels whose subscribers were told that something is missing.",
      losses,
    ),
    single(
      "engine_offline_deliveries_total",
      "counter",
      "Publications that the engine did not take, and that subscribers of this server got.",
      offlineDeliveries,
    ),
  ];
}
