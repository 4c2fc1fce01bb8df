/**
 * Where the server listens, and with how many threads. The positional arguments `WORKERS`, `IP` and
 * `PORT` set the same values, and win.
 */

import { formatIpAddress, parseIpAddress } from "../../../protocol/basics.ts";
import { UsageError } from "../usage_error.ts";
import { at, type Codec, number, type Option, TEXT, text } from "./option.ts";

/** The largest number of workers: shared memory has that many blocks. */
export const MAX_WORKERS = 256;
const MAX_PORT = 65_535;

const group = "Listening";

/** An IP address; IPv6 also in brackets. Kept in its canonical form, so that texts can be compared. */
export const IP_ADDRESS: Codec<string> = {
  parse: (text, name) => {
    const address = parseIpAddress(text.replace(/^\[(.*)\]$/, "$1"));
    if (address !== null) return formatIpAddress(address);
    throw new UsageError(
      `${name} must be an IPv4 or IPv6 address of this machine, as 127.0.0.1 or ::, not "${text}"`,
    );
  },
  show: (address) => address,
};

/** unix(7): longer paths do not fit into the kernel's address. */
const LONGEST_UNIX_PATH = 107;

const UNIX_PATH: Codec<string> = {
  parse: (path, name) => {
    const bytes = new TextEncoder().encode(TEXT.parse(path, name)).length;
    if (bytes <= LONGEST_UNIX_PATH) return path;
    throw new UsageError(
      `${name} must be a path of at most ${LONGEST_UNIX_PATH} bytes, not ${bytes}`,
    );
  },
  show: (path) => path,
};

const MODE: Codec<number> = {
  parse: (mode, name) => {
    if (/^0?[0-7]{3}$/.test(mode)) return parseInt(mode, 8);
    throw new UsageError(`${name} must be three octal digits, as 660, not "${mode}"`);
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
    help: "number of worker threads",
    defaultText: "one per usable core",
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
    help: "port to listen on; 0 picks a free port",
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
    help: "listen on this Unix socket instead of an address",
  },
  at("unix", "path"),
  UNIX_PATH,
);

/** `--unix-mode`. */
const UNIX_MODE: Option = text(
  { flag: "unix-mode", group, value: "MODE", help: "file mode of the Unix socket, octal" },
  { get: (config) => config.unix.mode, set: (config, value) => void (config.unix.mode = value!) },
  MODE,
);

/** The positional arguments, in their order. */
export const ARGUMENTS: readonly (readonly [name: string, option: Option])[] = [
  ["WORKERS", WORKERS],
  ["IP", IP],
  ["PORT", PORT],
];

/** The options of this group. */
export const LISTEN_OPTIONS: readonly Option[] = [WORKERS, IP, PORT, UNIX, UNIX_MODE];
