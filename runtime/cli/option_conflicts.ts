/**
 * Conflicts between options that are valid on their own: one needs another, or excludes it.
 *
 * In: the config, the defaults, and which options were given. Out: one line for each conflict, which
 * names the options. Called once all options are read. Of the disk it compares the files of both logs.
 */

import type { Config } from "../config/mod.ts";
import { APP_OPTIONS, CHANNEL_FLAGS, FILE_OPTIONS, type Option, OPTIONS } from "./options/mod.ts";
import { isSameFile } from "./same_file.ts";

/** The options as they were read. */
export interface ReadOptions {
  readonly config: Config;
  /** The config without any option. */
  readonly defaults: Config;
  /** Whether a flag was given in any of the places where it can stand. */
  isGiven(flag: string): boolean;
  /** Whether it was given as an argument or a variable, not only in the file. */
  isGivenDirectly(flag: string): boolean;
}

const HOW_TO_SWITCH_ON =
  "write the section [channels] into the configuration file, or try them out with --channels-insecure";

/** Options that have an effect only with another one. */
const DEPENDENT: readonly (readonly [flags: readonly string[], needed: string])[] = [
  [FILE_OPTIONS.map(({ flag }) => flag).filter((flag) => flag !== "root"), "root"],
  [APP_OPTIONS.map(({ flag }) => flag).filter((flag) => flag !== "app"), "app"],
  [["unix-mode"], "unix"],
  [["tls", "tls-client-ca"], "tls-cert"],
  [["tls-client-auth"], "tls-client-ca"],
  [["trust-proxy-field"], "trust-proxy"],
  [["access-log-format"], "access-log"],
  [["admin-channels"], "admin"],
];

/** Options that have an effect only with channels. Without any, `--engine` has a line of its own. */
const OF_CHANNELS: readonly string[] = [
  ...CHANNEL_FLAGS.map(({ flag }) => flag).filter((flag) => {
    return flag !== "channels-insecure" && flag !== "engine";
  }),
  "admin-channels",
];

/**
 * Milliseconds of `--channel-connect-timeout`, or half of it if that is less, that the question to the backend leaves for what comes before
 * and after it: a client asks only when its connection is open.
 */
const LEAST_REST = 1_000;

/** Every conflict between the options. */
export function optionConflicts(read: ReadOptions): string[] {
  return [
    ...transportConflicts(read.config),
    ...logConflicts(read.config),
    ...drainConflicts(read),
    ...engineConflicts(read.config),
    ...proxyConflicts(read.config),
    ...missingCompanions(read),
    ...missingChannels(read),
  ];
}

/** Files that the rotation of the event log would rename or replace while the access log is written there. */
function logConflicts({ log, monitoring: { accessLog } }: Config): string[] {
  if ([log, accessLog].some((target) => target === "-" || target === "off")) return [];
  const isLast = isSameFile(`${log}.1`, accessLog);
  if (!isLast && !isSameFile(log, accessLog)) return [];
  const file = isLast ? `${log}.1, the last file of --log` : `the file of --log, ${log}`;
  return [`--access-log cannot be ${file}: its rotation would lose lines; choose another file`];
}

function engineConflicts({ engine, channels }: Config): string[] {
  if (engine === undefined || channels !== undefined) return [];
  return [`--engine has no effect without channels: ${HOW_TO_SWITCH_ON}`];
}

function proxyConflicts({ app, channels, channelLimits: { connectTime } }: Config): string[] {
  const { proxy } = channels ?? {};
  if (proxy === undefined) return [];
  const faults = app === undefined ? [] : [
    "[channels.proxy] excludes --app: the functions under channels of the app decide about clients",
  ];
  const most = connectTime - Math.min(LEAST_REST, connectTime / 2);
  if (proxy.endpoints.connect === undefined || proxy.timeout <= most) return faults;
  return [
    ...faults,
    `timeout of [channels.proxy] is ${proxy.timeout / 1000} s, and must be at most ` +
    `${most / 1000} s with --channel-connect-timeout ${
      connectTime / 1000
    } s, which goes on while ` +
    "the backend is asked: clients that are not connected by then are closed with 3502 and stay away",
  ];
}

