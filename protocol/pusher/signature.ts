/**
 * What the signatures of the Pusher protocol are over.
 *
 * In: what a client or a backend sends. Out: the text of which the signature is the HMAC-SHA-256 in hexadecimal, and the parts of an
 * `auth`. No key is here, and nothing is compared.
 */

/** The key and the signature of an `auth`, as `KEY:SIGNATURE`. */
export interface PusherAuth {
  readonly key: string;
  /** 64 hexadecimal digits. */
  readonly signature: string;
}

/** What a backend has signed a request with. */
export interface SignedRequest {
  readonly key: string;
  readonly signature: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** The MD5 of the body, 32 hexadecimal digits; empty: there is none. */
  readonly bodyMd5: string;
  /** What was signed. */
  readonly text: string;
  /** The parameters that are no part of the signature. */
  readonly parameters: ReadonlyMap<string, string>;
}

const SIGNATURE = /^[0-9a-f]{64}$/;
const MD5 = /^[0-9a-f]{32}$/;
const SECONDS = /^\d{1,12}$/;
const VERSION = "1.0";
const AUTH = "auth_signature";
const AUTH_NAMES: readonly string[] = [
  "auth_key",
  "auth_timestamp",
  "auth_version",
  AUTH,
  "body_md5",
];

/** The parts of an `auth`; undefined if it is none. */
export function parsePusherAuth(auth: string): PusherAuth | undefined {
  // A key has no colon.
  const at = auth.lastIndexOf(":");
  const signature = auth.slice(at + 1);
  return at > 0 && SIGNATURE.test(signature) ? { key: auth.slice(0, at), signature } : undefined;
}

/** What allows a connection to subscribe. @param channelData of a presence channel, as it is sent */
export function subscriptionText(socketId: string, channel: string, channelData?: string): string {
  const text = `${socketId}:${channel}`;
  return channelData === undefined ? text : `${text}:${channelData}`;
}

/** What says who the user of a connection is. */
export function signinText(socketId: string, userData: string): string {
  return `${socketId}::user::${userData}`;
}

/**
 * What a request to the API has as its signature; undefined: it has none that could be right. A parameter twice is refused, since two
 * readers could take different ones.
 *
 * @param path as it was sent, without the query
 */
export function signedRequest(
  method: string,
  path: string,
  query: string,
): SignedRequest | undefined {
  const all = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (all.has(name)) return undefined;
    all.set(name, value);
  }
  const of = (name: string) => all.get(name) ?? "";
  const [key, signature, bodyMd5] = [of("auth_key"), of(AUTH), of("body_md5")];
  const isWhole = key !== "" && SIGNATURE.test(signature) && of("auth_version") === VERSION &&
    SECONDS.test(of("auth_timestamp")) && (!all.has("body_md5") || MD5.test(bodyMd5));
  if (!isWhole) return undefined;
  const signed = [...all].filter(([name]) => name !== AUTH)
    .sort(([one], [other]) => one < other ? -1 : 1);
  const text = [method, path, signed.map(([name, value]) => `${name}=${value}`).join("&")]
    .join("\n");
  const parameters = new Map([...all].filter(([name]) => !AUTH_NAMES.includes(name)));
  return { key, signature, timestamp: Number(of("auth_timestamp")), bodyMd5, text, parameters };
}
