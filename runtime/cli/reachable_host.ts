/**
 * Where a server is reached from its own machine.
 *
 * In: the address that it listens on. Out: an address to connect to: that of all addresses is none.
 */

const LOOPBACK: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** The address to connect to. */
export function reachableHost(hostname: string): string {
  return LOOPBACK[hostname] ?? hostname;
}
