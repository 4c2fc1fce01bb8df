/**
 * The commands of `async-deno channels`, and their flags: for the parser, the help and the completions.
 *
 * In: nothing. Out: a row for each command. A flag means the same in all commands that have it.
 */

import type { FlagShape } from "../flags.ts";
import type { Named, NumberRow } from "../options/mod.ts";

/** The words behind `async-deno channels`. */
export const CHANNEL_WORDS = ["token", "publish", "subscribe", "presence", "history"] as const;
/** One of {@link CHANNEL_WORDS}. */
export type ChannelWord = (typeof CHANNEL_WORDS)[number];

/** A flag of a command. */
export interface CommandFlag extends FlagShape {
  readonly help: string;
  /** What its value names on disk. */
  readonly names?: Named;
  readonly repeatable?: boolean;
  /** Of a number or a time: what it may be, as of the server's options. */
  readonly measure?: Pick<NumberRow, "value" | "range">;
}

/** A command. */
export interface ChannelCommand {
  readonly word: ChannelWord;
  /** The placeholders of its arguments. */
  readonly follows: string;
  /** What it does, in a line. */
  readonly help: string;
  /** What it prints. */
  readonly prints: string;
  readonly flags: readonly CommandFlag[];
  readonly examples: readonly string[];
}

/** Seconds of the longest life of a token: ten years. */
const LONGEST_LIFE = 3650 * 86_400;

const ANY_COUNT = { value: "COUNT", range: [0, Number.MAX_SAFE_INTEGER] } as const;

const HELP: CommandFlag = { flag: "help", short: "h", value: undefined, help: "print this help" };
const CONFIG: CommandFlag = {
  flag: "config",
  value: "FILE",
  names: "file",
  help:
    "the server's configuration file, for its address, secrets and keys; default: the variable ASYNC_DENO_CONFIG",
};
const SERVER: readonly CommandFlag[] = [
  {
    flag: "url",
    value: "URL",
    help:
      "the server's address; default: that of --config and the server's variables, http://127.0.0.1:8000",
  },
  {
    flag: "ca",
    value: "FILE",
    names: "file",
    help: "also trust the certificates of this authority, PEM",
  },
  CONFIG,
];
const API: readonly CommandFlag[] = [
  ...SERVER,
  {
    flag: "api-key-file",
    value: "FILE",
    names: "file",
    help: "the file with the key of the HTTP API; default: that of --config",
  },
  {
    flag: "api-key-variable",
    value: "NAME",
    help: "the variable of the environment with that key",
  },
];
const USER: CommandFlag = {
  flag: "user",
  value: "NAME",
  help: "the user whose token it is",
};
const KEY: CommandFlag = {
  flag: "conflation-key",
  value: "KEY",
  help:
    "the key of the publication, where conflation_interval merges publications with the same key",
};
const SINCE: readonly CommandFlag[] = [
  {
    flag: "since",
    value: "OFFSET",
    measure: ANY_COUNT,
    help: "only what was published after this offset",
  },
  {
    flag: "epoch",
    value: "EPOCH",
    help: "the epoch of that offset: fail if the channel has another one by now; default: any",
  },
];
const LIMIT: CommandFlag = {
  flag: "limit",
  value: "COUNT",
  measure: ANY_COUNT,
  help: "print at most COUNT publications; default: all",
};

/** The commands, in the order of the help. */
export const CHANNEL_COMMANDS: readonly ChannelCommand[] = [
  {
    word: "token",
    follows: "",
    help: "make a token by hand, signed with the secret of --config",
    prints: "the token",
    flags: [
      CONFIG,
      USER,
      {
        flag: "channel",
        value: "CHANNEL",
        help: "make a subscription token for this channel; default: a connection token",
      },
      {
        flag: "expires",
        value: "TIME",
        measure: { value: "TIME", range: [1, LONGEST_LIFE] },
        help: "how long it is valid; default: 1h",
      },
      { flag: "info", value: "JSON", help: "JSON that others see beside the user" },
      {
        flag: "allow",
        value: "PATTERN=ACTIONS",
        repeatable: true,
        help:
          "what it allows in channels of this name, in which * stands for any text: sub, pub, prs, hst, separated by commas",
      },
      HELP,
    ],
    examples: [
      "token --config chat.toml --user ann",
      "token --config chat.toml --user ann --allow 'chat:*=sub,pub,hst' --expires 30d",
      "token --config chat.toml --user ann --channel '$news'",
    ],
  },
  {
    word: "publish",
    follows: "CHANNEL DATA|-",
    help: "publish to a channel by the HTTP API: JSON, from the argument or from standard input",
    prints: 'offset and epoch: {"offset":1,"epoch":"…"}',
    flags: [KEY, ...API, HELP],
    examples: [
      `publish chat:lobby '{"text":"hello"}' --config chat.toml`,
      "publish chat:lobby - --url https://example.com --api-key-file api.key < a.json",
    ],
  },
  {
    word: "subscribe",
    follows: "CHANNEL",
    help: "print the publications of a channel as they come, until it is stopped",
    prints:
      "one line of JSON for each publication; standard error reports a lost connection and lost publications; on a " +
      "terminal it shows how many came, and how many a second",
    flags: [
      ...SERVER,
      {
        flag: "token",
        value: "TOKEN",
        help:
          "the connection token, which other users of this machine can see here; default: made with the secret of " +
          "--config, or none",
      },
      {
        flag: "token-file",
        value: "FILE",
        names: "file",
        help: "the file with the connection token, which is read again for each connection",
      },
      {
        flag: "subscription-token",
        value: "TOKEN",
        help: "the subscription token of the channel, with --token or --token-file",
      },
      { ...USER, help: "the user of the token that is made with the secret; default: none" },
      ...SINCE,
      { ...LIMIT, measure: { value: "COUNT", range: [1, Number.MAX_SAFE_INTEGER] } },
      HELP,
    ],
    examples: [
      "subscribe chat:lobby --config chat.toml",
      "subscribe chat:lobby --url https://example.com --token-file ann.jwt --since 0",
    ],
  },
  {
    word: "presence",
    follows: "CHANNEL",
    help: "print who is present in a channel, by the HTTP API",
    prints: "one line of JSON for each client",
    flags: [
      ...API,
      {
        flag: "stats",
        value: undefined,
        help: 'only how many: {"num_clients":2,"num_users":1}',
      },
      HELP,
    ],
    examples: ["presence chat:lobby --config chat.toml"],
  },
  {
    word: "history",
    follows: "CHANNEL",
    help: "print what a channel keeps, by the HTTP API",
    prints: "one line of JSON for each publication, the oldest first",
    flags: [
      ...API,
      ...SINCE,
      { ...LIMIT, help: `${LIMIT.help}; 0: only the position, {"offset":5,"epoch":"…"}` },
      {
        flag: "reverse",
        value: undefined,
        help: "the newest first; with --since what is before that offset",
      },
      HELP,
    ],
    examples: [
      "history chat:lobby --config chat.toml --limit 10 --reverse",
      "history chat:lobby --config chat.toml --since 5",
    ],
  },
];
