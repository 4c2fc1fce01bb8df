/**
 * `async-deno systemd [ARGUMENTS]`: what the unit runs, found out from the arguments and the environment.
 *
 * In: the settings, the arguments as they were written, and where the program was started. Out: a service that
 * does in the unit what the same command line does here, or why there cannot be one; and notes about what
 * its sandbox keeps from it. Every path is absolute: the unit starts in `/`. Options of the environment go
 * into the unit, options of the file stay there.
 */

import { descriptorsFor } from "../executor/mod.ts";
import { type Option, OPTIONS, variableOf } from "./options/mod.ts";
import type { Settings } from "./settings.ts";
import {
  absoluteValue,
  CONFIG_FLAG,
  faultOfPath,
  hidingSetting,
  madeByUnit,
  pathIn,
  type PathOption,
  sandboxNote,
} from "./unit_paths.ts";

/** Where install.sh puts the executable. */
const INSTALLED = "/usr/local/bin/async-deno";
/** A service may open so many files at least; a common choice for servers. */
const LEAST_DESCRIPTORS = 65_536;
/** Seconds beyond the drain before systemd ends a service by force. */
const STOP_MARGIN = 7;

/** What a unit runs. */
export interface Service {
  /** An absolute path. */
  readonly executable: string;
  readonly args: readonly string[];
  readonly variables: readonly (readonly [name: string, value: string])[];
  /** Settings that make the folders of its files, as `LogsDirectory=async-deno`. */
  readonly folders: readonly string[];
  readonly descriptors: number;
  /** Seconds. */
  readonly stopTimeout: number;
}

/** What the service is found out from. */
export interface ServiceSource {
  readonly settings: Settings;
  /** The arguments behind the word `systemd`. */
  readonly args: readonly string[];
  variable(name: string): string | undefined;
  /** The folder that the program was started in. */
  readonly folder: string;
  /** The executable that runs now; undefined: it is run from source. */
  readonly executable: string | undefined;
}

/** What came of it. */
export interface ServicePlan {
  readonly service: Service;
  /** There can be no such service. */
  readonly faults: readonly string[];
  /** What it will not be able to do, a line each. */
  readonly notes: readonly string[];
}

/** A path, and what it is called. */
interface NamedPath {
  readonly option: PathOption;
  readonly name: string;
  readonly path: string;
}

/** Finds out what the unit is to run. */
export function servicePlan(source: ServiceSource): ServicePlan {
  const { args, executable, folder, settings: { config } } = source;
  const paths = namedPaths(source);
  const looked = paths.map(({ option, name, path }) => {
    return {
      name: `${name} ${path}`,
      fault: faultOfPath(option, path),
      note: sandboxNote(option, path),
    };
  });
  const written = paths.flatMap(({ option, path }) => option.names === "new file" ? [path] : []);
  return {
    service: {
      executable: executable ?? INSTALLED,
      args: absoluteArguments(args, folder),
      variables: variablesOf(source),
      folders: [...new Set(written.flatMap((path) => madeByUnit(path) ?? []))],
      descriptors: Math.max(LEAST_DESCRIPTORS, descriptorsFor(config)),
      stopTimeout: Math.ceil((config.limits.drainDelay + config.limits.drainTime) / 1000) +
        STOP_MARGIN,
    },
    faults: [
      ...relativePathsInFile(source),
      ...looked.flatMap(({ name, fault }) => fault === undefined ? [] : [`${name}: ${fault}`]),
    ],
    notes: [
      ...notesOfExecutable(executable),
      ...looked.flatMap(({ name, note }) => note === undefined ? [] : [`${name}: ${note}`]),
    ],
  };
}

/** Every path that the server will read or write, and the file of `--config`. */
function namedPaths({ settings, args, variable, folder }: ServiceSource): NamedPath[] {
  const ofOptions = OPTIONS.filter(({ flag }) => settings.origins.has(flag)).flatMap((option) => {
    return option.valuesOf(settings.config).flatMap((value) => {
      const path = pathIn(option, absoluteValue(option, value, folder));
      return path === undefined ? [] : [{ option, name: `--${option.flag}`, path }];
    });
  });
  const file = configFile(args, variable, folder);
  if (file === undefined) return ofOptions;
  return [{ option: CONFIG_FLAG, name: "--config", path: file }, ...ofOptions];
}

