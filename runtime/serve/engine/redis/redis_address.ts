/**
 * Where a Redis server is, and as whom to use it.
 *
 * In: the URL of the configuration. Out: what the client needs to connect; the user, the password and the number of the database,
 * which the link sends itself: the client would go on without them if the server refuses them. Pure.
 *
 * ```text
 * redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE]
 * rediss://…                                             over TLS
 * unix:///PATH[?db=DATABASE][&user=USER]                 a Unix socket; redis+unix: is the same
 * ```
 */
import { isIP } from "node:net";

/** How the client connects. */
export type RedisPlace =
  | { readonly path: string }
  | { readonly host: string; readonly port: number; readonly tls?: RedisTls };

/** What the client checks the server's certificate with. */
export interface RedisTls {
  readonly ca?: string;
  /** The name that the certificate must have, if it is no IP address: those the client takes from the host. */
  readonly servername?: string;
}

/** The parts of a URL. */
export interface RedisAddress {
  readonly place: RedisPlace;
  /** Undefined: the default user. */
  readonly user: string | undefined;
  /** Undefined: none. */
  readonly password: string | undefined;
  readonly database: number;
}

const DEFAULT_PORT = 6379;

/** Reads a URL. @param ca PEM of the authorities that may have signed the server's certificate; default: those of the system */
export function redisAddress(url: string, ca?: string): RedisAddress {
  const given = new URL(url);
  if (given.protocol.endsWith("unix:")) return socketAddress(given);
  const host = given.hostname.replace(/^\[|\]$/g, "");
  const port = given.port === "" ? DEFAULT_PORT : Number(given.port);
  const tls = given.protocol === "rediss:" ? { tls: tlsOf(host, ca) } : {};
  return {
    place: { host, port, ...tls },
    user: textOf(given.username),
    password: textOf(given.password),
    database: Number(given.pathname.slice(1) || 0),
  };
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

function tlsOf(host: string, ca: string | undefined): RedisTls {
  return {
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
  };
}

function textOf(encoded: string): string | undefined {
  return encoded === "" ? undefined : decodeURIComponent(encoded);
}
