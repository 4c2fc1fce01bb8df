/**
 * The config section for listening on a Unix socket instead of an address.
 *
 * In: the options. Out: plain data. An unusable path is reported when the server starts to listen.
 */

/** A Unix socket. */
export interface UnixConfig {
  /** Its path; undefined: the server listens on an address. */
  readonly path: string | undefined;
  /** The file's mode: connecting takes the permission to write to it. */
  readonly mode: number;
}

/** No Unix socket. By the default mode, the owner and a proxy in the same group may connect. */
export const NO_UNIX: UnixConfig = { path: undefined, mode: 0o660 };
