/**
 * The event log: where it is written, the format of its lines, and how large it grows. A file
 * that cannot be written is reported at the start.
 */

import { LOG_FORMATS } from "../../config/mod.ts";
import { choice, number, type Option, TEXT, text } from "./option.ts";

const KIBIBYTE = 1024;

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
    TEXT,
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
