/**
 * Who may do what, and who is believed what.
 */

import { type OriginPattern, parseOriginPattern } from "../../../protocol/mod.ts";
import { UsageError } from "../usage_error.ts";
import { type Codec, list, type Option } from "./option.ts";

const group = "Access";

const ORIGIN: Codec<OriginPattern> = {
  parse: (text, name) => {
    const pattern = parseOriginPattern(text);
    if (pattern !== null) return pattern;
    throw new UsageError(
      `${name} is an origin as https://example.com, *.example.com, localhost:3000 or *, not "${text}"`,
    );
  },
  show: ({ text }) => text,
};

/** The options of this group. */
export const ACCESS_OPTIONS: readonly Option[] = [
  list(
    {
      flag: "origin",
      group,
      value: "PATTERN",
      help: "pages of other origins that may open WebSockets, as *.example.com; repeatable",
      defaultText: "our own alone",
    },
    { get: (config) => config.origins, set: (config, value) => void (config.origins = value) },
    ORIGIN,
  ),
];
