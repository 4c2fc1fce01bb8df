/**
 * Access: origins that may open WebSockets, and proxies that are trusted to name the client.
 *
 * In: texts. Out: parsed patterns and address blocks, as plain data of the config.
 */

import {
  type Cidr,
  formatIpAddress,
  type OriginPattern,
  parseCidr,
  parseOriginPattern,
  UNIX_PEER,
} from "../../../protocol/basics.ts";
import { TRUSTED_FIELDS } from "../../config/mod.ts";
import { UsageError } from "../usage_error.ts";
import { at, choice, type Codec, flagSwitch, list, type Option } from "./option.ts";

const group = "Access";

const ORIGIN: Codec<OriginPattern> = {
  parse: (text, name) => {
    const pattern = parseOriginPattern(text);
    if (pattern !== null) return pattern;
    throw new UsageError(
      `${name} must be an origin, as https://example.com, *.example.com, localhost:3000 or *, not "${text}"`,
    );
  },
  show: ({ text }) => text,
};

const CIDR: Codec<Cidr> = {
  parse: (text, name) => {
    const block = parseCidr(text);
    if (block !== null) return block;
    throw new UsageError(
      `${name} must be an IP address, a block such as 10.0.0.0/8 or 2001:db8::/32, or unix, not "${text}"`,
    );
  },
  show: ({ address, prefix }) => {
    return address.length === 0
      ? UNIX_PEER
      : `${formatIpAddress(Uint8Array.from(address))}/${prefix}`;
  },
};

/** The options of this group. */
export const ACCESS_OPTIONS: readonly Option[] = [
  list(
    {
      flag: "origin",
      group,
      value: "PATTERN",
      help: "other origins whose pages may open WebSockets and use channels, as *.example.com",
      defaultText: "same origin only",
    },
    { get: (config) => config.origins, set: (config, value) => void (config.origins = value) },
    ORIGIN,
  ),
  flagSwitch(
    {
      flag: "proxy-protocol",
      group,
      help: "require a PROXY header, version 1 or 2, at the start of every connection",
    },
    at("proxy", "protocol"),
  ),
  list(
    {
      flag: "trust-proxy",
      group,
      value: "CIDR",
      help: "trust X-Forwarded-For or Forwarded from these proxies, as 10.0.0.0/8 or unix",
    },
    at("proxy", "trustedProxies"),
    CIDR,
  ),
  choice(
    {
      flag: "trust-proxy-field",
      group,
      choices: TRUSTED_FIELDS,
      help: "the field that these proxies write; auto: either one, and neither if they differ",
    },
    at("proxy", "trustedField"),
  ),
];
