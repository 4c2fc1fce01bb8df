/**
 * What carries the connections: epoll, or Deno's own sockets, which have TLS and are there on every
 * system.
 *
 * In: the options' words and files' names. Out: which of the two it is. Opens nothing.
 */

/** The transports by their names; `auto`: epoll where it can be, which is Linux without TLS. */
export const TRANSPORTS = ["auto", "epoll", "deno"] as const;

/** One of {@link TRANSPORTS}. */
export type TransportChoice = (typeof TRANSPORTS)[number];

/** The certificate that the server shows, and where clients without TLS are sent. */
export interface TlsFiles {
  /** A PEM file of the certificate and its chain; undefined: no TLS. */
  readonly cert: string | undefined;
  /** A PEM file of its private key. */
  readonly key: string | undefined;
  /** A port where plain HTTP is answered with the https address; undefined: none. */
  readonly redirectPort: number | undefined;
}

/** No TLS. */
export const NO_TLS: TlsFiles = { cert: undefined, key: undefined, redirectPort: undefined };

/** Architectures whose numbers and structures runtime/os knows. */
const EPOLL_ARCHITECTURES: readonly string[] = ["x86_64", "aarch64"];

/** Whether a server with this config is carried by Deno's sockets. */
export function usesDenoTransport(
  config: { readonly transport: TransportChoice; readonly tls: TlsFiles },
  build: { readonly os: string; readonly arch: string } = Deno.build,
): boolean {
  if (config.transport !== "auto") return config.transport === "deno";
  return config.tls.cert !== undefined || build.os !== "linux" ||
    !EPOLL_ARCHITECTURES.includes(build.arch);
}
