/**
 * Listening on a Unix socket, in place of an address.
 *
 * In: the options. Out: plain data; whether the path can be listened on is found out by who does it.
 */

/** A Unix socket. */
export interface UnixConfig {
  /** Its file; undefined: none, an address is listened on. */
  readonly path: string | undefined;
  /** The file's mode: who may connect needs the right to write to it. */
  readonly mode: number;
}

/** None. A proxy in the same group may connect, nobody else. */
export const NO_UNIX: UnixConfig = { path: undefined, mode: 0o660 };
