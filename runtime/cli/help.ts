/**
 * The text that `--help` prints on standard output.
 *
 * In: the table of options and the defaults. Out: one text of at most 100 columns.
 */

import { type Config, DEFAULT_CONFIG } from "../config/mod.ts";
import {
  COMMANDS,
  type Option,
  OPTIONS,
  PROGRAM_FLAGS,
  type ProgramCommand,
  type ProgramFlag,
  variableOf,
} from "./options/mod.ts";

/** The exit codes; the reason is a line on stderr. */
export const EXIT = { stopped: 0, cannotServe: 1, usage: 2 } as const;

/** The whole text of `--help`. */
export function helpText(version: string): string {
  return `async-deno ${version}: HTTP/1.1 and WebSockets on every core

Usage: async-deno [WORKERS] [IP] [PORT] [options]
${COMMANDS.map(usage).join("\n")}

  WORKERS   threads that serve, 1-256; default: one a core
  IP        address to listen on, IPv4 or IPv6; default: ${DEFAULT_CONFIG.hostname}
  PORT      0-65535, 0 takes a free one; default: ${DEFAULT_CONFIG.port}

${groups().join("\n\n")}

The program:
${PROGRAM_FLAGS.flatMap(programLines).join("\n")}
${COMMANDS.flatMap(commandLines).join("\n")}

Every option is an environment variable too, --max-connections as ${variableOf("max-connections")},
and a key in the file of --config: the flag wins over the variable, and that over the file.

Endpoints: / the terminal page (/term/ with --root), /ws and /term its WebSocket, /echo, /healthz
Signals: SIGTERM and SIGINT stop it when what is under way is done; a second one stops it at once.
         SIGHUP has it read configuration, certificate and logs anew.
Exit codes: ${EXIT.stopped} stopped; ${EXIT.cannotServe} could not serve; ${EXIT.usage} the command line is wrong

Examples:
  async-deno 8                      8 workers on ${DEFAULT_CONFIG.hostname} port ${DEFAULT_CONFIG.port}
  async-deno 4 127.0.0.1 8080       4 workers, on this machine alone, port 8080
  async-deno 2 :: 0 --log off       IPv6 and IPv4, a free port, no log
`;
}

/** Where the words begin, and where a line ends at the latest. */
const WORDS_AT = 30;
const COLUMNS = 100;
const MARGIN = " ".repeat(WORDS_AT - 1);

function groups(): string[] {
  const headings = [...new Set(OPTIONS.map(({ group }) => group))];
  return headings.map((heading) => {
    const options = OPTIONS.filter(({ group }) => group === heading);
    return [`${heading}:`, ...options.flatMap(optionLines)].join("\n");
  });
}

function optionLines(option: Option): string[] {
  const defaults: Config = { ...DEFAULT_CONFIG, workers: 1 };
  const times = option.repeatable ? "; may be repeated" : "";
  const words = `${option.help}${times}; default: ${option.defaultText(defaults)}`;
  return entry(named(`--${option.flag}`, option.value), words);
}

function programLines({ flag, short, value, help }: ProgramFlag): string[] {
  return entry(named(short === undefined ? `--${flag}` : `-${short}, --${flag}`, value), help);
}

function commandLines({ word, follows, help }: ProgramCommand): string[] {
  return entry(named(word, follows), help);
}

function usage({ word, follows }: ProgramCommand): string {
  return `       async-deno ${named(word, follows)}`;
}

function named(name: string, value: string | undefined): string {
  return value === undefined || value === "" ? name : `${name} ${value}`;
}

/** A name and its words, in as many lines as they need. */
function entry(name: string, words: string): string[] {
  const start = `  ${name}`;
  const lines = start.length < WORDS_AT ? [start.padEnd(WORDS_AT - 1)] : [start, MARGIN];
  for (const word of words.split(" ")) {
    const last = lines.at(-1)!; // there is always one
    if (last.length + 1 + word.length <= COLUMNS) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${MARGIN} ${word}`);
  }
  return lines;
}
