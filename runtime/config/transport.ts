/**
 * The config sections for the transport and TLS, and which transport a config selects.
 *
 * In: the transport's name, what implements TLS, and the names of the certificate files. Out: epoll, or Deno's own
 * sockets, which have Deno's TLS and run on every system. Opens nothing.
 */

/** The names of the transports; `auto`: epoll if possible, which is on Linux, with TLS by OpenSSL or without. */
export const TRANSPORTS = ["auto", "epoll", "deno"] as const;

/** One of {@link TRANSPORTS}. */
export type TransportChoice = (typeof TRANSPORTS)[number];

/** Whether many answers are sent with one system call; `auto`: if the kernel allows it. */
export const IO_URING_CHOICES = ["auto", "off"] as const;

/** One of {@link IO_URING_CHOICES}. */
export type IoUringChoice = (typeof IO_URING_CHOICES)[number];

/** The values of `--warm-up`. */
export const WARM_UP_CHOICES = ["on", "off"] as const;

/** One of {@link WARM_UP_CHOICES}. */
export type WarmUpChoice = (typeof WARM_UP_CHOICES)[number];

/** What implements TLS; `auto`: OpenSSL if it can be loaded, which is on Linux, else Deno. */
export const TLS_LIBRARIES = ["auto", "openssl", "deno"] as const;

/** One of {@link TLS_LIBRARIES}. */
export type TlsLibrary = (typeof TLS_LIBRARIES)[number];

/**
 * What clients over TLS may ask for by ALPN (RFC 7301), the best one first. A client that offers other names only is refused with the
 * alert no_application_protocol; one that offers none speaks HTTP/1.1.
 */
export const APPLICATION_PROTOCOLS = ["http/1.1", "http/1.0"] as const;

/** Whether a client without a certificate is refused, if clients are asked for one. */
export const CLIENT_AUTHS = ["require", "request"] as const;

/** One of {@link CLIENT_AUTHS}. */
export type ClientAuth = (typeof CLIENT_AUTHS)[number];

/** The certificates of the server and of its clients, and the port that redirects plain HTTP. */
export interface TlsFiles {
  /** A PEM file with the certificate and its chain; undefined: no TLS. */
  readonly cert: string | undefined;
  /** A PEM file with its private key. */
  readonly key: string | undefined;
  /** Further certificates, of which one is chosen by the name that a client asks for. */
  readonly otherCerts: readonly string[];
  /** Their private keys, in the same order. */
  readonly otherKeys: readonly string[];
  /** A PEM file with the authorities of clients' certificates; undefined: clients are not asked for one. */
  readonly clientCa: string | undefined;
  readonly clientAuth: ClientAuth;
  /** A port on which plain HTTP is redirected to the https address; undefined: none. */
  readonly redirectPort: number | undefined;
  /** Once the executor has chosen, it is `auto` only without a certificate. */
  readonly library: TlsLibrary;
}

/** No TLS. */
export const NO_TLS: TlsFiles = {
  cert: undefined,
  key: undefined,
  otherCerts: [],
  otherKeys: [],
  clientCa: undefined,
  clientAuth: "require",
  redirectPort: undefined,
  library: "auto",
};

/** The names of all of them: each certificate with its key, then the authorities. */
export function tlsFileNames(tls: TlsFiles): string[] {
  const { cert, key, otherCerts, otherKeys, clientCa } = tls;
  const others = otherCerts.flatMap((each, i) => [each, otherKeys[i]]);
  return [cert, key, ...others, clientCa].filter((name) => name !== undefined);
}

/** Architectures whose constants and structures runtime/os has. */
const EPOLL_ARCHITECTURES: readonly string[] = ["x86_64", "aarch64"];

/** Whether a server with this config uses Deno's own sockets. */
export function usesDenoTransport(
  config: { readonly transport: TransportChoice; readonly tls: TlsFiles },
  build: { readonly os: string; readonly arch: string } = Deno.build,
): boolean {
  if (config.transport !== "auto") return config.transport === "deno";
  const { cert, library } = config.tls;
  return (cert !== undefined && library === "deno") || build.os !== "linux" ||
    !EPOLL_ARCHITECTURES.includes(build.arch);
}
