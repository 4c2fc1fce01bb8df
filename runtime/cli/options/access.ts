/**
 * Who may do what, and who is believed what: pages of other origins, proxies in front of the server.
 *
 * In: texts. Out: patterns and blocks of addresses, taken apart, as plain data of the config.
 */

import {
  type Cidr,
  formatIpAddress,
  type OriginPattern,
  parseCidr,
  parseOriginPattern,
  UNIX_PEER,
} from "../../../protocol/mod.ts";
import { TRUSTED_FIELDS } from "../../config/mod.ts";
import { UsageError } from "../usage_error.ts";
import { at, choice, type Codec, flagSwitch, list, type Option } from "./option.ts";

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

const CIDR: Codec<Cidr> = {
  parse: (text, name) => {
    const block = parseCidr(text);
    if (block !== null) return block;
    throw new UsageError(
      `${name} is an address or a block of addresses as 10.0.0.0/8 or 2001:db8::/32, or unix, not "${text}"`,
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
      help: "pages of other origins that may open WebSockets, as *.example.com; repeatable",
      defaultText: "our own alone",
    },
    { get: (config) => config.origins, set: (config, value) => void (config.origins = value) },
    ORIGIN,
  ),
  flagSwitch(
    {
      flag: "proxy-protocol",
      group,
      help: "every connection begins with a PROXY header, version 1 or 2; without one: closed",
    },
    at("proxy", "protocol"),
  ),
  list(
    {
      flag: "trust-proxy",
      group,
      value: "CIDR",
      help:
        "proxies whose X-Forwarded-For or Forwarded names the client, as 10.0.0.0/8 or unix; repeatable",
    },
    at("proxy", "trustedProxies"),
    CIDR,
  ),
  choice(
    {
      flag: "trust-proxy-field",
      group,
      choices: TRUSTED_FIELDS,
      help:
        "which of the two these proxies write; auto: the one that is there, neither if they differ",
    },
    at("proxy", "trustedField"),
  ),
];
