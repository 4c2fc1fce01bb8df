/**
 * A port for a test that must know it before the server listens.
 *
 * In: nothing. Out: a number; another process may take the port meanwhile.
 */

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
