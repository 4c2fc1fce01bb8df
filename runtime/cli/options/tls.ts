/**
 * The implementation of sockets, and the certificate of https. A missing or unusable file is reported at
 * the start.
 */

import { TLS_LIBRARIES, TRANSPORTS } from "../../config/mod.ts";
import { at, choice, number, type Option, TEXT, text } from "./option.ts";

const group = "Transport and TLS";

/** The options of this group. */
export const TLS_OPTIONS: readonly Option[] = [
  choice(
    {
      flag: "transport",
      group,
      choices: TRANSPORTS,
      help: "socket implementation; auto: epoll on Linux, deno on other systems and for --tls deno",
    },
    {
      get: (config) => config.transport,
      set: (config, value) => void (config.transport = value),
    },
  ),
  choice(
    {
      flag: "tls",
      group,
      choices: TLS_LIBRARIES,
      help:
        "TLS implementation; auto: the system's OpenSSL 3 on Linux if it is installed, else deno",
    },
    at("tls", "library"),
  ),
  text(
    {
      flag: "tls-cert",
      group,
      value: "FILE",
      names: "file",
      help: "serve https and wss with this certificate chain, PEM; reloaded on SIGHUP",
    },
    at("tls", "cert"),
    TEXT,
  ),
  text(
    {
      flag: "tls-key",
      group,
      value: "FILE",
      names: "file",
      help: "private key of the certificate, PEM, not encrypted",
    },
    at("tls", "key"),
    TEXT,
  ),
  number(
    {
      flag: "redirect-http",
      group,
      value: "PORT",
      range: [0, 65_535],
      help: "redirect plain HTTP on this port to the https address, with 308",
      defaultText: "none",
    },
    {
      get: (config) => config.tls.redirectPort,
      set: (config, value) => void (config.tls.redirectPort = value),
    },
  ),
];
