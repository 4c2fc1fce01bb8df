/**
 * The likely meaning of a positional argument that is not a valid WORKERS, IP or PORT.
 *
 * In: the argument, and the place where it stands. Out: the end of an error message, after a colon,
 * or undefined if nothing is likely: a port without its flag, an address, a folder, a typo of a
 * command. Looks at the text alone, never at the disk.
 */

import { parseIpAddress } from "../../protocol/basics.ts";
import { likelyFlag } from "./likely_flag.ts";
import { nearest } from "../spelling/mod.ts";
import { COMMANDS, OPTIONS, PROGRAM_FLAGS } from "./options/mod.ts";

const MAX_PORT = 65_535;

/** Words that are commands of other programs, or of `channels`, and what to do instead. */
const FOREIGN_COMMANDS: Readonly<Record<string, string>> = {
  check: "did you mean --check?",
  daemon: 'did you mean the command "async-deno systemd"?',
  healthcheck: 'did you mean the command "async-deno health"?',
  help: "did you mean --help?",
  history: 'did you mean the command "async-deno channels history"?',
  htpasswd: 'did you mean the command "async-deno hash-password"?',
  install: 'did you mean the command "async-deno systemd"?',
  listen: "async-deno serves without a command word; leave it out",
  passwd: 'did you mean the command "async-deno hash-password"?',
  password: 'did you mean the command "async-deno hash-password"?',
  presence: 'did you mean the command "async-deno channels presence"?',
  publish: 'did you mean the command "async-deno channels publish"?',
  reload: "to reload a running server, send it SIGHUP",
  restart: "to stop a running server, send it SIGTERM, then start it again",
  run: "async-deno serves without a command word; leave it out",
  serve: "async-deno serves without a command word; leave it out",
  server: "async-deno serves without a command word; leave it out",
  service: 'did you mean the command "async-deno systemd"?',
  start: "async-deno serves without a command word; leave it out",
  status: 'did you mean the command "async-deno health"?',
  stop: "to stop a running server, send it SIGTERM",
  subscribe: 'did you mean the command "async-deno channels subscribe"?',
  test: "did you mean --check?",
  token: 'did you mean the command "async-deno channels token"?',
  unit: 'did you mean the command "async-deno systemd"?',
  validate: "did you mean --check?",
  version: "did you mean --version?",
};

/** The option that a file of this ending is for. */
const FLAG_BY_ENDING: readonly (readonly [ending: RegExp, flag: string])[] = [
  [/\.(?:toml|json)$/i, "config"],
  [/\.(?:pem|crt|cer)$/i, "tls-cert"],
  [/\.key$/i, "tls-key"],
  [/\.sock$/i, "unix"],
  [/\.[cm]?[jt]sx?$/i, "app"],
];

/** Ports that other programs also take by name. */
const PORT_BY_NAME: Readonly<Record<string, string>> = { http: "80", https: "443" };

/** A unit that was split from its number by a blank. */
const UNIT = /^(?:[kmgt]?b|[kmgt]ib|ms|s|secs?|min|h|d)$/i;

/** A switch's value, written as a word of its own. Digits are not among them: they may be WORKERS. */
const SWITCH_VALUE = /^(?:true|false|yes|no|on|off)$/i;

const FLAGS = [...OPTIONS, ...PROGRAM_FLAGS].map(({ flag }) => flag);

/** What was likely meant by `text` in the place of `place`: WORKERS, IP or PORT. */
export function argumentHint(text: string, place: string): string | undefined {
  if (place === "PORT" && Object.hasOwn(PORT_BY_NAME, text)) {
    return `did you mean ${PORT_BY_NAME[text]}?`;
  }
  return portHint(text, place) ?? addressHint(text) ?? fileHint(text) ?? wordHint(text);
}

/** The flags for an address with or without a port, or for a port alone; undefined: the text is neither. */
export function listenHint(text: string): string | undefined {
  return portHint(text, "") ?? addressHint(text);
}

function portHint(text: string, place: string): string | undefined {
  const isPort = /^\d+$/.test(text) && Number(text) <= MAX_PORT;
  // More workers than allowed, or a number in the place of the address.
  if (!isPort || place === "PORT" || Number(text) === 0) return undefined;
  return `did you mean --port ${text}?`;
}

/** An address, a name of this machine, or either with a port. */
function addressHint(text: string): string | undefined {
  const { host = text, port } = /^(?<host>\[[^\]]*\]|[^:]*):(?<port>\d{1,5})$/.exec(text)?.groups ??
    {};
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  const ip = bare.toLowerCase() === "localhost" ? "127.0.0.1" : bare;
  const toPort = port === undefined ? [] : [`--port ${port}`];
  if (ip === "" && port !== undefined) return `did you mean ${toPort[0]}?`;
  if (parseIpAddress(ip) === null) return undefined;
  return `did you mean ${[`--ip ${ip}`, ...toPort].join(" ")}?`;
}

function fileHint(text: string): string | undefined {
  if (text.includes("://")) return undefined;
  const flag = FLAG_BY_ENDING.find(([ending]) => ending.test(text))?.[1];
  if (flag !== undefined) return `did you mean --${flag} ${text}?`;
  return /^[.~]|\//.test(text) ? `did you mean --root ${text}?` : undefined;
}

function wordHint(text: string): string | undefined {
  if (UNIT.test(text)) return "a unit follows its number without a blank, as 16m or 500ms";
  if (SWITCH_VALUE.test(text)) return `a switch takes its value after "=", as --listing=${text}`;
  const word = text.toLowerCase();
  if (Object.hasOwn(FOREIGN_COMMANDS, word)) return FOREIGN_COMMANDS[word];
  const command = nearest(word, COMMANDS.map((command) => command.word));
  if (command !== undefined) {
    return command === text
      ? "a command must be the first argument"
      : `did you mean the command "async-deno ${command}"?`;
  }
  const flag = likelyFlag(word, FLAGS);
  return flag === undefined ? undefined : `did you mean --${flag}?`;
}
