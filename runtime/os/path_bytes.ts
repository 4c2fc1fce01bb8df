/**
 * A path as libc takes it.
 *
 * In: a path. Out: its bytes in UTF-8 and a zero byte behind them.
 */

/** The bytes of a path with its NUL. */
export function pathBytes(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(`${path}\0`));
}
