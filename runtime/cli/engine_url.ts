/**
 * Checks the address of the engine that several servers share: of `--engine`, and of the key `engine` of the section `channels`.
 *
 * In: the text. Out: the address, or a fault that begins with the name of the option. Pure; the driver reads its parts.
 */

import { urlList, urlPerHost } from "../../protocol/basics.ts";

/** A kind of engine, and what its addresses look like. */
interface Kind {
  readonly example: string;
  /** Whether a list of hosts is an address. */
  readonly hasList: boolean;
  /** Whether it takes `engine_ca_file`. */
  readonly isTls: boolean;
  /** What stands behind the hosts. */
  readonly path: RegExp;
  readonly pathFault: string;
}

const DATABASE = /^\d{0,5}$/;
const REDIS = {
  example: "redis://127.0.0.1:6379",
  hasList: false,
  isTls: false,
  path: /^(?:\/\d{0,5})?$/,
  pathFault: "has the number of a database as its path, as in redis://127.0.0.1:6379/2",
} satisfies Kind;
const SENTINEL = {
  example: "redis+sentinel://10.0.0.1:26379,10.0.0.2:26379/NAME",
  hasList: true,
  isTls: false,
  path: /^\/[^/]+(?:\/\d{0,5})?$/,
  pathFault: "has the name of the master that the sentinels watch as its path, and perhaps the " +
    "number of a database, as in redis+sentinel://10.0.0.1:26379,10.0.0.2:26379/NAME/2",
} satisfies Kind;
const CLUSTER = {
  example: "redis+cluster://10.0.0.1:6379,10.0.0.2:6379",
  hasList: true,
  isTls: false,
  path: /^\/?$/,
  pathFault: "has no path, as a cluster has no name and a single database: " +
    "redis+cluster://10.0.0.1:6379,10.0.0.2:6379",
} satisfies Kind;
const NATS = {
  example: "nats://127.0.0.1:4222",
  hasList: true,
  isTls: false,
  path: /^\/?$/,
  pathFault: "has no path, as in nats://127.0.0.1:4222",
} satisfies Kind;
const SOCKET = { ...REDIS, example: "unix:///run/redis.sock" } satisfies Kind;
const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["redis:", REDIS],
  ["rediss:", { ...REDIS, isTls: true }],
  ["redis+sentinel:", SENTINEL],
  ["rediss+sentinel:", { ...SENTINEL, isTls: true }],
  ["redis+cluster:", CLUSTER],
  ["rediss+cluster:", { ...CLUSTER, isTls: true }],
  ["unix:", SOCKET],
  ["redis+unix:", SOCKET],
  ["nats:", NATS],
  ["tls:", { ...NATS, example: "tls://127.0.0.1:4222", isTls: true }],
]);
/** What may stand behind the path of a Unix socket. */
const SOCKET_PARAMETERS: readonly string[] = ["db", "user"];
const PASSWORD_FAULT = "must not have a password, as others may read it: " +
  "in [channels], name a file with engine_password_file, or a variable of the environment with engine_password_variable";

const MOST_PORT = 65_535;

/** Servers of an engine of several: each publication of a channel looks for its place among them. */
const MOST_SERVERS = 64;

/** An address that is valid. */
export interface EngineUrl {
  /** Of several servers, all addresses between commas. */
  readonly url: string;
  /** Whether a connection is over TLS. */
  readonly isTls: boolean;
  /** Whether sentinels are asked where a server is. */
  readonly isSentinel: boolean;
}

type Read = EngineUrl & { readonly fault?: undefined } | { readonly fault: string };

/** The address, or those of several servers, or what is wrong with the text. @param name how the fault names the option */
export function readEngineUrl(text: string, name: string): Read {
  const [first = "", ...others] = urlList(text);
  if (others.length === 0) return readAddress(first, name);
  const all: EngineUrl[] = [];
  for (const each of [first, ...others]) {
    const read = readAddress(each, name);
    if (read.fault !== undefined) return read;
    all.push(read);
  }
  const urls = all.map(({ url }) => url);
  const fault = faultOfList(urls);
  if (fault !== undefined) return { fault: `${name} ${fault}` };
  return {
    url: urls.join(),
    isTls: all.some(({ isTls }) => isTls),
    isSentinel: all.some(({ isSentinel }) => isSentinel),
  };
}

