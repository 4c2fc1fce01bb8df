/**
 * `async-deno systemd [ARGUMENTS]`: the service that the unit runs, from the arguments and the environment.
 *
 * In: the settings, the arguments as they were written, and the folder in which the program was started. Out: a
 * service that does in the unit what the same command line does here, or the faults that prevent one; and
 * notes about what the unit's sandbox hides. Every path is absolute, because the unit starts in `/`. Options
 * of the environment go into the unit; options of the configuration file stay there.
 */

import { resolve } from "@std/path/posix/resolve";
import { descriptorsFor } from "../executor/mod.ts";
import { namedSecrets } from "./channels/mod.ts";
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
  type PathUse,
  sandboxNote,
  useOfPath,
} from "./unit_paths.ts";

/** Where install.sh puts the executable. */
const INSTALLED = "/usr/local/bin/async-deno";
/** The smallest limit of open files; a common choice for servers. */
const LEAST_DESCRIPTORS = 65_536;
/** Seconds beyond the drain until systemd kills the service. */
const STOP_MARGIN = 7;

/** The service that a unit runs. */
export interface Service {
  /** An absolute path. */
  readonly executable: string;
  readonly args: readonly string[];
  readonly variables: readonly (readonly [name: string, value: string])[];
  /** Settings that create the folders of its files, as `LogsDirectory=async-deno`. */
  readonly folders: readonly string[];
  readonly descriptors: number;
  /** Seconds. */
  readonly stopTimeout: number;
}

/** The sources of a service. */
export interface ServiceSource {
  readonly settings: Settings;
  /** The arguments after the word `systemd`. */
  readonly args: readonly string[];
  variable(name: string): string | undefined;
  /** The folder in which the program was started. */
  readonly folder: string;
  /** The running executable; undefined: the program runs from source. */
  readonly executable: string | undefined;
}

/** The service, and what is wrong with it. */
export interface ServicePlan {
  readonly service: Service;
  /** Reasons why no unit can be printed, one line each. */
  readonly faults: readonly string[];
  /** What the service will not be able to do, one line each. */
  readonly notes: readonly string[];
}

/** A path, and its name in messages. */
interface NamedPath {
  readonly use: PathUse;
  readonly name: string;
  readonly path: string;
}

/** Determines what the unit runs. */
export function servicePlan(source: ServiceSource): ServicePlan {
  const { args, executable, folder, settings: { config } } = source;
  const paths = namedPaths(source);
  const checked = paths.map(({ use, name, path }) => {
    return {
      name: `${name} ${path}`,
      fault: faultOfPath(use, path),
      note: sandboxNote(use, path),
    };
  });
  const written = paths.flatMap(({ use, path }) => {
    if (use === "app writes") return [`${path}/.`]; // the folder itself
    return use === "new file" ? [path] : [];
  });
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
      ...checked.flatMap(({ name, fault }) => fault === undefined ? [] : [`${name}: ${fault}`]),
    ],
    notes: [
      ...notesOfExecutable(executable),
      ...checked.flatMap(({ name, note }) => note === undefined ? [] : [`${name}: ${note}`]),
      ...notesOfVariables(source),
    ],
  };
}

/** Every path that the server will read or write, and the file of `--config`. */
function namedPaths({ settings, args, variable, folder }: ServiceSource): NamedPath[] {
  const ofChannels = namedSecrets(settings.config.channels).flatMap(
    ({ name, source }): NamedPath[] => {
      if (source.kind !== "file") return [];
      return [{ use: "file", name, path: resolve(folder, source.path) }];
    },
  );
  const ofOptions = OPTIONS.filter(({ flag }) => settings.origins.has(flag)).flatMap((option) => {
    return option.valuesOf(settings.config).flatMap((value) => {
      const path = pathIn(option, absoluteValue(option, value, folder));
      const use = useOfPath(option, value);
      return path === undefined ? [] : [{ use, name: `--${option.flag}`, path }];
    });
  });
  const file = configFile(args, variable, folder);
  if (file === undefined) return ofOptions;
  const ofFile = { use: CONFIG_FLAG.names, name: "--config", path: file };
  return [ofFile, ...ofOptions, ...ofChannels];
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
    // Another option's value cannot be mistaken for a flag: the arguments were parsed before.
    awaiting = value === undefined ? option : undefined;
  }
  return result;
}

const PATH_OPTIONS: readonly PathOption[] = [CONFIG_FLAG, ...OPTIONS];

/** The variables that go into the unit: a service does not have the environment of the shell. */
function variablesOf({ settings, variable, folder }: ServiceSource): [string, string][] {
  const set = [...OPTIONS, CONFIG_FLAG].flatMap((option): [string, string][] => {
    const name = variableOf(option.flag);
    const text = variable(name);
    const isUsed = option === CONFIG_FLAG || settings.origins.get(option.flag) === name;
    if (text === undefined || text === "" || !isUsed) return [];
    // Each value of a repeatable option is on a line of its own.
    const values = text.split("\n").map((value) => absoluteValue(option, value, folder));
    return [[name, values.join("\n")]];
  });
  // The default, /tmp/async-deno.log, would be in the service's own /tmp, where nobody looks.
  return settings.origins.has("log") ? set : [...set, [variableOf("log"), "off"]];
}

/** The unit uses the file of `--config` unchanged, so a relative path in it is a fault. */
function relativePathsInFile({ settings, folder }: ServiceSource): string[] {
  const ofOptions = OPTIONS.filter((option) => isOfFile(option, settings)).flatMap((option) => {
    return option.valuesOf(settings.config).flatMap((value) => {
      const path = pathIn(option, value);
      if (path === undefined || path.startsWith("/")) return [];
      const name = `${option.flag} = "${value}" in ${settings.origins.get(option.flag)}`;
      return [relativePath(name, absoluteValue(option, value, folder))];
    });
  });
  const ofChannels = namedSecrets(settings.config.channels).flatMap(({ name, source }) => {
    if (source.kind !== "file" || source.path.startsWith("/")) return [];
    return [relativePath(`${name}, "${source.path}",`, resolve(folder, source.path))];
  });
  return [...ofOptions, ...ofChannels];
}

function relativePath(name: string, absolute: string): string {
  return `${name} is relative to the folder in which the server is started, and a unit starts in /: ` +
    `write "${absolute}"`;
}

/** Secrets in variables that the unit does not set. */
function notesOfVariables({ settings }: ServiceSource): string[] {
  return namedSecrets(settings.config.channels).flatMap(({ name, source }) => {
    if (source.kind !== "variable") return [];
    return [
      `${name}: the service does not have the variables of this shell: set ${source.name} in ` +
      "/etc/default/async-deno, which only root needs to read",
    ];
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
    `the unit cannot run ${executable}, because its sandbox hides it (${setting}): install it, ` +
    `for example with install.sh, and print the unit with ${INSTALLED} systemd`,
  ];
}
