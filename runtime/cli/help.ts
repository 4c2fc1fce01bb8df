/**
 * The text that `--help` prints on standard output.
 *
 * In: the table of options and the defaults. Out: one text of at most 100 columns.
 */

import { type Config, DEFAULT_CONFIG } from "../config/mod.ts";
import { helpEntry, named } from "./help_entry.ts";
import {
  COMMANDS,
  type Option,
  OPTIONS,
  PROGRAM_FLAGS,
  type ProgramCommand,
  type ProgramFlag,
  variableOf,
} from "./options/mod.ts";

/** The exit codes; the reason is a line on standard error. */
export const EXIT = { stopped: 0, cannotServe: 1, usage: 2 } as const;

/** The whole text of `--help`. */
export function helpText(version: string): string {
  return `async-deno ${version}: an HTTP/1.1 and WebSocket server that uses every core

Usage: async-deno [WORKERS] [IP] [PORT] [OPTIONS]
${COMMANDS.map(usage).join("\n")}

  WORKERS   number of worker threads, 1-256; default: one per core that the CPU
            affinity and quota leave
  IP        address to listen on, IPv4 or IPv6; default: ${DEFAULT_CONFIG.hostname}
  PORT      port to listen on, 0-65535; 0 picks a free port; default: ${DEFAULT_CONFIG.port}

${groups().join("\n\n")}

The program:
${PROGRAM_FLAGS.flatMap(programLines).join("\n")}
${COMMANDS.flatMap(commandLines).join("\n")}

Values:
  SIZE      bytes, or a number with a unit: 512, 64k, 16m, 1.5GiB. k, m, g, t and KiB, MiB, GiB,
            TiB are powers of 1024; KB, MB, GB, TB are powers of 1000. Upper or lower case.
  TIME      seconds, or a number with a unit: 10, 2.5, 500ms, 10s, 5m (or 5min), 1h, 1d
  A switch (an option without a value) is on if it is given. --NAME=VALUE sets it explicitly, as
  variables and files do: true, yes, on, 1 or false, no, off, 0.

Every option is also an environment variable, as ${variableOf("max-connections")}, and a key in the
file of --config, as max-connections. The flag wins over the variable, the variable over the file.

Endpoints:
  /          a terminal page that echoes every key; at /term/ with --root
  /ws /term  the WebSocket of that page: returns each message
  /echo      returns the request body; over a WebSocket, each message
  /healthz   returns 200; never asks for a password, here and at --admin

Signals:
  SIGTERM, SIGINT   finish open requests, then stop; the second signal stops at once
  SIGHUP            reload files, endpoints, users, certificate; reopen the logs
  SIGUSR2           upgrade: start the executable that is on disk now, with the same arguments;
                    when the new server is ready, this one finishes what is open and ends; if
                    the new one cannot start, this one serves on
  A signal that arrives during the start takes effect after it; in its first moment, before the
  program runs, any of them ends the process.

Exit codes:
  0   the server was stopped, or the command succeeded
  1   the server could not start or had to end; health, channels, upgrade: the server does not
      answer, or refuses
  2   the command line, a variable, the configuration file or the input is wrong; --check: it found
      errors
  130, 143   a second SIGINT or SIGTERM stopped the server at once
  An error is one line on standard error.

Examples:
  async-deno 8                      8 workers on ${DEFAULT_CONFIG.hostname} port ${DEFAULT_CONFIG.port}
  async-deno 4 127.0.0.1 8080       4 workers, only this machine can connect, port 8080
  async-deno --port 8080 --root .   serve the files of the current folder
  async-deno 2 :: 0 --log off       IPv6 and IPv4, a free port, no event log
`;
}

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
  return helpEntry(named(`--${option.flag}`, option.value), words);
}

function programLines({ flag, short, value, help }: ProgramFlag): string[] {
  return helpEntry(named(short === undefined ? `--${flag}` : `-${short}, --${flag}`, value), help);
}

function commandLines({ word, follows, help }: ProgramCommand): string[] {
  return helpEntry(named(word, follows), help);
}

function usage({ word, follows }: ProgramCommand): string {
  return `       async-deno ${named(word, follows)}`;
}
