/**
 * Where the server listens, and by how many threads. `WORKERS`, `IP` and `PORT` before the options
 * mean the same, and win.
 */

import { UsageError } from "../usage_error.ts";
import { at, type Codec, number, type Option, TEXT, text } from "./option.ts";

/** The most workers there can be: shared memory has that many blocks. */
export const MAX_WORKERS = 256;
const MAX_PORT = 65_535;

const group = "Listening";

const OCTET = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;

/** An address as the kernel takes it, an IPv6 one in brackets too. */
export const IP_ADDRESS: Codec<string> = {
  parse: (text, name) => {
    const bare = text.replace(/^\[(.*)\]$/, "$1");
    const isIPv4 = bare.split(".").length === 4 &&
      bare.split(".").every((part) => OCTET.test(part));
    if (isIPv4 || isIPv6(bare)) return bare;
    throw new UsageError(
      `${name} is an IPv4 or IPv6 address of this machine, as 127.0.0.1 or ::, not "${text}"`,
    );
  },
  show: (address) => address,
};

function isIPv6(text: string): boolean {
  return text.includes(":") && /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]/`);
}

/** unix(7): longer ones do not fit the kernel's address. */
const LONGEST_UNIX_PATH = 107;

const UNIX_PATH: Codec<string> = {
  parse: (path, name) => {
    const bytes = new TextEncoder().encode(TEXT.parse(path, name)).length;
    if (bytes <= LONGEST_UNIX_PATH) return path;
    throw new UsageError(`${name} is a path of at most ${LONGEST_UNIX_PATH} bytes, not ${bytes}`);
  },
  show: (path) => path,
};

const MODE: Codec<number> = {
  parse: (mode, name) => {
    if (/^0?[0-7]{3}$/.test(mode)) return parseInt(mode, 8);
    throw new UsageError(`${name} is three octal digits as 660, not "${mode}"`);
  },
  show: (mode) => mode.toString(8).padStart(3, "0"),
};

/** `--workers`. */
export const WORKERS: Option = number(
  {
    flag: "workers",
    group,
    value: "COUNT",
    range: [1, MAX_WORKERS],
    help: "threads that serve",
    defaultText: "one a core",
  },
  { get: (config) => config.workers, set: (config, value) => void (config.workers = value!) },
);

/** `--ip`. */
export const IP: Option = text(
  { flag: "ip", group, value: "ADDRESS", help: "address to listen on, IPv4 or IPv6" },
  { get: (config) => config.hostname, set: (config, value) => void (config.hostname = value!) },
  IP_ADDRESS,
);

/** `--port`. */
export const PORT: Option = number(
  {
    flag: "port",
    group,
    value: "PORT",
    range: [0, MAX_PORT],
    help: "port to listen on; 0 takes a free one",
  },
  { get: (config) => config.port, set: (config, value) => void (config.port = value!) },
);

/** `--unix`. */
const UNIX: Option = text(
  {
    flag: "unix",
    group,
    value: "PATH",
    names: "new file",
    help: "listen on this Unix socket in place of an address",
  },
  at("unix", "path"),
  UNIX_PATH,
);

/** `--unix-mode`. */
const UNIX_MODE: Option = text(
  { flag: "unix-mode", group, value: "MODE", help: "rights of the socket's file, octal" },
  { get: (config) => config.unix.mode, set: (config, value) => void (config.unix.mode = value!) },
  MODE,
);

/** What can stand before the options, in this order. */
export const ARGUMENTS: readonly (readonly [name: string, option: Option])[] = [
  ["WORKERS", WORKERS],
  ["IP", IP],
  ["PORT", PORT],
];

/** The options of this group. */
export const LISTEN_OPTIONS: readonly Option[] = [WORKERS, IP, PORT, UNIX, UNIX_MODE];
