/**
 * Options of the server that stand in a section of the configuration file, most often because the section above was meant to have ended.
 *
 * In: an unknown key of a section. Out: the end of an error message, after a colon; undefined: it is no option of the server.
 */

import { OPTIONS } from "./options/mod.ts";

/** Where a key belongs that no section has. */
export const AT_THE_TOP = "at the top of the file, before any [section]";

/** The hint. */
export function misplacedHint(key: string): string | undefined {
  const flag = key.toLowerCase().replaceAll("_", "-");
  const isOption = OPTIONS.some((option) => option.flag === flag);
  return isOption ? `${flag} is an option of the server: write it ${AT_THE_TOP}` : undefined;
}
