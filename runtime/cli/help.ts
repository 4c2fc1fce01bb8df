/**
 * What `--help` prints.
 *
 * In: the table of options and the defaults. Out: one text of at most 100 columns.
 */

import { type Config, DEFAULT_CONFIG } from "../config.ts";
import { NUMBER_OPTIONS, variableOf } from "./options.ts";

/** The exit codes; the reason is a line on stderr. */
export const EXIT = { stopped: 0, cannotServe: 1, usage: 2 } as const;

/** The whole text of `--help`. */
export function helpText(version: string): string {
  return `async-deno ${version}: HTTP/1.1 and WebSockets on every core

Usage: async-deno [WORKERS] [IP] [PORT] [options]

  WORKERS   threads that serve, 1-256; default: one a core
  IP        address to listen on, IPv4 or IPv6; default: ${DEFAULT_CONFIG.hostname}
  PORT      0-65535, 0 takes a free one; default: ${DEFAULT_CONFIG.port}

Options:
  --log FILE|-|off            events go to FILE, emptied first, to standard output, or nowhere;
                              default: ${DEFAULT_CONFIG.log}
${NUMBER_OPTIONS.map(optionLine).join("\n")}
  -h, --help                  this text
  -V, --version               the version

Every option is an environment variable too, as ${variableOf("max-connections")}; the flag wins.

Endpoints: / the terminal page, /ws and /term its WebSocket, /echo, /healthz
Signals: SIGTERM and SIGINT stop it when what is under way is done; a second one stops it at once.
Exit codes: ${EXIT.stopped} stopped; ${EXIT.cannotServe} could not serve; ${EXIT.usage} the command line is wrong

Examples:
  async-deno 8                      8 workers on ${DEFAULT_CONFIG.hostname} port ${DEFAULT_CONFIG.port}
  async-deno 4 127.0.0.1 8080       4 workers, on this machine alone, port 8080
  async-deno 2 :: 0 --log off       IPv6 and IPv4, a free port, no log
`;
}

function optionLine(option: (typeof NUMBER_OPTIONS)[number]): string {
  const flag = `  --${option.flag} ${option.unit}`.padEnd(30);
  const value = option.get({ ...DEFAULT_CONFIG, workers: 1 } satisfies Config);
  return `${flag}${option.help}; default: ${value}`;
}
