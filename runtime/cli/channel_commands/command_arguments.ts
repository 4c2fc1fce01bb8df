/**
 * Parses the arguments behind `async-deno channels`.
 *
 * In: the arguments. Out: which command it is, its arguments and the values of its flags, numbers and times checked; or that
 * the help is wanted. Throws UsageError, one line that names what is wrong and what was most likely meant. Opens no file.
 */

import { type Flags, KnownFlags, parseFlags } from "../flags.ts";
import { nearest } from "../../spelling/mod.ts";
import { numberCodec } from "../options/mod.ts";
import { UsageError } from "../usage_error.ts";
import {
  CHANNEL_COMMANDS,
  CHANNEL_WORDS,
  type ChannelCommand,
  type ChannelWord,
} from "./command_table.ts";

/** Words of other programs, by ours. */
const WORD_SYNONYMS: Readonly<Record<string, ChannelWord>> = {
  "gensubtoken": "token",
  "gentoken": "token",
  "jwt": "token",
  "sign": "token",
  "pub": "publish",
  "send": "publish",
  "listen": "subscribe",
  "sub": "subscribe",
  "tail": "subscribe",
  "watch": "subscribe",
  "clients": "presence",
  "who": "presence",
  "log": "history",
};

/** What a letter means to other programs. */
const LETTERS: Readonly<Record<string, string>> = {
  "?": "help",
  c: "config",
  f: "config",
  k: "api-key-file",
  n: "limit",
  t: "token",
  u: "user",
};

/** Names of flags of other programs, or of the server, by ours. */
const FLAG_SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  "allow": ["caps", "cap", "capability", "capabilities", "permission", "grant"],
  "api-key-file": ["api-key", "apikey", "key", "key-file", "x-api-key"],
  "ca": ["cacert", "ca-cert", "ca-file", "cafile", "tls-ca", "tls-client-ca"],
  "config": ["conf", "configuration", "config-file", "settings"],
  "epoch": ["since-epoch"],
  "expires": ["exp", "ttl", "expire", "lifetime", "expires-in", "expire-at"],
  "info": ["data", "meta", "conn-info"],
  "limit": ["count", "max", "lines", "number"],
  "reverse": ["newest", "descending"],
  "since": ["offset", "from", "recover", "position"],
  "stats": ["count", "presence-stats", "num"],
  "token": ["jwt", "bearer"],
  "url": ["server", "address", "host", "hostname", "ip", "port", "endpoint", "unix"],
  "user": ["sub", "subject", "username", "user-id"],
};

/** The parsed arguments of one command. */
export class CommandArguments {
  readonly command: ChannelCommand;
  /** Arguments without a flag. */
  readonly positional: readonly string[];
  readonly #flags: Flags;

  /** Called by {@link parseCommand}. */
  constructor(command: ChannelCommand, flags: Flags) {
    this.command = command;
    this.positional = flags.positional;
    this.#flags = flags;
  }

  /** Whether a switch is on. @throws {UsageError} if it has a value */
  isOn(flag: string): boolean {
    const values = this.texts(flag);
    if (values.some((value) => value !== "true")) throw new UsageError(`--${flag} takes no value`);
    return values.length > 0;
  }

  /** All values of a flag. @throws {UsageError} */
  texts(flag: string): readonly string[] {
    const values = this.#flags.valuesOf(flag);
    if (values.includes("")) throw new UsageError(`--${flag} needs a value`);
    return values;
  }

  /** The value of a flag; undefined: it is not given. @throws {UsageError} */
  text(flag: string): string | undefined {
    const [value, ...more] = this.texts(flag);
    if (more.length > 0) throw new UsageError(`--${flag} is given more than once`);
    return value;
  }

  /** A number, or a time in milliseconds; undefined: it is not given. @throws {UsageError} with the range */
  number(flag: string): number | undefined {
    const text = this.text(flag);
    const row = this.command.flags.find((row) => row.flag === flag);
    if (row?.measure === undefined) throw new TypeError(`--${flag} is no number`);
    return text === undefined ? undefined : numberCodec(row.measure).parse(text, `--${flag}`);
  }

  /** @throws {UsageError} if both are given */
  exclude(flag: string, other: string): void {
    if (this.texts(flag).length > 0 && this.texts(other).length > 0) {
      throw new UsageError(`--${flag} excludes --${other}`);
    }
  }
}

/** The command; "help" or a command's word with `wantsHelp`: its help is wanted. */
export type ParsedCommand = CommandArguments | { readonly helpOf: ChannelCommand | undefined };

/** Parses them. @throws {UsageError} */
export function parseCommand([word, ...args]: readonly string[]): ParsedCommand {
  if (word === "--help" || word === "-h") return { helpOf: undefined };
  const command = CHANNEL_COMMANDS.find((command) => command.word === word);
  if (command === undefined) throw new UsageError(unknownWord(word));
  const flags = parseFlags(args, knownFlags(command));
  const parsed = new CommandArguments(command, flags);
  if (parsed.isOn("help")) return { helpOf: command };
  const [fault] = flags.faults;
  if (fault !== undefined) throw new UsageError(fault);
  refuseNumberOfArguments(parsed);
  return parsed;
}

function knownFlags({ word, flags }: ChannelCommand): KnownFlags {
  return new KnownFlags(flags, {
    letters: LETTERS,
    synonyms: FLAG_SYNONYMS,
    help: `async-deno channels ${word} --help`,
  });
}

function unknownWord(word: string | undefined): string {
  const wanted = `channels needs one of the commands ${CHANNEL_WORDS.join(", ")}`;
  if (word === undefined) return `${wanted}: async-deno channels --help explains them`;
  if (word === "help") return `${wanted}, not "help": did you mean --help?`;
  if (word.startsWith("-")) return `${wanted} before all options, not "${word}"`;
  const lower = word.toLowerCase();
  const meant = WORD_SYNONYMS[lower] ?? nearest(lower, CHANNEL_WORDS);
  const hint = meant === undefined ? "" : `: did you mean ${meant}?`;
  return `${wanted}, not "${word}"${hint}`;
}

/** By command, what it needs; for errors. */
const NEEDS: Readonly<Record<ChannelWord, readonly string[]>> = {
  token: [],
  publish: ["the name of a channel", "the data, JSON, or - to read it from standard input"],
  subscribe: ["the name of a channel"],
  presence: ["the name of a channel"],
  history: ["the name of a channel"],
};

function refuseNumberOfArguments({ command: { word }, positional }: CommandArguments): void {
  const needs = NEEDS[word];
  const missing = needs[positional.length];
  if (missing !== undefined) throw new UsageError(`channels ${word} needs ${missing}`);
  const extra = positional[needs.length];
  if (extra !== undefined) {
    const hint = word === "publish"
      ? ": data with blanks has to be quoted, as '{\"a\": 1}'"
      : word === "token"
      ? ": did you mean --user?"
      : ": it takes one channel";
    throw new UsageError(`channels ${word} has too many arguments, from "${extra}" on${hint}`);
  }
  if (positional[0] === "") {
    throw new UsageError(`channels ${word}: the name of a channel is empty`);
  }
}
