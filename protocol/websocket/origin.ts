/**
 * Whether a page may open a WebSocket: the judgement of Origin (RFC 6455 section 10.2).
 *
 * In: the Origin field, the Host that was asked for, and patterns. Out: yes or no. Browsers send Origin
 * with every handshake and let any page open a WebSocket to anywhere; a server that goes by cookies or by
 * being on the local network is open to all pages unless it looks. Clients that are no browsers
 * send none, and can write what they like: they are let in.
 *
 * A pattern is `*`, or an origin whose host may begin with `*.` for any name below, and whose scheme and
 * port may be left out for any: `https://example.com`, `*.example.com`, `http://localhost:3000`.
 */

/** A pattern, taken apart; plain data. */
export interface OriginPattern {
  /** As it was written. */
  readonly text: string;
  /** Empty: any. */
  readonly scheme: string;
  /** In lower case; of `*.example.com` the part `.example.com`; empty: any. */
  readonly host: string;
  /** Whether names below {@link host} are meant, and not itself. */
  readonly below: boolean;
  /** Empty: any. */
  readonly port: string;
}

const PATTERN =
  /^(?:(?<scheme>[a-z][a-z\d+.-]*):\/\/)?(?<wild>\*\.)?(?<host>[\w.~-]+|\[[\da-f:.]+\])(?::(?<port>\d{1,5}))?$/i;
// RFC 6454 section 6.2: an origin is a scheme, a host and, unless it is the scheme's own, a port.
const ORIGIN =
  /^(?<scheme>[a-z][a-z\d+.-]*):\/\/(?<host>[^/:\[\]@]+|\[[\da-f:.]+\])(?::(?<port>\d{1,5}))?$/i;
const AUTHORITY = /^(?<host>[^:\[\]]*|\[[^\]]*\])(?::(?<port>\d{0,5}))?$/;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: "80", https: "443" };

/** Takes a pattern apart; null if it is none. */
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
 * Whether a handshake with this Origin is let in: there is none, it is that of the host that was asked,
 * or one of the patterns is for it.
 */
export function isOriginAllowed(
  origin: string | undefined,
  host: string,
  patterns: readonly OriginPattern[],
): boolean {
  if (origin === undefined) return true;
  const parts = ORIGIN.exec(origin)?.groups;
  // `null` is the origin of sandboxed pages and of files: it is nobody's own.
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

/** The scheme is not compared: behind a proxy that ends TLS ours is another than the page's. */
function isSameHost(host: string, { scheme, name, port }: Origin): boolean {
  const groups = AUTHORITY.exec(host)?.groups;
  if (groups === undefined) return false;
  const asked = groups["port"] || (DEFAULT_PORTS[scheme] ?? "");
  return (groups["host"] ?? "").toLowerCase() === name && asked === port;
}

function matches(pattern: OriginPattern, { scheme, name, port }: Origin): boolean {
  if (pattern.scheme !== "" && pattern.scheme !== scheme) return false;
  if (pattern.port !== "" && pattern.port !== port) return false;
  // A pattern that names the scheme and no port means the scheme's own.
  if (pattern.port === "" && pattern.scheme !== "" && port !== (DEFAULT_PORTS[scheme] ?? "")) {
    return false;
  }
  if (pattern.host === "") return true;
  return pattern.below ? name.endsWith(pattern.host) : name === pattern.host;
}
