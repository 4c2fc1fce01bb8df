/**
 * Where a Redis server is, and as whom to use it.
 *
 * In: the URL of the configuration. Out: what the client needs to connect; the user, the password and the number of the database,
 * which the link sends itself: the client would go on without them if the server refuses them. Pure.
 *
 * ```text
 * redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE]
 * rediss://…                                             over TLS
 * redis+sentinel://[USER@]HOST[:PORT][,…]/NAME[/DATABASE]  the master of this name; rediss+sentinel: with TLS to all
 * redis+cluster://[USER@]HOST:PORT[,…]                    some nodes of a cluster; rediss+cluster: with TLS to all
 * unix:///PATH[?db=DATABASE][&user=USER]                 a Unix socket; redis+unix: is the same
 * ```
 */
import { isIP } from "node:net";
import { urlHost, urlPerHost } from "../../../../protocol/basics.ts";

/** Where something listens; an IPv6 address without brackets. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** Who knows where the server is. */
export interface SentinelPlace {
  readonly sentinels: readonly HostAndPort[];
  /** How they call the master. */
  readonly name: string;
  /** With what the certificates of all are checked; undefined: no TLS. */
  readonly tls?: Pick<RedisTls, "ca">;
}

/** Nodes of a cluster, of which one that can be reached knows the others. */
export interface ClusterPlace {
  readonly seeds: readonly HostAndPort[];
  /** With what the certificates of all are checked; undefined: no TLS. */
  readonly tls?: Pick<RedisTls, "ca">;
}

/** How the client connects. */
export type RedisPlace =
  | { readonly path: string }
  | HostAndPort & { readonly tls?: RedisTls };

/** What the client checks the server's certificate with. */
export interface RedisTls {
  readonly ca?: string;
  /** The name that the certificate must have, if it is no IP address: those the client takes from the host. */
  readonly servername?: string;
}

/** The parts of a URL. */
export interface RedisAddress {
  readonly place: RedisPlace | SentinelPlace | ClusterPlace;
  /** Undefined: the default user. */
  readonly user: string | undefined;
  /** Undefined: none. */
  readonly password: string | undefined;
  readonly database: number;
}

const DEFAULT_PORT = 6379;
const SENTINEL_PORT = 26379;

/** Reads a URL. @param ca PEM of the authorities that may have signed the server's certificate; default: those of the system */
export function redisAddress(url: string, ca?: string): RedisAddress {
  const [given, ...others] = urlPerHost(url)!;
  if (given.protocol.endsWith("unix:")) return socketAddress(given);
  const user = textOf(given.username);
  const password = textOf(given.password);
  const isTls = given.protocol.startsWith("rediss");
  const tls = isTls ? { tls: ca === undefined ? {} : { ca } } : {};
  if (isCluster(url)) {
    const seeds = [given, ...others].map((each) => hostOf(each, DEFAULT_PORT));
    return { place: { seeds, ...tls }, user, password, database: 0 };
  }
  if (given.protocol.endsWith("sentinel:")) {
    const [, name = "", database = ""] = given.pathname.split("/");
    const place = {
      sentinels: [given, ...others].map((each) => hostOf(each, SENTINEL_PORT)),
      name: decodeURIComponent(name),
      ...tls,
    };
    return { place, user, password, database: Number(database) };
  }
  const host = hostOf(given, DEFAULT_PORT);
  return {
    place: { ...host, ...(isTls ? { tls: tlsOf(host.host, ca) } : {}) },
    user,
    password,
    database: Number(given.pathname.slice(1) || 0),
  };
}

/** Whether a URL names nodes of a cluster. */
export function isCluster(url: string): boolean {
  return /^rediss?\+cluster:/.test(url);
}

/** The URL of one node of the cluster that a URL names. */
export function nodeUrl(url: string, { host, port }: HostAndPort): string {
  const [{ protocol, username }] = urlPerHost(url)!;
  const user = username === "" ? "" : `${username}@`;
  return `${protocol.replace("+cluster", "")}//${user}${urlHost(host)}:${port}`;
}

/** The number of the database in a URL. */
export function databaseOf(url: string): number {
  return redisAddress(url).database;
}

function socketAddress({ pathname, searchParams }: URL): RedisAddress {
  return {
    place: { path: decodeURIComponent(pathname) },
    user: searchParams.get("user") ?? undefined,
    password: undefined,
    database: Number(searchParams.get("db") ?? 0),
  };
}

function hostOf({ hostname, port }: URL, defaultPort: number): HostAndPort {
  return {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? defaultPort : Number(port),
  };
}

/** With what the certificate of a host is checked. */
export function tlsOf(host: string, ca: string | undefined): RedisTls {
  return {
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
  };
}

function textOf(encoded: string): string | undefined {
  return encoded === "" ? undefined : decodeURIComponent(encoded);
}
