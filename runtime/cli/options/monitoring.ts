/**
 * Monitoring: the admin server with metrics, health and the live page, and the access log.
 */

import { urlHost } from "../../../protocol/basics.ts";
import { ACCESS_FORMATS, type ListenAddress } from "../../config/mod.ts";
import { UsageError } from "../usage_error.ts";
import { IP_ADDRESS } from "./listen.ts";
import { LOG_TARGET } from "./log.ts";
import { at, choice, type Codec, flagSwitch, type Option, text } from "./option.ts";

const MAX_PORT = 65_535;
const group = "Monitoring";

/** `IP:PORT`, an IPv6 address in brackets. */
const LISTEN_ADDRESS: Codec<ListenAddress> = {
  parse: (text, name) => {
    const [, address, digits] = /^(\[[^\]]*\]|[^:]+):(\d{1,5})$/.exec(text) ?? [];
    const port = Number(digits);
    if (address === undefined || !(port <= MAX_PORT) || address === "localhost") {
      const [, port] = /^(?:localhost)?:?(\d{1,5})$/.exec(text) ?? [];
      const hint = port === undefined ? "" : `: did you mean 127.0.0.1:${port}?`;
      throw new UsageError(
        `${name} must be IP:PORT, as 127.0.0.1:9000 or [::1]:9000, not "${text}"${hint}`,
      );
    }
    return { hostname: IP_ADDRESS.parse(address, `the IP of ${name}`), port };
  },
  show: ({ hostname, port }) => `${urlHost(hostname)}:${port}`,
};

/** A format alone is most likely meant for the other option. */
const ACCESS_LOG: Codec<string> = {
  parse: (text, name) => {
    if (ACCESS_FORMATS.every((format) => format !== text)) return LOG_TARGET.parse(text, name);
    throw new UsageError(
      `${name} must be a file, - (standard output) or off, not "${text}": did you mean --access-log-format ${text}?`,
    );
  },
  show: LOG_TARGET.show,
};

/** The options of this group. */
export const MONITORING_OPTIONS: readonly Option[] = [
  text(
    {
      flag: "admin",
      group,
      value: "IP:PORT",
      help: "serve /metrics, /healthz, /readyz and a live page at this address, without a password",
      defaultText: "off",
    },
    at("monitoring", "admin"),
    LISTEN_ADDRESS,
  ),
  flagSwitch(
    {
      flag: "admin-channels",
      group,
      help: "let the live page list channels, watch them and publish to them",
    },
    at("monitoring", "adminChannels"),
  ),
  text(
    {
      flag: "access-log",
      group,
      value: "FILE|-|off",
      names: "new file",
      help: "append one line per request to FILE, or write it to standard output",
    },
    at("monitoring", "accessLog"),
    ACCESS_LOG,
  ),
  choice(
    {
      flag: "access-log-format",
      group,
      choices: ACCESS_FORMATS,
      help: "the format of Apache and nginx, or one JSON object per line",
    },
    at("monitoring", "accessLogFormat"),
  ),
];
