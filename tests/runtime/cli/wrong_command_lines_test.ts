/**
 * Wrong command lines, and the message that names what was most likely meant. That each ends with
 * exit code 2 is checked with the real program in tests/e2e/command_line_test.ts.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { parseCommandLine } from "../../../runtime/cli/command_line.ts";
import { UsageError } from "../../../runtime/cli/usage_error.ts";

const NOT_WORKERS = "WORKERS must be a whole number from 1 to 256, not";
const NOT_AN_IP = "IP must be an IPv4 or IPv6 address of this machine, as 127.0.0.1 or ::, not";
const NOT_A_SIZE = "must be a size from 0 to 1GiB (bytes, or with a unit: 64k, 1.5MiB, 1g), not";
const NOT_AN_ADDRESS = "must be IP:PORT, as 127.0.0.1:9000 or [::1]:9000, not";
const NOT_A_TARGET = "must be a file, - (standard output) or off, not";
const SERVES = "async-deno serves without a command word; leave it out";

/** Arguments as a shell splits them at blanks, and the whole message. */
const ROWS: readonly (readonly [args: string, message: string])[] = [
  // A port, an address, a file without its flag.
  ["8080", `${NOT_WORKERS} "8080": did you mean --port 8080?`],
  ["257", `${NOT_WORKERS} "257": did you mean --port 257?`],
  ["0", `${NOT_WORKERS} "0"`],
  ["70000", `${NOT_WORKERS} "70000"`],
  ["2 8080", `${NOT_AN_IP} "8080": did you mean --port 8080?`],
  ["2 :: 80 90", 'too many arguments, from "90" on: did you mean --port 90?'],
  [
    "2 :: 80 extra",
    'too many arguments, from "extra" on: only WORKERS, IP and PORT can stand without a flag',
  ],
  ["127.0.0.1", `${NOT_WORKERS} "127.0.0.1": did you mean --ip 127.0.0.1?`],
  ["[::1]:80", `${NOT_WORKERS} "[::1]:80": did you mean --ip ::1 --port 80?`],
  ["localhost:80", `${NOT_WORKERS} "localhost:80": did you mean --ip 127.0.0.1 --port 80?`],
  [
    "--ip LocalHost",
    `--${NOT_AN_IP.replace("IP", "ip")} "LocalHost": did you mean 127.0.0.1?`,
  ],
  ["2 localhost", `${NOT_AN_IP} "localhost": did you mean --ip 127.0.0.1?`],
  [":8080", `${NOT_WORKERS} ":8080": did you mean --port 8080?`],
  [".", `${NOT_WORKERS} ".": did you mean --root .?`],
  ["/srv/www", `${NOT_WORKERS} "/srv/www": did you mean --root /srv/www?`],
  ["a.toml", `${NOT_WORKERS} "a.toml": did you mean --config a.toml?`],
  ["cert.pem", `${NOT_WORKERS} "cert.pem": did you mean --tls-cert cert.pem?`],
  ["app.ts", `${NOT_WORKERS} "app.ts": did you mean --app app.ts?`],
  ["http://localhost/", `${NOT_WORKERS} "http://localhost/"`],
  ["port 8080", `${NOT_WORKERS} "port": did you mean --port? (--check reports 1 more)`],
  ["2 :: http", `PORT must be a whole number from 0 to 65535, not "http": did you mean 80?`],
  [
    "--ip 127.0.0.1:8080",
    `--${NOT_AN_IP.replace("IP", "ip")} "127.0.0.1:8080": did you mean --ip 127.0.0.1 --port 8080?`,
  ],
  // Commands: other programs', misspelled, misplaced, with arguments they do not have.
  ["serve", `${NOT_WORKERS} "serve": ${SERVES}`],
  ["start", `${NOT_WORKERS} "start": ${SERVES}`],
  ["help", `${NOT_WORKERS} "help": did you mean --help?`],
  ["version", `${NOT_WORKERS} "version": did you mean --version?`],
  ["stop", `${NOT_WORKERS} "stop": to stop a running server, send it SIGTERM`],
  ["helth", `${NOT_WORKERS} "helth": did you mean the command "async-deno health"?`],
  ["sytemd", `${NOT_WORKERS} "sytemd": did you mean the command "async-deno systemd"?`],
  ["htpasswd", `${NOT_WORKERS} "htpasswd": did you mean the command "async-deno hash-password"?`],
  ["--health", 'unknown option --health: did you mean the command "async-deno health"?'],
  [
    "--config x health",
    "a command must be the first argument: async-deno health --config x",
  ],
  ["8 systemd", `${NOT_AN_IP} "systemd": a command must be the first argument`],
  [
    "completions tcsh",
    'completions needs the name of a shell, bash, zsh, fish, not "tcsh"',
  ],
  ["completions", "completions needs the name of a shell, bash, zsh, fish"],
  [
    "hash-password secret",
    "hash-password takes no arguments, which every user of the machine can see: " +
    "it reads the password from standard input",
  ],
  ["hash-password --port 1 --x", "unknown option --x: --help lists all options"],
  // Flags: letters, typos, other servers' names.
  ["-p 8080", "unknown option -p: did you mean --port 8080?"],
  ["-p8080", "unknown option -p: did you mean --port 8080?"],
  ["-p=8080", "unknown option -p: did you mean --port 8080?"],
  ["-port 8080", "unknown option -port: did you mean --port 8080?"],
  ["-v", "unknown option -v: did you mean --version?"],
  ["-d www", "unknown option -d: did you mean --root www?"],
  ["-z", "unknown option -z: --help lists all options"],
  ["--host ::", "unknown option --host: did you mean --ip ::?"],
  ["--listen 8080", "unknown option --listen: did you mean --port 8080?"],
  ["--bind [::1]:80", "unknown option --bind: did you mean --ip ::1 --port 80?"],
  ["--host example.com", "unknown option --host: did you mean --ip example.com?"],
  ["--max_connections 5", "unknown option --max_connections: did you mean --max-connections 5?"],
  ["--dir=www", "unknown option --dir: did you mean --root www?"],
  ["--no-listing", "unknown option --no-listing: did you mean --listing=false?"],
  ["--frobnicate", "unknown option --frobnicate: --help lists all options"],
  // Values.
  [
    "--transport epol",
    '--transport must be one of auto, epoll, deno, not "epol": did you mean epoll?',
  ],
  [
    "--listing yes --root x",
    `${NOT_WORKERS} "yes": a switch takes its value after "=", as --listing=yes`,
  ],
  [
    "--listing=maybe --root x",
    '--listing must be true or false (or yes, no, on, off, 1, 0), not "maybe"',
  ],
  [
    "--max-body 16 MB",
    `${NOT_WORKERS} "MB": a unit follows its number without a blank, as 16m or 500ms`,
  ],
  [
    "--workers auto",
    `--${NOT_WORKERS.replace("WORKERS", "workers")} "auto": leave it out for one per core`,
  ],
  ["--log stdout", `--log ${NOT_A_TARGET} "stdout": did you mean -?`],
  ["--log none", `--log ${NOT_A_TARGET} "none": did you mean off?`],
  ["--log debug", `--log ${NOT_A_TARGET} "debug": there are no levels`],
  [
    "--access-log json",
    `--access-log ${NOT_A_TARGET} "json": did you mean --access-log-format json?`,
  ],
  [
    "--endpoints terminal,health",
    '--endpoints must be some of term, ws, echo, health, demo, or none, not "terminal,health": ' +
    "did you mean term,health?",
  ],
  [
    "--endpoints none,health",
    '--endpoints must be some of term, ws, echo, health, demo, or none, not "none,health": ' +
    '"none" stands alone: leave it out, what is not named is off',
  ],
  ["--endpoints x", '--endpoints must be one of term, ws, echo, health, demo, not "x"'],
  [
    "--root x --cache max-age=60",
    "--cache must be PATTERN=VALUE, as '*.css=max-age=3600', not \"max-age=60\": " +
    "did you mean '**/*=max-age=60', for all files?",
  ],
  ["--max-body 16q", `--max-body ${NOT_A_SIZE} "16q"`],
  ["--max-body -1", `--max-body ${NOT_A_SIZE} "-1"`],
  ["--max-body 1025m", `--max-body ${NOT_A_SIZE} "1025m"`],
  [
    "--idle-timeout 2d",
    "--idle-timeout must be a time from 100ms to 1d (seconds, or with a unit: 500ms, 10s, 5m, 1h), " +
    'not "2d"',
  ],
  ["--admin 9000", `--admin ${NOT_AN_ADDRESS} "9000": did you mean 127.0.0.1:9000?`],
  ["--admin :9000", `--admin ${NOT_AN_ADDRESS} ":9000": did you mean 127.0.0.1:9000?`],
  [
    "--admin localhost:9000",
    `--admin ${NOT_AN_ADDRESS} "localhost:9000": did you mean 127.0.0.1:9000?`,
  ],
  ["--admin x", `--admin ${NOT_AN_ADDRESS} "x"`],
  // Options that need another one.

  ["--spa", "--spa has no effect without --root"],
  ["--cache *=x", "--cache has no effect without --root"],
  ["--type .a=b/c", "--type has no effect without --root"],
  ["--header a:b", "--header has no effect without --root"],
  ["--cors *", "--cors has no effect without --root"],
  ["--listing", "--listing has no effect without --root"],
  ["--hidden", "--hidden has no effect without --root"],
  ["--follow-links", "--follow-links has no effect without --root"],
  ["--file-memory 1m", "--file-memory has no effect without --root"],
  ["--open-files 1", "--open-files has no effect without --root"],
  ["--unix-mode 600", "--unix-mode has no effect without --unix"],
  ["--trust-proxy-field forwarded", "--trust-proxy-field has no effect without --trust-proxy"],
  ["--access-log-format json", "--access-log-format has no effect without --access-log"],
];

for (const [args, message] of ROWS) {
  Deno.test(`wrong command line: ${args}`, () => {
    const line = {
      args: args.split(" "),
      variable: () => undefined,
      variables: [],
      cores: { count: 2 },
      readText: () => "",
    };
    assertEquals(assertThrows(() => parseCommandLine(line), UsageError).message, message);
  });
}
