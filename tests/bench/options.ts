/**
 * The command line of the benchmark.
 *
 * In: the arguments after `deno task bench`. Out: {@link BenchOptions}, or a {@link UsageError} whose
 * message states the fault. Called by run.ts. Reads no files and prints nothing.
 */

import { parseArgs } from "@std/cli/parse-args";
import { EARLIER } from "./peers/earlier_executable.ts";

/** The options of a run. */
export interface BenchOptions {
  /** Measured rounds of each row; in each round every peer has one turn. */
  readonly rounds: number;
  /** Seconds of load in each turn. */
  readonly seconds: number;
  /** Seconds of unmeasured load before the first round, to warm up compilers and caches; not in cold rows. */
  readonly warmup: number;
  /** Workers of every server, unless a row has its own number. */
  readonly workers: number;
  /** Only rows whose id or title this matches. */
  readonly rows: RegExp;
  /** Only these peers, by id; empty means all. */
  readonly peers: readonly string[];
  /** Only the rows that compare us with Deno.serve, nginx and Bun in a few minutes. */
  readonly quick: boolean;
  /** An earlier async-deno executable to compare with; undefined: none. */
  readonly before: string | undefined;
  /** Whether client and server run on different cores. */
  readonly pin: boolean;
  /** Whether the rows are measured in the first seconds of fresh servers. */
  readonly cold: boolean;
  /** Whether the rows are measured at half of the best peer's rate. */
  readonly rate: boolean;
  /** The rows with channels, instead of the others. */
  readonly channels: boolean;
  /** The rows with handlers of JavaScript, instead of the others. */
  readonly app: boolean;
  /** The rows with three servers that share an engine, instead of the others. */
  readonly engine: boolean;
  /** Install the missing peers that npm has, into dist/bench/peers. */
  readonly install: boolean;
  /** Print the usage and stop. */
  readonly help: boolean;
}

/** An invalid command line. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** What `--help` prints. */
export const USAGE = `deno task bench [options]

  --rounds N       rounds, in each of which every server has a turn (3)
  --seconds S      seconds of load in a turn (3)
  --warmup S       seconds of load before the first round, not measured (3)
  --workers N      workers of each server if the row does not say (2, with --pin 1)
  --rows REGEX     only the rows whose id or title match
  --peers LIST     only these, separated by commas: async-deno,async-deno-exe,async-deno-plain,
                   c-loop,nginx,nginx-buffered,sws,bun-static,bun,deno,deno-tls,node,node-ws,uws,nchan
  --before FILE    an earlier executable, measured as the peer "before"
  --pin            the client on core 0, the servers on the other cores; not in the rows crowded and workers-*
  --cold           each turn is the first seconds of a fresh server, without a warm-up
  --rate           all servers get the same requests a second: half of what saturated the best peer
  --channels       fan-out to subscribers of channels, and publishing by HTTP, instead of the other rows
  --app            handlers of JavaScript, the same in async-deno --app, Bun, Deno and Node, instead of the others
  --engine         three servers that share a Redis or NATS server, beside its client library alone and one server without it,
                   instead of the others; --workers is 1
  --quick          keep-alive, one request per connection, WebSocket echo of 16 B and 1 KiB, file of 1 KiB
  --install        first install Bun, ws, uWebSockets.js and Hono from npm into dist/bench/peers
  --help           this text

Without --cold and --rate, some rows are measured so too (cold-*, rate-*). The tables go to standard
output; results.json, table.md and chart.svg to dist/bench/.`;

const STRINGS = ["rounds", "seconds", "warmup", "workers", "rows", "peers", "before"];
const SWITCHES = ["pin", "cold", "rate", "channels", "app", "engine", "quick", "install", "help"];
/** Each has its own rows. */
const ROW_CHOICES = ["channels", "app", "engine"] as const;
/** What the rows with an engine do not have: they are always warm, on all cores, with the same servers. */
const NOT_WITH_ENGINE = ["pin", "cold", "rate", "quick", "install"] as const;

/** Parses a decimal number above zero (or from zero with `orZero`), at most `most`. */
function numberOf(
  name: string,
  text: unknown,
  range: { most: number; whole: boolean; orZero: boolean },
) {
  const value = Number(text);
  const least = range.orZero ? 0 : Number.MIN_VALUE;
  const good = typeof text === "string" && text !== "" && value >= least && value <= range.most;
  if (!good || (range.whole && !Number.isInteger(value))) {
    throw new UsageError(
      `--${name} must be ${
        range.whole ? "a whole number" : "a number"
      } up to ${range.most}, not "${text}"`,
    );
  }
  return value;
}

function regexOf(text: string): RegExp {
  try {
    return new RegExp(text, "i");
  } catch (error) {
    throw new UsageError(`--rows is not a regular expression: ${(error as Error).message}`);
  }
}

function refuseWithEngine(parsed: Record<string, unknown>, peers: readonly string[]): void {
  const other = peers.length > 0 ? "peers" : NOT_WITH_ENGINE.find((name) => parsed[name]);
  if (other !== undefined) throw new UsageError(`--engine has no rows with --${other}`);
}

/**
 * Parses the command line.
 *
 * @param args without the program's name
 * @param peerIds the ids of all peers
 * @throws UsageError for an invalid argument
 */
export function parseOptions(args: readonly string[], peerIds: readonly string[]): BenchOptions {
  const parsed = parseArgs([...args], {
    string: STRINGS,
    boolean: SWITCHES,
    default: { rounds: "3", seconds: "3", warmup: "3", rows: "", peers: "" },
    unknown: (text: string) => {
      throw new UsageError(`unknown argument "${text}"`);
    },
  });
  const peers = (parsed.peers as string).split(",").map((id) => id.trim()).filter((id) =>
    id !== ""
  );
  const { before } = parsed;
  if (before === "") throw new UsageError("--before must name an executable");
  const known = before === undefined ? peerIds : [...peerIds, EARLIER];
  for (const id of peers) {
    if (!known.includes(id)) throw new UsageError(`no peer "${id}": there are ${known.join(", ")}`);
  }
  if (ROW_CHOICES.filter((name) => parsed[name]).length > 1) {
    throw new UsageError("--channels, --app and --engine each choose the rows: use one of them");
  }
  if (parsed.engine) refuseWithEngine(parsed, peers);
  if (parsed.cold && parsed.rate) {
    throw new UsageError("--cold saturates a fresh server, --rate does not: use one of them");
  }
  const pin = parsed.pin === true;
  const workers = parsed.workers ?? (pin || parsed.engine ? "1" : "2");
  return {
    rounds: numberOf("rounds", parsed.rounds, { most: 1000, whole: true, orZero: false }),
    seconds: numberOf("seconds", parsed.seconds, { most: 3600, whole: false, orZero: false }),
    warmup: numberOf("warmup", parsed.warmup, { most: 3600, whole: false, orZero: true }),
    workers: numberOf("workers", workers, { most: 256, whole: true, orZero: false }),
    rows: regexOf(parsed.rows as string),
    peers,
    before,
    pin,
    cold: parsed.cold === true,
    rate: parsed.rate === true,
    channels: parsed.channels === true,
    app: parsed.app === true,
    engine: parsed.engine === true,
    quick: parsed.quick === true,
    install: parsed.install === true,
    help: parsed.help === true,
  };
}
