/**
 * Where the server writes down what happens. Whether a file can be written is found out at the start.
 */

import { type Option, TEXT, text } from "./option.ts";

/** The options of this group. */
export const LOG_OPTIONS: readonly Option[] = [
  text(
    {
      flag: "log",
      group: "Log",
      value: "FILE|-|off",
      names: "new file",
      help:
        "events go to FILE, emptied first and never through a symbolic link, to standard output, or nowhere",
    },
    { get: (config) => config.log, set: (config, value) => void (config.log = value!) },
    TEXT,
  ),
];