function configFile(
  args: readonly string[],
  variable: ServiceSource["variable"],
  folder: string,
): string | undefined {
  const absolute = absoluteArguments(args, folder);
  const at = absolute.findIndex((argument) => /^--config(?:=|$)/.test(argument));
  if (at >= 0) return absolute[at]?.includes("=") ? absolute[at].slice(9) : absolute[at + 1];
  const path = variable(variableOf(CONFIG_FLAG.flag));
  return path === undefined || path === "" ? undefined : absoluteValue(CONFIG_FLAG, path, folder);
}

/** The arguments with every path absolute: as `--root=DIR` and as `--root DIR`. */
function absoluteArguments(args: readonly string[], folder: string): string[] {
  const result: string[] = [];
  let awaiting: PathOption | undefined = undefined;
  for (const argument of args) {
    const [, flag, value] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
    const option: PathOption | undefined = awaiting === undefined
      ? PATH_OPTIONS.find((each) => each.flag === flag)
      : undefined;
    if (awaiting !== undefined) result.push(absoluteValue(awaiting, argument, folder));
    else if (option === undefined || value === undefined) result.push(argument);
    else result.push(`--${flag}=${absoluteValue(option, value, folder)}`);
    // The value of another option is never taken for a flag: the arguments have been read before.
    awaiting = value === undefined ? option : undefined;
  }
  return result;
}

const PATH_OPTIONS: readonly PathOption[] = [CONFIG_FLAG, ...OPTIONS];

/** What the environment says goes into the unit: a service does not have that of the shell. */
function variablesOf({ settings, variable, folder }: ServiceSource): [string, string][] {
  const set = [...OPTIONS, CONFIG_FLAG].flatMap((option): [string, string][] => {
    const name = variableOf(option.flag);
    const text = variable(name);
    const isUsed = option === CONFIG_FLAG || settings.origins.get(option.flag) === name;
    if (text === undefined || text === "" || !isUsed) return [];
    // Each value of an option that may be repeated has a line of its own.
    const values = text.split("\n").map((value) => absoluteValue(option, value, folder));
    return [[name, values.join("\n")]];
  });
  // Where nobody says where, /tmp/async-deno.log would be in a /tmp of its own, where nobody looks.
  return settings.origins.has("log") ? set : [...set, [variableOf("log"), "off"]];
}

/** The file of `--config` stays as it is, so that its paths must be right in a unit too. */
function relativePathsInFile({ settings, folder }: ServiceSource): string[] {
  return OPTIONS.filter((option) => isOfFile(option, settings)).flatMap((option) => {
    return option.valuesOf(settings.config).flatMap((value) => {
      const path = pathIn(option, value);
      if (path === undefined || path.startsWith("/")) return [];
      return [
        `${option.flag} = "${value}" in ${settings.origins.get(option.flag)} is relative to the ` +
        `folder that the server is started in, and a unit starts in /: write ` +
        `"${absoluteValue(option, value, folder)}"`,
      ];
    });
  });
}

/** Whether the value comes from the configuration file: not from a flag, an argument or a variable. */
function isOfFile({ flag }: Option, { origins }: Settings): boolean {
  const origin = origins.get(flag);
  return origin !== undefined && ![`--${flag}`, variableOf(flag)].includes(origin) &&
    !/^[A-Z]+$/.test(origin);
}

function notesOfExecutable(executable: string | undefined): string[] {
  if (executable === undefined) {
    return [`run from source: the unit names ${INSTALLED}, where install.sh puts the executable`];
  }
  const setting = hidingSetting(executable);
  if (setting === undefined) return [];
  return [
    `the unit cannot run ${executable}, which its sandbox hides (${setting}): install it, ` +
    `with install.sh say, and print the unit with ${INSTALLED} systemd`,
  ];
}
