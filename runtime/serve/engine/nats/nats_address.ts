/**
 * Where a NATS server is, and as whom to use it.
 *
 * In: the URL of the configuration. Out: what the client needs to connect. Pure.
 */

/** Where the server is, and how long to wait. */
export interface NatsServer {
  /** `nats://`, or `tls://`, perhaps with a user. */
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

/** The parts of a URL. */
interface NatsPlace {
  /** Host and port. */
  readonly place: string;
  readonly user: string | undefined;
  /** Null: without TLS. */
  readonly tls: NatsTls | null;
}

/** Reads the URL. */
export function connectionPlace({ url, ca }: Pick<NatsServer, "url" | "ca">): NatsPlace {
  const { protocol, hostname, port, username } = new URL(url);
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
