/**
 * The implementation of sockets, and the certificate of https. A missing or unusable file is reported at
 * the start.
 */

import {
  CLIENT_AUTHS,
  IO_URING_CHOICES,
  TLS_LIBRARIES,
  TRANSPORTS,
  WARM_UP_CHOICES,
} from "../../config/mod.ts";
import { type Accessor, at, choice, list, number, type Option, TEXT, text } from "./option.ts";

const group = "Transport and TLS";

/** A list whose first value has a field of its own. */
function firstAndOthers(
  first: "cert" | "key",
  others: "otherCerts" | "otherKeys",
): Accessor<readonly string[]> {
  return {
    get: ({ tls }) => tls[first] === undefined ? [] : [tls[first], ...tls[others]],
    set: ({ tls }, [value, ...more]) => {
      tls[first] = value;
      tls[others] = more;
    },
  };
}

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
      flag: "io-uring",
      group,
      choices: IO_URING_CHOICES,
      help:
        "send many answers with one system call, on epoll without TLS; auto: if the kernel allows it",
    },
    {
      get: (config) => config.ioUring,
      set: (config, value) => void (config.ioUring = value),
    },
  ),
  choice(
    {
      flag: "warm-up",
      group,
      choices: WARM_UP_CHOICES,
      help:
        "on epoll, each worker handles some connections of its own before it serves, so that clients " +
        "do not wait for the compiler later; off: the server starts sooner",
    },
    {
      get: (config) => config.warmUp,
      set: (config, value) => void (config.warmUp = value),
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
  list(
    {
      flag: "tls-cert",
      group,
      value: "FILE",
      names: "file",
      help:
        "serve https and wss with this certificate chain, PEM; of several, the one for the client's " +
        "host name, or the first; reloaded on SIGHUP",
    },
    firstAndOthers("cert", "otherCerts"),
    TEXT,
  ),
  list(
    {
      flag: "tls-key",
      group,
      value: "FILE",
      names: "file",
      help: "private key of the certificate, PEM, not encrypted; of several, in the same order",
    },
    firstAndOthers("key", "otherKeys"),
    TEXT,
  ),
  text(
    {
      flag: "tls-client-ca",
      group,
      value: "FILE",
      names: "file",
      help: "ask clients for a certificate of one of these authorities, PEM; reloaded on SIGHUP",
    },
    at("tls", "clientCa"),
    TEXT,
  ),
  choice(
    {
      flag: "tls-client-auth",
      group,
      choices: CLIENT_AUTHS,
      help: "refuse clients without a certificate, or ask and accept them",
    },
    at("tls", "clientAuth"),
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
