/**
 * The metrics of a running server, parsed by a third-party parser.
 *
 * In: the URL of the admin server. Out: values by name and labels. What Prometheus would reject is an error:
 * a family without HELP or TYPE, a duplicate series.
 */

import parsePrometheus from "npm:parse-prometheus-text-format@1.1.1";

/** A family as the parser returns it. */
export interface ParsedFamily {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly metrics: readonly {
    readonly labels?: Readonly<Record<string, string>>;
    readonly value: string;
  }[];
}

const HISTOGRAM = /^# TYPE (\S+) histogram$/gm;
const OF_HISTOGRAM = /_(bucket|sum|count)$/;

/** All metrics at one moment. */
export class Metrics {
  /** The families in order. */
  readonly families: readonly ParsedFamily[];
  /** The text that was parsed. */
  readonly text: string;

  /** @throws {Error} if Prometheus would reject it */
  constructor(text: string) {
    this.text = text;
    // The parser would merge the histograms of all workers: so their series are separate families here.
    const histograms = [...text.matchAll(HISTOGRAM)].map(([_, name]) => name!);
    const parsed = parsePrometheus(text.replaceAll(HISTOGRAM, "")) as ParsedFamily[];
    this.families = parsed.filter(({ name }) => !histograms.includes(name));
    for (const { name, help, type } of this.families) {
      if (histograms.includes(name.replace(OF_HISTOGRAM, ""))) continue;
      if (help === "" || type === "UNTYPED") throw new Error(`${name} has no HELP or TYPE`);
    }
    const series = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.slice(0, line.lastIndexOf(" ")));
    const twice = series.filter((one, i) => series.indexOf(one) !== i);
    if (twice.length > 0) throw new Error(`there twice: ${twice}`);
  }

  /** Fetches the metrics of a server. */
  static async of(adminUrl: string): Promise<Metrics> {
    const response = await fetch(new URL("/metrics", adminUrl));
    const type = response.headers.get("content-type");
    if (type !== "text/plain; version=0.0.4; charset=utf-8") throw new Error(`served as ${type}`);
    return new Metrics(await response.text());
  }

  /**
   * The values of a metric whose labels include these, one for each worker or label.
   *
   * @throws {Error} if there is no such metric
   */
  values(name: string, labels: Readonly<Record<string, string>> = {}): number[] {
    const wanted = Object.entries(labels);
    const metrics = this.families.filter((each) => each.name === name)
      .flatMap(({ metrics }) => metrics);
    if (metrics.length === 0) throw new Error(`no ${name} among the metrics`);
    return metrics
      .filter((metric) => wanted.every(([label, value]) => metric.labels?.[label] === value))
      .map(({ value }) => Number(value));
  }

  /** Their sum. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.values(name, labels).reduce((total, value) => total + value, 0);
  }
}