function faultOfList(urls: readonly string[]): string | undefined {
  if (urls.some((url) => /^(?:nats|tls):/.test(url))) {
    return "may have several addresses of Redis servers only, each with a part of the channels: " +
      "the servers of a NATS cluster are one address, as nats://10.0.0.1:4222,10.0.0.2:4222";
  }
  const twice = urls.find((url, i) => urls.indexOf(url) < i);
  if (twice !== undefined) return `has ${twice} twice`;
  return urls.length > MOST_SERVERS
    ? `has ${urls.length} addresses: at most ${MOST_SERVERS} are allowed`
    : undefined;
}

function readAddress(text: string, name: string): Read {
  const urls = urlPerHost(text);
  const protocol = urls?.[0].protocol ?? "";
  const kind = KINDS.get(protocol);
  if (urls === undefined || kind === undefined) {
    const fault =
      'must be the address of a Redis, Valkey or NATS server, as "redis://127.0.0.1:6379", ' +
      "with TLS rediss://, a Unix socket, as unix:///run/redis.sock, by sentinels, as " +
      `${SENTINEL.example}, a cluster, as ${CLUSTER.example}, or nats://127.0.0.1:4222, with TLS tls://; without it this server keeps the channels itself`;
    return { fault: `${name} ${likelyFault(text) ?? fault}` };
  }
  const isSocket = protocol.endsWith("unix:");
  const fault = isSocket
    ? socketFault(urls[0])
    : urls.length > 1 && !kind.hasList
    ? "must be the address of a single server, without commas: several begin with redis:// each, " +
      "as redis://10.0.0.1:6379,redis://10.0.0.2:6379, and nodes of a cluster with redis+cluster:// once"
    : urls.map((url) => hostFault(url, kind)).find((each) => each !== undefined);
  if (fault !== undefined) return { fault: `${name} ${fault}` };
  const url = urls.length === 1 ? urls[0].href : text;
  return { url, isTls: kind.isTls, isSentinel: protocol.endsWith("sentinel:") };
}

/** What is most likely meant by a text that is no address of an engine. */
function likelyFault(text: string): string | undefined {
  const port = /:(\d+)(?=[/,]|$)/.exec(text)?.[1];
  if (port !== undefined && Number(port) > MOST_PORT) {
    return `has the port ${port}, and ports are numbers up to ${MOST_PORT}`;
  }
  return /^[\w.[\]:-]+$/.test(text) && !text.includes("://")
    ? `must begin with the kind of the server: did you mean redis://${text}, or nats://${text}?`
    : undefined;
}

function hostFault({ hostname, username, password, pathname, search, hash }: URL, kind: Kind) {
  if (hostname === "") return `must have a host, as in ${kind.example}`;
  if (password !== "") return PASSWORD_FAULT;
  if (!isEncoded(username)) return "has a user with a % without two hexadecimal digits";
  if (!kind.path.test(pathname) || !isEncoded(pathname)) return kind.pathFault;
  return search === "" && hash === ""
    ? undefined
    : "has no parameters behind its address: remove what begins with ? or #";
}

function socketFault({ href, host, pathname, searchParams, hash }: URL) {
  if (host !== "" || !href.includes(":///") || pathname === "/" || !isEncoded(pathname)) {
    return "has three slashes before the path of a Unix socket, as in unix:///run/redis.sock";
  }
  if (searchParams.has("password") || searchParams.has("pass")) return PASSWORD_FAULT;
  const others = [...searchParams.keys()].filter((key) => !SOCKET_PARAMETERS.includes(key));
  if (others.length > 0 || hash !== "") {
    return "with a Unix socket may have the parameters db and user, as in unix:///run/redis.sock?db=2";
  }
  return DATABASE.test(searchParams.get("db") ?? "")
    ? undefined
    : "has the number of a database as db, as in unix:///run/redis.sock?db=2";
}

function isEncoded(text: string): boolean {
  return !/%(?![\da-f]{2})/i.test(text);
}
