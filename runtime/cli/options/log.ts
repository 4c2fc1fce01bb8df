/**
 * The event log: where it goes, how its lines look, how large it grows. Whether a file can be written is found
 * out at the start.
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
        "events go to FILE, never through a symbolic link, to standard output, or nowhere; the last run's is FILE.1",
    },
    { get: (config) => config.log, set: (config, value) => void (config.log = value!) },
    TEXT,
  ),
  number(
    {
      flag: "log-size",
      group: "Log",
      value: "BYTES",
      range: [0, KIBIBYTE ** 3],
      help: "at this size FILE is renamed to FILE.1 and a new one begins; 0: no bound",
    },
    { get: (config) => config.logBytes, set: (config, value) => void (config.logBytes = value!) },
  ),
  choice(
    {
      flag: "log-format",
      group: "Log",
      choices: LOG_FORMATS,
      help: "time and worker before each line, or the words of async_nostd alone",
    },
    { get: (config) => config.logFormat, set: (config, value) => void (config.logFormat = value) },
  ),
];
