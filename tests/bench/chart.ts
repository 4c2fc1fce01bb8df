/**
 * The result as a chart: dist/bench/chart.svg.
 *
 * In: row results. Out: SVG text with one small chart per row and one bar per server, whose length is the
 * server CPU per request. Each chart has its own scale, because a row of 1 MiB messages costs a hundred
 * times as much as one of 16 B. Drawn by Vega-Lite. run.ts loads it last, so that a run whose chart
 * cannot be drawn still has its figures.
 */

import * as vega from "npm:vega@6.4.0";
import { compile, type TopLevelSpec } from "npm:vega-lite@6.5.0";
import type { RowResult } from "./harness.ts";
import { OUTPUT } from "./paths.ts";
import { OURS } from "./ratio_table.ts";
import { formatMicros } from "./report.ts";

/** The file that {@link writeChart} writes. */
export const CHART = `${OUTPUT}chart.svg`;

/** One bar. */
interface Bar {
  readonly server: string;
  readonly micros: number;
  readonly text: string;
  readonly kind: "ours" | "peer";
}

const COLUMNS = 2;
const WIDTH = 380;
const BAR_STEP = 20;
const OURS_COLOUR = "#0b6e4f";
const PEER_COLOUR = "#a9b4c2";

/** A row's bars, the cheapest server first. */
function barsOf({ entries }: RowResult): Bar[] {
  const bars = entries.flatMap(({ peer, label, summary }): Bar[] => {
    if (summary === undefined) return [];
    const micros = summary.cpuPerRequest;
    const kind = OURS.includes(peer) ? "ours" : "peer";
    return [{ server: label, micros, text: formatMicros(micros), kind }];
  });
  return bars.sort((a, b) => a.micros - b.micros);
}

/** The small chart of one row. */
function rowSpec(result: RowResult): UnitOrLayer {
  const bars = barsOf(result);
  return {
    title: { text: result.row.title, anchor: "start", frame: "group", fontSize: 12, offset: 4 },
    width: WIDTH,
    height: { step: BAR_STEP },
    data: { values: bars },
    encoding: {
      // The order is explicit, because layers cannot share a computed one.
      y: {
        field: "server",
        type: "nominal",
        title: null,
        sort: bars.map((bar) => bar.server),
        axis: { ticks: false, domain: false, labelLimit: 200 },
      },
      x: { field: "micros", type: "quantitative", title: null, axis: null },
    },
    layer: [
      { mark: { type: "bar", cornerRadiusEnd: 2 }, encoding: { color: COLOUR } },
      {
        mark: { type: "text", align: "left", dx: 4 },
        encoding: { text: { field: "text", type: "nominal" } },
      },
    ],
  };
}

type UnitOrLayer = Extract<TopLevelSpec, { concat: unknown }>["concat"][number];

const COLOUR = {
  field: "kind",
  type: "nominal",
  scale: { domain: ["ours", "peer"], range: [OURS_COLOUR, PEER_COLOUR] },
  legend: null,
} as const;

function specOf(results: readonly RowResult[], subtitle: string): TopLevelSpec {
  return {
    title: {
      text: "Server CPU per request or message (shorter is better)",
      subtitle,
      anchor: "start",
      offset: 16,
    },
    columns: COLUMNS,
    spacing: { row: 24, column: 70 },
    padding: { left: 16, top: 16, right: 60, bottom: 16 },
    config: { view: { stroke: null }, font: "system-ui, sans-serif" },
    concat: results.filter((result) => barsOf(result).length > 0).map(rowSpec),
  };
}

/** Draws the chart as SVG text. */
export async function drawChart(results: readonly RowResult[], subtitle: string): Promise<string> {
  const { spec } = compile(specOf(results, subtitle));
  const view = new vega.View(vega.parse(spec), { renderer: "none" });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** Draws the chart into its file. */
export async function writeChart(results: readonly RowResult[], subtitle: string): Promise<void> {
  await Deno.writeTextFile(CHART, await drawChart(results, subtitle));
}
