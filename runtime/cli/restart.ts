/**
 * The options whose new values take effect only after a restart.
 *
 * In: the running config, and the config that the same arguments produce now. Out: the options and the sections
 * that differ and that SIGHUP does not reload, for a line to the operator.
 */

import type { Config } from "../config/mod.ts";
import { OPTIONS, RELOADED_OPTIONS } from "./options/mod.ts";

/** The options, as `--max-connections`, and sections, as `[channels]`, whose new value takes a restart. */
export function waitingForRestart(running: Config, wanted: Config): string[] {
  const options = OPTIONS
    .filter((option) => !RELOADED_OPTIONS.includes(option))
    .filter(({ valuesOf }) => valuesOf(running).join("\n") !== valuesOf(wanted).join("\n"))
    .map(({ flag }) => `--${flag}`);
  // Plain data, whose fields are read in one order.
  const [before, after] = [running, wanted].map(({ channels }) => {
    const { pusher, ...rest } = channels ?? {};
    return { "[channels]": JSON.stringify(rest), "[pusher]": JSON.stringify(pusher) };
  });
  const sections = (["[channels]", "[pusher]"] as const)
    .filter((name) => before![name] !== after![name]);
  return [...options, ...sections];
}