/** Clients that are left at the end of the drain are cut off without a close frame. */
function drainConflicts({ config, isGiven }: ReadOptions): string[] {
  const { limits: { drainTime }, channelLimits: { drainSpread } } = config;
  if (!isGiven("drain-spread") || drainSpread < drainTime) return [];
  return [
    `--drain-spread is ${drainSpread / 1000} s, and must be shorter than --drain-timeout, ` +
    `${drainTime / 1000} s, after which clients are cut off; make the timeout longer`,
  ];
}

function transportConflicts({ proxy, tls, transport, unix }: Config): string[] {
  const isByDeno = tls.library === "deno" || transport === "deno";
  const rules: readonly (readonly [isBroken: boolean, fault: string])[] = [
    [
      tls.cert !== undefined && tls.key === undefined,
      "--tls-cert needs --tls-key, the private key of the certificate",
    ],
    [
      tls.key !== undefined && tls.cert === undefined,
      "--tls-key needs --tls-cert, the certificate of the key",
    ],
    [
      tls.cert !== undefined && tls.key !== undefined &&
      tls.otherCerts.length !== tls.otherKeys.length,
      `${count(tls.otherCerts, "--tls-cert")} and ${
        count(tls.otherKeys, "--tls-key")
      }: each certificate needs ` +
      "its key, in the same order",
    ],
    [
      tls.otherCerts.length > 0 && isByDeno,
      "several --tls-cert need OpenSSL: remove --tls deno and --transport deno",
    ],
    [
      tls.clientCa !== undefined && isByDeno,
      "--tls-client-ca needs OpenSSL: remove --tls deno and --transport deno",
    ],
    [
      tls.redirectPort !== undefined && tls.cert === undefined,
      "--redirect-http needs --tls-cert: without TLS there is no https address to redirect to",
    ],
    [
      tls.cert !== undefined && proxy.protocol,
      "--proxy-protocol cannot be used with --tls-cert: let the proxy terminate TLS",
    ],
    [
      unix.path !== undefined && tls.cert !== undefined,
      "--unix cannot be used with --tls-cert: let the proxy terminate TLS",
    ],
    [
      unix.path !== undefined && transport === "deno",
      "--unix needs the epoll transport: remove --transport deno",
    ],
    [
      tls.cert !== undefined && tls.library === "deno" && transport === "epoll",
      "--tls deno needs Deno's sockets: remove --transport epoll, or use --tls openssl",
    ],
    [
      tls.cert !== undefined && tls.library === "openssl" && transport === "deno",
      "--tls openssl needs the epoll transport: remove --transport deno, or use --tls deno",
    ],
  ];
  return rules.flatMap(([isBroken, fault]) => isBroken ? [fault] : []);
}

/** How often an option is given, by the values after the first. */
function count(others: readonly string[], flag: string): string {
  return `${others.length + 1} ${flag}`;
}

/**
 * Options that were given and have no effect, because the option that they need is missing. A file may contain
 * their defaults, because --check prints such files; a switch may be off everywhere.
 */
function missingCompanions(read: ReadOptions): string[] {
  return DEPENDENT.filter(([_, needed]) => !read.isGiven(needed)).flatMap(([flags, needed]) => {
    return changedAmong(flags, read).map((flag) => `--${flag} has no effect without --${needed}`);
  });
}

/** The same for channels. Those of an app need no section. */
function missingChannels(read: ReadOptions): string[] {
  if (read.config.channels !== undefined || read.isGiven("app")) return [];
  return changedAmong(OF_CHANNELS, read).map((flag) => {
    return `--${flag} has no effect without channels: ${HOW_TO_SWITCH_ON}`;
  });
}

/** Those of some options that were given. */
function changedAmong(
  flags: readonly string[],
  { config, defaults, isGivenDirectly }: ReadOptions,
): string[] {
  const isChanged = ({ flag, value, valuesOf }: Option) => {
    return (value !== undefined && isGivenDirectly(flag)) ||
      valuesOf(config).join("\n") !== valuesOf(defaults).join("\n");
  };
  return OPTIONS.filter((option) => flags.includes(option.flag) && isChanged(option))
    .map(({ flag }) => flag);
}
