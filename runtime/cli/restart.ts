/**
 * What stays as it was until the server is started again, though its options say something else by now.
 *
 * In: the config that it runs with, and the one that its arguments make now. Out: the options that
 * differ and are not read anew while it runs, for a line to the operator who wonders.
 */

import type { Config } from "../config/mod.ts";
import { OPTIONS, READ_ANEW } from "./options/mod.ts";

/** The options, as `--max-connections`, whose new value takes a restart. */
export function waitingForRestart(running: Config, wanted: Config): string[] {
  return OPTIONS
    .filter((option) => !READ_ANEW.includes(option))
    .filter(({ valuesOf }) => valuesOf(running).join("\n") !== valuesOf(wanted).join("\n"))
    .map(({ flag }) => `--${flag}`);
}
