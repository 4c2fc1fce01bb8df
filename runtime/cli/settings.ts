/**
 * The config, assembled from the places where a value can be given: flag, environment, file, default.
 *
 * In: the sources. Out: the config, the source of each value, and everything that is wrong, so that
 * `--check` can report all of it at once. Every text goes through its option's `apply`, whatever the
 * source. A value replaces the lower one as a whole: lists of two sources are never joined.
 */

import { APP, type Config, DEFAULT_CONFIG } from "../config/mod.ts";
import type { UsableCores } from "../os/mod.ts";
import { adminExposure } from "./admin_exposure.ts";
import {
  channelExposure,
  demoChannels,
  demoConflicts,
  engineAt,
  historyBounds,
  TRIAL_CHANNELS,
} from "./channels/mod.ts";
import { argumentHint, listenHint } from "./argument_hint.ts";
import type { FileOptions } from "./config_file.ts";
import type { Flags } from "./flags.ts";
import { likelyFlag } from "./likely_flag.ts";
import { optionConflicts } from "./option_conflicts.ts";
import {
  ARGUMENTS,
  IP,
  MAX_WORKERS,
  type MutableConfig,
  type Option,
  OPTIONS,
  variableOf,
  WORKERS,
} from "./options/mod.ts";
import { UsageError } from "./usage_error.ts";

/** The places where a value can be given. */
export interface Sources {
  readonly flags: Flags;
  /** The positional arguments: WORKERS, IP, PORT. */
  readonly positional: readonly string[];
  /** A variable of the environment. */
  variable(name: string): string | undefined;
  /** The names of all variables. */
  readonly variables: readonly string[];
  readonly file: FileOptions | undefined;
  /** The default number of workers. */
  readonly cores: UsableCores;
  /** Bytes of memory that the process may use: the default of --max-memory is a part of them. Absent: not known. */
  readonly memorySize?: (() => number | undefined) | undefined;
}

/** The config, and what there is to say about it. */
export interface Settings {
  readonly config: Config;
  /** By flag, the name of the source of its value; none for a default. */
  readonly origins: ReadonlyMap<string, string>;
  /** What limits the number of workers, as "CPU quota of 1.5", if it is the default. */
  readonly workersLimit: string | undefined;
  /** How a given number of workers exceeds the usable cores, as "more than 2 cores"; undefined: it does not. */
  readonly workersExcess: string | undefined;
  /** One line for each error; the options with an error keep their defaults. */
  readonly faults: readonly string[];
  /** One line for each setting that is valid, but probably not what the operator wants. */
  readonly warnings: readonly string[];
}

const MEBIBYTE = 1024 * 1024;
/** Less would refuse a few usual uploads at once, however small the machine is. */
const LEAST_MEMORY_BOUND = 64 * MEBIBYTE;

/** The texts that were given for an option. */
interface Written {
  readonly values: readonly string[];
  /** The name of the source. */
  readonly origin: string;
  /** How an error names the value. */
  readonly name: string;
}

/** Assembles the config. */
export function readSettings(sources: Sources): Settings {
  const workers = Math.min(sources.cores.count, MAX_WORKERS);
  const heldBytes = memoryBound(sources.memorySize?.());
  const limits = { ...DEFAULT_CONFIG.limits, heldBytes };
  const defaults: Config = { ...DEFAULT_CONFIG, limits, workers };
  const config: MutableConfig = structuredClone(defaults);
  const origins = new Map<string, string>();
  const given = new Map<string, boolean>(); // by flag, whether as an argument or a variable
  const faults: string[] = [...sources.flags.faults, ...tooMany(sources)];
  for (const option of OPTIONS) {
    const direct = argument(option, sources) ?? flag(option, sources) ?? variable(option, sources);
    const written = direct ?? fromFile(option, sources);
    if (written === undefined) continue;
    given.set(option.flag, direct !== undefined);
    const fault = apply(option, config, written);
    if (fault === undefined) origins.set(option.flag, written.origin);
    else faults.push(fault);
  }
  config.channels = sources.file?.channels ?? trialChannels(config);
  faults.push(...demoConflicts(config));
  config.channels = demoChannels(config);
  const isGiven = (flag: string) => given.has(flag);
  const isGivenDirectly = (flag: string) => given.get(flag) === true;
  faults.push(
    ...sources.file?.faults ?? [],
    ...optionConflicts({ config, defaults, isGiven, isGivenDirectly }),
  );
  // A file may have the defaults of the other options of the app.
  if (config.app?.file === APP.file) config.app = undefined;
  return {
    config,
    origins,
    workersLimit: origins.has(WORKERS.flag) ? undefined : sources.cores.limit,
    workersExcess: config.workers > sources.cores.count ? excess(sources.cores) : undefined,
    faults,
    warnings: [
      ...unknownVariables(sources),
      ...adminExposure(config),
      ...channelExposure(config),
      ...historyBounds(config),
    ],
  };
}

