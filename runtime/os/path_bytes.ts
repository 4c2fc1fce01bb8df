/**
 * Encodes a path as the C string that libc takes.
 *
 * In: a path. Out: its bytes in UTF-8 and a trailing NUL.
 */

/** The bytes of a path with its trailing NUL. */
export function pathBytes(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(`${path}\0`));
}
