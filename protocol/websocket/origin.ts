/**
 * Origin check: whether a web page may open a WebSocket (RFC 6455 section 10.2).
 *
 * In: the Origin field, the requested host, and patterns. Out: yes or no. Called during the handshake.
 * Browsers let any page open a WebSocket to any server, and send Origin with every handshake. A server
 * that relies on cookies, or on being in the local network, is open to all pages unless it checks
 * Origin. Clients other than browsers send no Origin or any they like, so a request without it is allowed.
 *
 * A pattern is `*`, or an origin: `https://example.com`, `*.example.com`, `http://localhost:3000`. A host
 * that begins with `*.` matches all subdomains. A pattern without a scheme or port matches any.
 */

/** A parsed pattern; plain data. */
export interface OriginPattern {
  /** The pattern as written. */
  readonly text: string;
  /** Empty: any. */
  readonly scheme: string;
  /** In lower case; `.example.com` for `*.example.com`; empty: any. */
  readonly host: string;
  /** Whether subdomains of {@link host} match, but not the host itself. */
  readonly below: boolean;
  /** Empty: any. */
  readonly port: string;
}

const PATTERN =
  /^(?:(?<scheme>[a-z][a-z\d+.-]*):\/\/)?(?<wild>\*\.)?(?<host>[\w.~-]+|\[[\da-f:.]+\])(?::(?<port>\d{1,5}))?$/i;
// RFC 6454 section 6.2: an origin is a scheme, a host and, unless it is the scheme's default, a port.
const ORIGIN =
  /^(?<scheme>[a-z][a-z\d+.-]*):\/\/(?<host>[^/:\[\]@]+|\[[\da-f:.]+\])(?::(?<port>\d{1,5}))?$/i;
const AUTHORITY = /^(?<host>[^:\[\]]*|\[[^\]]*\])(?::(?<port>\d{0,5}))?$/;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: "80", https: "443" };

/** Parses a pattern; null if it is invalid. */
export function parseOriginPattern(text: string): OriginPattern | null {
  if (text === "*") return { text, scheme: "", host: "", below: false, port: "" };
  const groups = PATTERN.exec(text)?.groups;
  if (groups === undefined) return null;
  const below = groups["wild"] !== undefined;
  const host = `${below ? "." : ""}${groups["host"] ?? ""}`.toLowerCase();
  return {
    text,
    scheme: (groups["scheme"] ?? "").toLowerCase(),
    host,
    below,
    port: groups["port"] ?? "",
  };
}

/**
 * Whether a handshake with this Origin is allowed: there is none, it is the requested host, or it matches a
 * pattern.
 */
export function isOriginAllowed(
  origin: string | undefined,
  host: string,
  patterns: readonly OriginPattern[],
): boolean {
  if (origin === undefined) return true;
  const parts = ORIGIN.exec(origin)?.groups;
  // `null` is the origin of sandboxed pages and of files: it identifies no site.
  if (parts === undefined) return patterns.some(({ text }) => text === "*");
  const scheme = (parts["scheme"] ?? "").toLowerCase();
  const name = (parts["host"] ?? "").toLowerCase();
  const port = parts["port"] ?? DEFAULT_PORTS[scheme] ?? "";
  return isSameHost(host, { scheme, name, port }) ||
    patterns.some((pattern) => matches(pattern, { scheme, name, port }));
}

interface Origin {
  readonly scheme: string;
  readonly name: string;
  readonly port: string;
}

/** The scheme is not compared: behind a proxy that terminates TLS, the page's scheme differs from ours. */
function isSameHost(host: string, { scheme, name, port }: Origin): boolean {
  const groups = AUTHORITY.exec(host)?.groups;
  if (groups === undefined) return false;
  const asked = groups["port"] || (DEFAULT_PORTS[scheme] ?? "");
  return (groups["host"] ?? "").toLowerCase() === name && asked === port;
}

function matches(pattern: OriginPattern, { scheme, name, port }: Origin): boolean {
  if (pattern.scheme !== "" && pattern.scheme !== scheme) return false;
  if (pattern.port !== "" && pattern.port !== port) return false;
  // A pattern with a scheme and no port means the default port of the scheme.
  if (pattern.port === "" && pattern.scheme !== "" && port !== (DEFAULT_PORTS[scheme] ?? "")) {
    return false;
  }
  if (pattern.host === "") return true;
  return pattern.below ? name.endsWith(pattern.host) : name === pattern.host;
}
