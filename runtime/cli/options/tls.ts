/**
 * What carries the connections, and TLS. Whether the files are there, and belong together, is found
 * out at the start.
 */

import { TRANSPORTS } from "../../config/mod.ts";
import { at, choice, number, type Option, TEXT, text } from "./option.ts";

const group = "Transport and TLS";

/** The options of this group. */
export const TLS_OPTIONS: readonly Option[] = [
  choice(
    {
      flag: "transport",
      group,
      choices: TRANSPORTS,
      help: "what carries the connections; auto: epoll on Linux, deno elsewhere and for TLS",
    },
    {
      get: (config) => config.transport,
      set: (config, value) => void (config.transport = value),
    },
  ),
  text(
    {
      flag: "tls-cert",
      group,
      value: "FILE",
      names: "file",
      help: "serve https and wss with this certificate and its chain, PEM; read anew at SIGHUP",
    },
    at("tls", "cert"),
    TEXT,
  ),
  text(
    { flag: "tls-key", group, value: "FILE", names: "file", help: "its private key, PEM" },
    at("tls", "key"),
    TEXT,
  ),
  number(
    {
      flag: "redirect-http",
      group,
      value: "PORT",
      range: [0, 65_535],
      help: "answer plain HTTP at this port with 308 to the https address",
      defaultText: "none",
    },
    {
      get: (config) => config.tls.redirectPort,
      set: (config, value) => void (config.tls.redirectPort = value),
    },
  ),
];