/** A default never exceeds the cores. */
function excess({ count, limit }: UsableCores): string {
  const cores = count === 1 ? "1 core" : `${count} cores`;
  return `more than ${cores}${limit === undefined ? "" : ` (${limit})`}`;
}

/** The channels of --channels-insecure. */
function trialChannels({ channelsInsecure, engine }: Config): Config["channels"] {
  if (!channelsInsecure) return undefined;
  return engine === undefined ? TRIAL_CHANNELS : { ...TRIAL_CHANNELS, engine: engineAt(engine) };
}

/** The default of --max-memory: the rest is for the threads, the kernel's buffers, files and whatever else runs. */
function memoryBound(size: number | undefined): number {
  if (size === undefined) return DEFAULT_CONFIG.limits.heldBytes;
  return Math.max(Math.floor(size / 4 / MEBIBYTE) * MEBIBYTE, LEAST_MEMORY_BOUND);
}

/** Sets the option; the answer is what is wrong with the text, if anything. */
function apply(option: Option, config: MutableConfig, written: Written): string | undefined {
  const { name, values, origin } = written;
  // parseFlags gives "" for a flag whose value is missing.
  if (origin.startsWith("--") && values.includes("")) return `${name} needs a value`;
  try {
    option.apply(config, values, name);
    return undefined;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const hint = hintFor(option, written);
    return hint === undefined ? error.message : `${error.message}: ${hint}`;
  }
}

/** Kubernetes sets variables of this form for a Service named async-deno, and one is PORT's. */
const KUBERNETES_PORT = /^tcp:\/\//;

function hintFor(option: Option, { origin, values: [text = ""] }: Written): string | undefined {
  if (ARGUMENTS.some(([name]) => name === origin)) return argumentHint(text, origin);
  if (option === IP) {
    return text.toLowerCase() === "localhost" ? "did you mean 127.0.0.1?" : listenHint(text);
  }
  if (option === WORKERS && /^(?:auto|all|max|cpus?|cores?)$/i.test(text)) {
    return "leave it out for one per core";
  }
  if (origin === variableOf(option.flag) && KUBERNETES_PORT.test(text)) {
    return "Kubernetes sets it for a Service named async-deno; set enableServiceLinks: false";
  }
  return undefined;
}

function tooMany({ positional }: Sources): string[] {
  const extra = positional[ARGUMENTS.length];
  if (extra === undefined) return [];
  const hint = argumentHint(extra, "") ?? "only WORKERS, IP and PORT can stand without a flag";
  return [`too many arguments, from "${extra}" on: ${hint}`];
}

/** The options that a variable can set. Of the program's own flags, --config alone has a variable. */
const NAMES = ["config", ...OPTIONS.map(({ flag }) => flag)];
const PREFIX = variableOf("");

/** Not an error: a platform may set variables with our prefix, as Kubernetes does. */
function unknownVariables({ variables }: Sources): string[] {
  const known = NAMES.map(variableOf);
  const unknown = variables.filter((name) => name.startsWith(PREFIX) && !known.includes(name));
  return unknown.map((name) => {
    const meant = likelyFlag(name.slice(PREFIX.length), NAMES);
    const hint = meant === undefined ? "" : `: did you mean ${variableOf(meant)}?`;
    return `the unknown variable ${name} is ignored${hint}`;
  });
}

function argument(option: Option, { positional }: Sources): Written | undefined {
  const index = ARGUMENTS.findIndex(([_, its]) => its === option);
  const [value, name] = [positional[index], ARGUMENTS[index]?.[0]];
  if (value === undefined || name === undefined) return undefined;
  return { origin: name, name, values: [value] };
}

function flag({ flag }: Option, { flags }: Sources): Written | undefined {
  const [origin, values] = [`--${flag}`, flags.valuesOf(flag)];
  return values.length === 0 ? undefined : { origin, name: origin, values };
}

/** An empty variable counts as unset. Several values are separated by line ends. */
function variable(option: Option, sources: Sources): Written | undefined {
  const origin = variableOf(option.flag);
  const text = sources.variable(origin);
  if (text === undefined || text === "") return undefined;
  const values = option.repeatable ? text.split("\n").filter((one) => one !== "") : [text];
  return { origin, name: origin, values };
}

function fromFile({ flag }: Option, { file }: Sources): Written | undefined {
  const values = file?.values.get(flag);
  if (file === undefined || values === undefined) return undefined;
  return { origin: file.path, name: `${flag} in ${file.path}`, values };
}
