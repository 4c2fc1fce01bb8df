/**
 * Where a NATS server is, and as whom to use it.
 *
 * In: the URL of the configuration. Out: what the client needs to connect. Pure.
 */

/** Where the server is, and how long to wait. */
export interface NatsServer {
  /** `nats://`, perhaps with a user. */
  readonly url: string;
  /** The password of the user; without a user, the token, or the text of a credentials file. */
  readonly password?: string;
  /** Milliseconds until a connection attempt or a request fails. */
  readonly timeoutMs: number;
}

const DEFAULT_PORT = "4222";

/** Host and port, and the user. */
export function connectionPlace(
  url: string,
): { readonly place: string; readonly user: string | undefined } {
  const { hostname, port, username } = new URL(url);
  return {
    place: `${hostname}:${port || DEFAULT_PORT}`,
    user: username === "" ? undefined : decodeURIComponent(username),
  };
}
