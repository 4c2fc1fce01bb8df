/**
 * The event log: where it is written, the format of its lines, and how large it grows. A file
 * that cannot be written is reported at the start.
 */

import { LOG_FORMATS } from "../../config/mod.ts";
import { UsageError } from "../usage_error.ts";
import { choice, type Codec, number, type Option, TEXT, text } from "./option.ts";

const KIBIBYTE = 1024;

/** Words that other programs take, by ours. A file of that name is written as ./NAME. */
const TARGETS: Readonly<Record<string, readonly string[]>> = {
  "-": ["stdout", "stderr", "console", "syslog", "on", "true", "yes"],
  off: ["none", "no", "false", "null"],
};
const LEVEL = /^(?:trace|debug|verbose|info|notice|warn|warning|error)$/;

/** A file, - or off. */
export const LOG_TARGET: Codec<string> = {
  parse: (text, name) => {
    const ours = Object.keys(TARGETS).find((target) => TARGETS[target]!.includes(text));
    if (ours === undefined && !LEVEL.test(text)) return TEXT.parse(text, name);
    const hint = ours === undefined ? "there are no levels" : `did you mean ${ours}?`;
    throw new UsageError(
      `${name} must be a file, - (standard output) or off, not "${text}": ${hint}`,
    );
  },
  show: TEXT.show,
};

/** The options of this group. */
export const LOG_OPTIONS: readonly Option[] = [
  text(
    {
      flag: "log",
      group: "Log",
      value: "FILE|-|off",
      names: "new file",
      help:
        "event log: FILE (never through a symbolic link; FILE.1 is the last run's), standard output, or off",
    },
    { get: (config) => config.log, set: (config, value) => void (config.log = value!) },
    LOG_TARGET,
  ),
  number(
    {
      flag: "log-size",
      group: "Log",
      value: "SIZE",
      range: [0, KIBIBYTE ** 3],
      help: "size at which FILE is renamed to FILE.1 and a new file begins; 0: no limit",
    },
    { get: (config) => config.logBytes, set: (config, value) => void (config.logBytes = value!) },
  ),
  choice(
    {
      flag: "log-format",
      group: "Log",
      choices: LOG_FORMATS,
      help: "lines with time and worker, or in the format of async_nostd without them",
    },
    { get: (config) => config.logFormat, set: (config, value) => void (config.logFormat = value) },
  ),
];
