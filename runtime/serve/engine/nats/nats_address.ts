/**
 * Where a NATS server is, or the servers of a cluster, and as whom to use them.
 *
 * In: the URL of the configuration. Out: what the client needs to connect. Pure.
 *
 * ```text
 * nats://[USER@]HOST[:PORT][,HOST[:PORT]…]   tls:// is with TLS to all
 * ```
 */
import { urlPerHost } from "../../../../protocol/basics.ts";

/** Where the servers are, and how long to wait. */
export interface NatsServer {
  /** `nats://`, or `tls://`, perhaps with a user; several hosts are servers of one cluster. */
  readonly url: string;
  /** PEM of the authorities that may have signed the server's certificate; default: those of the system. */
  readonly ca?: string;
  /** The password of the user; without a user, the token, or the text of a credentials file. */
  readonly password?: string;
  /** Milliseconds until a connection attempt or a request fails. */
  readonly timeoutMs: number;
}

const DEFAULT_PORT = "4222";

/** What the client checks the server's certificate with. */
export interface NatsTls {
  /** An IP address or a name, for which the certificate must be valid. */
  readonly host: string;
  readonly ca?: string;
}

/** Where one server is, and as whom to use it. */
export interface NatsPlace {
  /** Host and port. */
  readonly place: string;
  readonly user: string | undefined;
  /** Null: without TLS. */
  readonly tls: NatsTls | null;
}

/** Reads the URL: one place, or those of a cluster. */
export function connectionPlaces({ url, ca }: Pick<NatsServer, "url" | "ca">): NatsPlace[] {
  return urlPerHost(url)!.map((each) => placeOf(each, ca));
}

function placeOf({ protocol, hostname, port, username }: URL, ca: string | undefined): NatsPlace {
  return {
    place: `${hostname}:${port || DEFAULT_PORT}`,
    user: username === "" ? undefined : decodeURIComponent(username),
    tls: protocol === "tls:" ? tlsOf(hostname.replace(/^\[|\]$/g, ""), ca) : null,
  };
}

function tlsOf(host: string, ca: string | undefined): NatsTls {
  return {
    host,
    ...(ca === undefined ? {} : { ca }),
  };
}
